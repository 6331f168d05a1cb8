/** The controllers of releases: `windlass up` runs them in the engine, `windlass controller` against any cluster. */
import type { Controller, ControllerDeps } from "../../client/controller.ts";
import { configurationControllers } from "../configuration/index.ts";
import { releaseRecorders } from "../records/recorder.ts";
import { rollbackControllers } from "../rollback/index.ts";

/** Builds all of them; none is started. */
export const releaseControllers = (deps: ControllerDeps): readonly Controller[] => [
  ...releaseRecorders(deps),
  ...rollbackControllers(deps),
  ...configurationControllers(deps),
];
