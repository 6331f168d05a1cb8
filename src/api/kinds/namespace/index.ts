/** The kind Namespace: a scope for names, gone only when everything in it is (API-95, API-96). */
import { defineKind } from "../../kind.ts";
import type { Namespace as NamespaceObject } from "../../types.ts";
import { ageColumn, nameColumn, textColumn } from "../columns.ts";
import { neverBumps } from "../generations.ts";
import { keepSpec } from "../status-writes.ts";

const nameLabel = "kubernetes.io/metadata.name";
const contentFinalizer = "kubernetes";

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
  bumpsGeneration: neverBumps,
  defaults: labelWithName,
  prepareForCreate(namespace) {
    // The name may have been generated after the defaults.
    labelWithName(namespace);
    namespace.status = { phase: "Active" };
    const spec = (namespace.spec ??= {});
    const finalizers = (spec.finalizers ??= []);
    if (!finalizers.includes(contentFinalizer)) finalizers.push(contentFinalizer);
  },
  prepareForUpdate(namespace, old) {
    // Only the finalize subresource says that the content is gone.
    if (old.spec === undefined) delete namespace.spec;
    else namespace.spec = old.spec;
  },
  prepareForDelete(namespace) {
    namespace.status = { ...namespace.status, phase: "Terminating" };
  },
  holdsDeletion: (namespace) => (namespace.spec?.finalizers?.length ?? 0) > 0,
  status: { prepareForUpdate: keepSpec },
  subresources: [{ name: "finalize", kind: { group: "", version: "v1", kind: "Namespace" }, verbs: ["update"] }],
  columns: [nameColumn, textColumn("Status", (namespace) => namespace.status?.phase ?? ""), ageColumn],
  fieldSelectors: { name: (namespace) => namespace.metadata.name ?? "", "status.phase": (namespace) => namespace.status?.phase ?? "" },
});

function labelWithName(namespace: NamespaceObject): void {
  const name = namespace.metadata.name;
  if (!name || namespace.metadata.labels?.[nameLabel] === name) return;
  namespace.metadata.labels = { ...namespace.metadata.labels, [nameLabel]: name };
}
