/** Field tables of apiregistration.v1; `notation.ts` documents the notation. */
import type { TypeTable } from "../notation.ts";

export const apiregistrationV1: TypeTable = {
  APIService: {
    apiVersion: "string",
    kind: "string",
    metadata: "meta.v1.ObjectMeta",
    spec: "apiregistration.v1.APIServiceSpec",
    status: "apiregistration.v1.APIServiceStatus",
  },
  APIServiceCondition: {
    lastTransitionTime: "time",
    message: "string",
    reason: "string",
    status: "!string",
    type: "!string",
  },
  APIServiceList: {
    apiVersion: "string",
    items: "![]apiregistration.v1.APIService",
    kind: "string",
    metadata: "meta.v1.ListMeta",
  },
  APIServiceSpec: {
    caBundle: "bytes list=atomic",
    group: "string",
    groupPriorityMinimum: "!int32",
    insecureSkipTLSVerify: "boolean",
    service: "apiregistration.v1.ServiceReference",
    version: "string",
    versionPriority: "!int32",
  },
  APIServiceStatus: {
    conditions: "[]apiregistration.v1.APIServiceCondition list=map:type patch=merge:type",
  },
  ServiceReference: {
    name: "string",
    namespace: "string",
    port: "int32",
  },
};
