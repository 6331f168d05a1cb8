/** Field tables of coordination.v1; `notation.ts` documents the notation. */
import type { TypeTable } from "../notation.ts";

export const coordinationV1: TypeTable = {
  Lease: {
    apiVersion: "string",
    kind: "string",
    metadata: "meta.v1.ObjectMeta",
    spec: "coordination.v1.LeaseSpec",
  },
  LeaseList: {
    apiVersion: "string",
    items: "![]coordination.v1.Lease",
    kind: "string",
    metadata: "meta.v1.ListMeta",
  },
  LeaseSpec: {
    acquireTime: "microtime",
    holderIdentity: "string",
    leaseDurationSeconds: "int32",
    leaseTransitions: "int32",
    preferredHolder: "string",
    renewTime: "microtime",
    strategy: "string",
  },
};
