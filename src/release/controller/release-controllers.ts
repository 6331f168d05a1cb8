/** The controllers of releases: `windlass up` runs them in the engine, `windlass controller` against any cluster. */
import type { Controller, ControllerDeps } from "../../client/controller.ts";
import { configurationControllers } from "../configuration/index.ts";
import { releaseRecorders } from "../records/recorder.ts";
import { rollbackControllers } from "../rollback/index.ts";

/** Which of them run. */
export interface ReleaseFeatures {
  /** Default true. Without it no right to read or write Secrets and ConfigMaps of applications is needed. */
  readonly configuration?: boolean;
}

/** Builds all that are asked for; none is started. */
export const releaseControllers = (deps: ControllerDeps, { configuration = true }: ReleaseFeatures = {}): readonly Controller[] => [
  ...releaseRecorders(deps),
  ...rollbackControllers(deps),
  ...(configuration ? configurationControllers(deps) : []),
];
