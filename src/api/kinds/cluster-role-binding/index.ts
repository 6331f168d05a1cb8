/** The kind ClusterRoleBinding of rbac.authorization.k8s.io/v1. */
import type { ClusterRoleBinding as ClusterRoleBindingObject } from "../../types.ts";
import { defineKind } from "../../kind.ts";

/** ClusterRoleBinding (rbac.authorization.k8s.io/v1). */
export const ClusterRoleBinding = defineKind<ClusterRoleBindingObject>({
  group: "rbac.authorization.k8s.io",
  version: "v1",
  kind: "ClusterRoleBinding",
  plural: "clusterrolebindings",
  scope: "Cluster",
  schema: "rbac.v1.ClusterRoleBinding",
  nameRule: "path-segment",
});
