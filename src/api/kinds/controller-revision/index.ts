/** The kind ControllerRevision of apps/v1. */
import type { ControllerRevision as ControllerRevisionObject } from "../../types.ts";
import { defineKind } from "../../kind.ts";

/** ControllerRevision (apps/v1). */
export const ControllerRevision = defineKind<ControllerRevisionObject>({
  group: "apps",
  version: "v1",
  kind: "ControllerRevision",
  plural: "controllerrevisions",
  scope: "Namespaced",
  schema: "apps.v1.ControllerRevision",
});
