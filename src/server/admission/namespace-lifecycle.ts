/** Nothing is created in a namespace that is absent or going away, and the system's namespaces stay (API-96). */
import { forbidden, notFound } from "../../api/errors.ts";
import type { Core } from "../core/core.ts";
import { subjectOf } from "../core/subject.ts";
import { type Admission, type AdmissionRule, isResource } from "./admission.ts";

const immortal: ReadonlySet<string> = new Set(["default", "kube-system", "kube-public"]);

export const namespaceLifecycle = (core: Core): AdmissionRule => ({
  name: "NamespaceLifecycle",
  concerns: (kind, operation, subresource) =>
    subresource === "" &&
    (operation === "DELETE" ? isResource(kind, "", "namespaces") : operation === "CREATE" && kind.scope === "Namespaced"),
  mutate: (admission) => refuseWithoutNamespace(core, admission),
  validate({ kind, operation, name }) {
    if (operation === "DELETE" && immortal.has(name)) throw forbidden(subjectOf(kind, name), "this namespace may not be deleted");
  },
});

function refuseWithoutNamespace(core: Core, { kind, namespace, name }: Admission): void {
  const namespaces = core.kindOf("", "namespaces");
  if (!namespaces || namespace === undefined) return;
  const stored = core.storage.read(namespaces, { name: namespace });
  if (!stored) throw notFound(subjectOf(namespaces, namespace));
  const { metadata, status } = stored.object;
  if (metadata.deletionTimestamp === undefined && status?.phase !== "Terminating") return;
  const why = `unable to create new content in namespace ${namespace} because it is being terminated`;
  throw forbidden(subjectOf(kind, name), why, [
    { reason: "NamespaceTerminating", message: `namespace ${namespace} is being terminated`, field: "metadata.namespace" },
  ]);
}
