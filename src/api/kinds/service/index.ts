/** The kind Service of v1. */
import type { Service as ServiceObject } from "../../types.ts";
import { defineKind } from "../../kind.ts";

/** Service (v1). */
export const Service = defineKind<ServiceObject>({
  group: "",
  version: "v1",
  kind: "Service",
  plural: "services",
  scope: "Namespaced",
  schema: "core.v1.Service",
  shortNames: ["svc"],
  categories: ["all"],
  returnsDeletedObject: true,
  nameRule: "service",
  status: {},
  subresources: [
    {
      name: "proxy",
      kind: { group: "", version: "v1", kind: "ServiceProxyOptions" },
      verbs: ["create", "delete", "get", "patch", "update"],
    },
  ],
});
