/** The kind Lease: who leads, or who is alive, and until when. */
import type { FieldError } from "../../errors.ts";
import { defineKind } from "../../kind.ts";
import type { Lease as LeaseObject } from "../../types.ts";
import { ageColumn, nameColumn, textColumn } from "../columns.ts";
import { type Errors, ruleNonNegative, rulePositive } from "../field-rules.ts";
import { neverBumps } from "../generations.ts";

/** Lease (coordination.k8s.io/v1). */
export const Lease = defineKind<LeaseObject>({
  group: "coordination.k8s.io",
  version: "v1",
  kind: "Lease",
  plural: "leases",
  scope: "Namespaced",
  schema: "coordination.v1.Lease",
  bumpsGeneration: neverBumps,
  createOnUpdate: true,
  unconditionalUpdate: false,
  validate(lease): FieldError[] {
    const errors: Errors = [];
    const { leaseDurationSeconds, leaseTransitions } = lease.spec ?? {};
    rulePositive(errors, "spec.leaseDurationSeconds", leaseDurationSeconds);
    ruleNonNegative(errors, "spec.leaseTransitions", leaseTransitions);
    return errors;
  },
  columns: [nameColumn, textColumn("Holder", (lease) => lease.spec?.holderIdentity ?? ""), ageColumn],
});
