/** The kind Namespace of v1. */
import type { Namespace as NamespaceObject } from "../../types.ts";
import { defineKind } from "../../kind.ts";

/** Namespace (v1). */
export const Namespace = defineKind<NamespaceObject>({
  group: "",
  version: "v1",
  kind: "Namespace",
  plural: "namespaces",
  scope: "Cluster",
  schema: "core.v1.Namespace",
  shortNames: ["ns"],
  returnsDeletedObject: true,
  nameRule: "label",
  verbs: ["create", "delete", "get", "list", "patch", "update", "watch"],
  status: {},
  prepareForDelete(namespace) {
    namespace.status = { ...namespace.status, phase: "Terminating" };
  },
  holdsDeletion: (namespace) => !!namespace.spec?.finalizers?.length,
  subresources: [{ name: "finalize", kind: { group: "", version: "v1", kind: "Namespace" }, verbs: ["update"] }],
});
