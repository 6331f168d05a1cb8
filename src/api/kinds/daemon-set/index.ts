/** The kind DaemonSet of apps/v1. */
import type { DaemonSet as DaemonSetObject } from "../../types.ts";
import { defineKind } from "../../kind.ts";

/** DaemonSet (apps/v1). */
export const DaemonSet = defineKind<DaemonSetObject>({
  group: "apps",
  version: "v1",
  kind: "DaemonSet",
  plural: "daemonsets",
  scope: "Namespaced",
  schema: "apps.v1.DaemonSet",
  shortNames: ["ds"],
  categories: ["all"],
  status: {},
});
