/** Field tables of certificates.v1; `notation.ts` documents the notation. */
import type { TypeTable } from "../notation.ts";

export const certificatesV1: TypeTable = {
  CertificateSigningRequest: {
    apiVersion: "string",
    kind: "string",
    metadata: "meta.v1.ObjectMeta #1",
    spec: "!certificates.v1.CertificateSigningRequestSpec #2",
    status: "certificates.v1.CertificateSigningRequestStatus #3",
  },
  CertificateSigningRequestCondition: {
    lastTransitionTime: "time #5",
    lastUpdateTime: "time #4",
    message: "string #3",
    reason: "string #2",
    status: "!string #6",
    type: "!string #1",
  },
  CertificateSigningRequestList: {
    apiVersion: "string",
    items: "![]certificates.v1.CertificateSigningRequest #2",
    kind: "string",
    metadata: "meta.v1.ListMeta #1",
  },
  CertificateSigningRequestSpec: {
    expirationSeconds: "int32 #8",
    extra: "map<[]string> #6",
    groups: "[]string list=atomic #4",
    request: "!bytes #1",
    signerName: "!string #7",
    uid: "string #3",
    usages: "[]string list=atomic #5",
    username: "string #2",
  },
  CertificateSigningRequestStatus: {
    certificate: "bytes #2",
    conditions: "[]certificates.v1.CertificateSigningRequestCondition list=map:type #1",
  },
};
