/** Configuration revisions: the controllers that follow ConfigMaps and Secrets and look after their copies. */
import type { Controller, ControllerDeps } from "../../client/controller.ts";
import { cleanControllers } from "./clean.ts";
import { followControllers } from "./follow.ts";

/** All of them; none is started. */
export const configurationControllers = (deps: ControllerDeps): Controller[] => [...followControllers(deps), ...cleanControllers(deps)];
