/** The kind Pod of v1. */
import type { Pod as PodObject } from "../../types.ts";
import { defineKind } from "../../kind.ts";

/** Pod (v1). */
export const Pod = defineKind<PodObject>({
  group: "",
  version: "v1",
  kind: "Pod",
  plural: "pods",
  scope: "Namespaced",
  schema: "core.v1.Pod",
  shortNames: ["po"],
  categories: ["all"],
  returnsDeletedObject: true,
  status: {},
  subresources: [
    { name: "attach", kind: { group: "", version: "v1", kind: "PodAttachOptions" }, verbs: ["create", "get"] },
    { name: "binding", kind: { group: "", version: "v1", kind: "Binding" }, verbs: ["create"] },
    { name: "ephemeralcontainers", kind: { group: "", version: "v1", kind: "Pod" }, verbs: ["get", "patch", "update"] },
    { name: "eviction", kind: { group: "policy", version: "v1", kind: "Eviction" }, verbs: ["create"] },
    { name: "exec", kind: { group: "", version: "v1", kind: "PodExecOptions" }, verbs: ["create", "get"] },
    { name: "log", kind: { group: "", version: "v1", kind: "Pod" }, verbs: ["get"] },
    { name: "portforward", kind: { group: "", version: "v1", kind: "PodPortForwardOptions" }, verbs: ["create", "get"] },
    { name: "proxy", kind: { group: "", version: "v1", kind: "PodProxyOptions" }, verbs: ["create", "delete", "get", "patch", "update"] },
    { name: "resize", kind: { group: "", version: "v1", kind: "Pod" }, verbs: ["get", "patch", "update"] },
  ],
});
