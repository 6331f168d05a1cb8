/** The kind RoleBinding: who may do within a namespace what a role says. */
import { defineKind } from "../../kind.ts";
import type { RoleBinding as RoleBindingObject } from "../../types.ts";
import { bindingColumns, defaultBinding, rbacGroup, validateBinding, validateBindingUpdate } from "../rbac/rules.ts";

/** RoleBinding (rbac.authorization.k8s.io/v1). */
export const RoleBinding = defineKind<RoleBindingObject>({
  group: rbacGroup,
  version: "v1",
  kind: "RoleBinding",
  plural: "rolebindings",
  scope: "Namespaced",
  schema: "rbac.v1.RoleBinding",
  nameRule: "path-segment",
  createOnUpdate: true,
  defaults: defaultBinding,
  validate: (binding) => validateBinding(binding, ["Role", "ClusterRole"], "Namespaced"),
  validateUpdate: validateBindingUpdate,
  columns: bindingColumns,
});
