/** The kind ClusterRoleBinding: who may do anywhere what a cluster role says. */
import { defineKind } from "../../kind.ts";
import type { ClusterRoleBinding as ClusterRoleBindingObject } from "../../types.ts";
import { bindingColumns, defaultBinding, rbacGroup, validateBinding, validateBindingUpdate } from "../rbac/rules.ts";

/** ClusterRoleBinding (rbac.authorization.k8s.io/v1). */
export const ClusterRoleBinding = defineKind<ClusterRoleBindingObject>({
  group: rbacGroup,
  version: "v1",
  kind: "ClusterRoleBinding",
  plural: "clusterrolebindings",
  scope: "Cluster",
  schema: "rbac.v1.ClusterRoleBinding",
  nameRule: "path-segment",
  createOnUpdate: true,
  defaults: defaultBinding,
  validate: (binding) => validateBinding(binding, ["ClusterRole"], "Cluster"),
  validateUpdate: validateBindingUpdate,
  columns: bindingColumns,
});
