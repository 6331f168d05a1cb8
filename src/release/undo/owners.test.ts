import assert from "node:assert/strict";
import { test } from "node:test";
import type { ObjectMeta } from "../../api/types.ts";
import { ownerWarnings } from "./owners.ts";

const fieldsV1 = { "f:spec": { "f:template": {} } };
const rows: readonly (readonly [string, ObjectMeta, RegExp | undefined])[] = [
  ["nobody else", {}, undefined],
  ["people with kubectl", { managedFields: [{ manager: "kubectl-client-side-apply", operation: "Update", fieldsV1 }] }, undefined],
  ["Argo CD, by its annotation", { annotations: { "argocd.argoproj.io/tracking-id": "x" } }, /^Argo CD/],
  ["Argo CD, by its manager", { managedFields: [{ manager: "argocd-controller", operation: "Apply", fieldsV1 }] }, /^Argo CD/],
  ["Flux, by its label", { labels: { "kustomize.toolkit.fluxcd.io/name": "x" } }, /^Flux/],
  [
    "Flux before Helm, where it drives it",
    { labels: { "helm.toolkit.fluxcd.io/name": "x", "app.kubernetes.io/managed-by": "Helm" } },
    /^Flux/,
  ],
  ["Helm", { annotations: { "meta.helm.sh/release-name": "x" } }, /^Helm/],
  ["server-side apply", { managedFields: [{ manager: "kubectl", operation: "Apply", fieldsV1 }] }, /^kubectl applied this template/],
];

for (const [name, metadata, expected] of rows) {
  test(`who else writes it: ${name}`, () => {
    const warnings = ownerWarnings({ apiVersion: "apps/v1", kind: "Deployment", metadata });
    assert.equal(warnings.length, expected ? 1 : 0);
    if (expected) assert.match(warnings[0] as string, expected);
  });
}
