/** The kind StatefulSet of apps/v1. */
import type { StatefulSet as StatefulSetObject } from "../../types.ts";
import { defineKind } from "../../kind.ts";

/** StatefulSet (apps/v1). */
export const StatefulSet = defineKind<StatefulSetObject>({
  group: "apps",
  version: "v1",
  kind: "StatefulSet",
  plural: "statefulsets",
  scope: "Namespaced",
  schema: "apps.v1.StatefulSet",
  shortNames: ["sts"],
  categories: ["all"],
  status: {},
});
