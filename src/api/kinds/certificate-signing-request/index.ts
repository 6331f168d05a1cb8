/** The kind CertificateSigningRequest: somebody asks a signer for a certificate. Stored; no signer of ours answers. */
import { deepCopy } from "../../../machinery/freeze.ts";
import { type FieldError, field } from "../../errors.ts";
import { defineKind } from "../../kind.ts";
import type { CertificateSigningRequest as CertificateSigningRequestObject } from "../../types.ts";
import { ageColumn, nameColumn, textColumn } from "../columns.ts";
import { type Errors, ruleImmutable, ruleRequired } from "../field-rules.ts";
import { neverBumps } from "../generations.ts";
import { keepSpec } from "../status-writes.ts";

const shortestSeconds = 600;

/** CertificateSigningRequest (certificates.k8s.io/v1). */
export const CertificateSigningRequest = defineKind<CertificateSigningRequestObject>({
  group: "certificates.k8s.io",
  version: "v1",
  kind: "CertificateSigningRequest",
  plural: "certificatesigningrequests",
  scope: "Cluster",
  shortNames: ["csr"],
  schema: "certificates.v1.CertificateSigningRequest",
  bumpsGeneration: neverBumps,
  fieldSelectors: { "spec.signerName": (request) => request.spec?.signerName ?? "" },
  validate(request): FieldError[] {
    const errors: Errors = [];
    const { signerName, usages = [], request: pem, expirationSeconds } = request.spec ?? {};
    ruleRequired(errors, "spec.request", pem);
    if (ruleRequired(errors, "spec.signerName", signerName) && !/^[^/]+\.[^/]+\/.+$/.test(signerName ?? "")) {
      errors.push(
        field.invalid("spec.signerName", signerName, "must be a fully qualified domain and path of the form 'example.com/signer-name'"),
      );
    }
    if (usages.length === 0) errors.push(field.required("spec.usages"));
    if (expirationSeconds !== undefined && expirationSeconds < shortestSeconds) {
      errors.push(
        field.invalid("spec.expirationSeconds", expirationSeconds, "may not specify a duration less than 600 seconds (10 minutes)"),
      );
    }
    return errors;
  },
  validateUpdate(request, old): FieldError[] {
    const errors: Errors = [];
    ruleImmutable(errors, "spec", request.spec, old.spec);
    return errors;
  },
  prepareForCreate(request) {
    request.status = {};
  },
  prepareForUpdate(request, old) {
    if (old.spec) request.spec = deepCopy(old.spec);
  },
  status: { prepareForUpdate: keepSpec },
  subresources: [
    {
      name: "approval",
      kind: { group: "certificates.k8s.io", version: "v1", kind: "CertificateSigningRequest" },
      verbs: ["get", "patch", "update"],
    },
  ],
  columns: [
    nameColumn,
    ageColumn,
    textColumn("SignerName", (request) => request.spec?.signerName ?? "<none>"),
    textColumn("Requestor", (request) => request.spec?.username ?? ""),
    textColumn("RequestedDuration", (request) => durationCell(request.spec?.expirationSeconds)),
    textColumn("Condition", conditionCell),
  ],
});

function durationCell(seconds: number | undefined): string {
  if (seconds === undefined) return "<none>";
  if (seconds >= 2 * 24 * 3600) return `${Math.floor(seconds / 86_400)}d`;
  return seconds >= 2 * 3600 ? `${Math.floor(seconds / 3600)}h` : `${Math.floor(seconds / 60)}m`;
}

function conditionCell({ status }: CertificateSigningRequestObject): string {
  const types = new Set((status?.conditions ?? []).map(({ type }) => type));
  const said = types.has("Denied") ? ["Denied"] : types.has("Approved") ? ["Approved"] : ["Pending"];
  if (types.has("Failed")) said.push("Failed");
  if (status?.certificate) said.push("Issued");
  return said.join(",");
}
