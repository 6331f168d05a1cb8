/** The kind ClusterRole of rbac.authorization.k8s.io/v1. */
import type { ClusterRole as ClusterRoleObject } from "../../types.ts";
import { defineKind } from "../../kind.ts";

/** ClusterRole (rbac.authorization.k8s.io/v1). */
export const ClusterRole = defineKind<ClusterRoleObject>({
  group: "rbac.authorization.k8s.io",
  version: "v1",
  kind: "ClusterRole",
  plural: "clusterroles",
  scope: "Cluster",
  schema: "rbac.v1.ClusterRole",
  nameRule: "path-segment",
});
