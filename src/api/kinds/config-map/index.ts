/** The kind ConfigMap of v1. */
import type { ConfigMap as ConfigMapObject } from "../../types.ts";
import { defineKind } from "../../kind.ts";

/** ConfigMap (v1). */
export const ConfigMap = defineKind<ConfigMapObject>({
  group: "",
  version: "v1",
  kind: "ConfigMap",
  plural: "configmaps",
  scope: "Namespaced",
  schema: "core.v1.ConfigMap",
  shortNames: ["cm"],
});
