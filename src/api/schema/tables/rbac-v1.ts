/** Field tables of rbac.v1; `notation.ts` documents the notation. */
import type { TypeTable } from "../notation.ts";

export const rbacV1: TypeTable = {
  AggregationRule: {
    clusterRoleSelectors: "[]meta.v1.LabelSelector list=atomic #1",
  },
  ClusterRole: {
    aggregationRule: "rbac.v1.AggregationRule #3",
    apiVersion: "string",
    kind: "string",
    metadata: "meta.v1.ObjectMeta #1",
    rules: "[]rbac.v1.PolicyRule list=atomic #2",
  },
  ClusterRoleBinding: {
    apiVersion: "string",
    kind: "string",
    metadata: "meta.v1.ObjectMeta #1",
    roleRef: "!rbac.v1.RoleRef #3",
    subjects: "[]rbac.v1.Subject list=atomic #2",
  },
  ClusterRoleBindingList: {
    apiVersion: "string",
    items: "![]rbac.v1.ClusterRoleBinding #2",
    kind: "string",
    metadata: "meta.v1.ListMeta #1",
  },
  ClusterRoleList: {
    apiVersion: "string",
    items: "![]rbac.v1.ClusterRole #2",
    kind: "string",
    metadata: "meta.v1.ListMeta #1",
  },
  PolicyRule: {
    apiGroups: "[]string list=atomic #2",
    nonResourceURLs: "[]string list=atomic #5",
    resourceNames: "[]string list=atomic #4",
    resources: "[]string list=atomic #3",
    verbs: "![]string list=atomic #1",
  },
  Role: {
    apiVersion: "string",
    kind: "string",
    metadata: "meta.v1.ObjectMeta #1",
    rules: "[]rbac.v1.PolicyRule list=atomic #2",
  },
  RoleBinding: {
    apiVersion: "string",
    kind: "string",
    metadata: "meta.v1.ObjectMeta #1",
    roleRef: "!rbac.v1.RoleRef #3",
    subjects: "[]rbac.v1.Subject list=atomic #2",
  },
  RoleBindingList: {
    apiVersion: "string",
    items: "![]rbac.v1.RoleBinding #2",
    kind: "string",
    metadata: "meta.v1.ListMeta #1",
  },
  RoleList: {
    apiVersion: "string",
    items: "![]rbac.v1.Role #2",
    kind: "string",
    metadata: "meta.v1.ListMeta #1",
  },
  RoleRef: {
    $struct: "atomic",
    apiGroup: "string #1",
    kind: "!string #2",
    name: "!string #3",
  },
  Subject: {
    $struct: "atomic",
    apiGroup: "string #2",
    kind: "!string #1",
    name: "!string #3",
    namespace: "string #4",
  },
};
