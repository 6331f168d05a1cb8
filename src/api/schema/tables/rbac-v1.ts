/** Field tables of rbac.v1; `notation.ts` documents the notation. */
import type { TypeTable } from "../notation.ts";

export const rbacV1: TypeTable = {
  AggregationRule: {
    clusterRoleSelectors: "[]meta.v1.LabelSelector list=atomic",
  },
  ClusterRole: {
    aggregationRule: "rbac.v1.AggregationRule",
    apiVersion: "string",
    kind: "string",
    metadata: "meta.v1.ObjectMeta",
    rules: "[]rbac.v1.PolicyRule list=atomic",
  },
  ClusterRoleBinding: {
    apiVersion: "string",
    kind: "string",
    metadata: "meta.v1.ObjectMeta",
    roleRef: "!rbac.v1.RoleRef",
    subjects: "[]rbac.v1.Subject list=atomic",
  },
  ClusterRoleBindingList: {
    apiVersion: "string",
    items: "![]rbac.v1.ClusterRoleBinding",
    kind: "string",
    metadata: "meta.v1.ListMeta",
  },
  ClusterRoleList: {
    apiVersion: "string",
    items: "![]rbac.v1.ClusterRole",
    kind: "string",
    metadata: "meta.v1.ListMeta",
  },
  PolicyRule: {
    apiGroups: "[]string list=atomic",
    nonResourceURLs: "[]string list=atomic",
    resourceNames: "[]string list=atomic",
    resources: "[]string list=atomic",
    verbs: "![]string list=atomic",
  },
  Role: {
    apiVersion: "string",
    kind: "string",
    metadata: "meta.v1.ObjectMeta",
    rules: "[]rbac.v1.PolicyRule list=atomic",
  },
  RoleBinding: {
    apiVersion: "string",
    kind: "string",
    metadata: "meta.v1.ObjectMeta",
    roleRef: "!rbac.v1.RoleRef",
    subjects: "[]rbac.v1.Subject list=atomic",
  },
  RoleBindingList: {
    apiVersion: "string",
    items: "![]rbac.v1.RoleBinding",
    kind: "string",
    metadata: "meta.v1.ListMeta",
  },
  RoleList: {
    apiVersion: "string",
    items: "![]rbac.v1.Role",
    kind: "string",
    metadata: "meta.v1.ListMeta",
  },
  RoleRef: {
    $struct: "atomic",
    apiGroup: "string",
    kind: "!string",
    name: "!string",
  },
  Subject: {
    $struct: "atomic",
    apiGroup: "string",
    kind: "!string",
    name: "!string",
    namespace: "string",
  },
};
