/** Field tables of coordination.v1; `notation.ts` documents the notation. */
import type { TypeTable } from "../notation.ts";

export const coordinationV1: TypeTable = {
  Lease: {
    apiVersion: "string",
    kind: "string",
    metadata: "meta.v1.ObjectMeta #1",
    spec: "coordination.v1.LeaseSpec #2",
  },
  LeaseList: {
    apiVersion: "string",
    items: "![]coordination.v1.Lease #2",
    kind: "string",
    metadata: "meta.v1.ListMeta #1",
  },
  LeaseSpec: {
    acquireTime: "microtime #3",
    holderIdentity: "string #1",
    leaseDurationSeconds: "int32 #2",
    leaseTransitions: "int32 #5",
    preferredHolder: "string #7",
    renewTime: "microtime #4",
    strategy: "string #6",
  },
};
