/** The kind Lease of coordination.k8s.io/v1. */
import type { Lease as LeaseObject } from "../../types.ts";
import { defineKind } from "../../kind.ts";

/** Lease (coordination.k8s.io/v1). */
export const Lease = defineKind<LeaseObject>({
  group: "coordination.k8s.io",
  version: "v1",
  kind: "Lease",
  plural: "leases",
  scope: "Namespaced",
  schema: "coordination.v1.Lease",
});
