/** The kind Service: one stable address for a changing set of Pods. */
import { defineKind } from "../../kind.ts";
import type { Service as ServiceObject } from "../../types.ts";
import { neverBumps } from "../generations.ts";
import { keepSpec } from "../status-writes.ts";
import { serviceColumns } from "./columns.ts";
import { defaultService, keepAllocations } from "./defaults.ts";
import { validateService, validateServiceStatus, validateServiceUpdate } from "./validation.ts";

const proxyVerbs = ["create", "delete", "get", "patch", "update"];

/** Service (v1). Addresses and node ports are given out by the server, not here. */
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
  bumpsGeneration: neverBumps,
  defaults: defaultService,
  validate: validateService,
  validateUpdate: validateServiceUpdate,
  prepareForCreate(service) {
    service.status = { loadBalancer: {} };
  },
  prepareForUpdate: keepAllocations,
  status: { prepareForUpdate: keepSpec, validateUpdate: validateServiceStatus },
  subresources: [{ name: "proxy", kind: { group: "", version: "v1", kind: "ServiceProxyOptions" }, verbs: proxyVerbs, handsOn: true }],
  columns: serviceColumns,
  fieldSelectors: {
    "spec.clusterIP": (service) => service.spec?.clusterIP ?? "",
    "spec.type": (service) => service.spec?.type ?? "",
  },
});
