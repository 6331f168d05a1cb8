/** The controllers of releases: `windlass up` runs them in the engine, `windlass controller` against any cluster. */
import type { Controller, ControllerDeps } from "../../client/controller.ts";
import { configurationControllers } from "../configuration/index.ts";
import type { Authors } from "../records/authors.ts";
import { releaseRecorders } from "../records/recorder.ts";
import { rollbackControllers } from "../rollback/index.ts";

/** Builds all of them; none is started. `authors`: where the server is at hand and tells who wrote what. */
export const releaseControllers = (deps: ControllerDeps, authors?: Authors): readonly Controller[] => [
  ...releaseRecorders(deps, authors),
  ...rollbackControllers(deps),
  ...configurationControllers(deps),
];
