/** The kind ResourceQuota of v1. */
import type { ResourceQuota as ResourceQuotaObject } from "../../types.ts";
import { defineKind } from "../../kind.ts";

/** ResourceQuota (v1). */
export const ResourceQuota = defineKind<ResourceQuotaObject>({
  group: "",
  version: "v1",
  kind: "ResourceQuota",
  plural: "resourcequotas",
  scope: "Namespaced",
  schema: "core.v1.ResourceQuota",
  shortNames: ["quota"],
  returnsDeletedObject: true,
  status: {},
});
