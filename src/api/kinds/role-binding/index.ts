/** The kind RoleBinding of rbac.authorization.k8s.io/v1. */
import type { RoleBinding as RoleBindingObject } from "../../types.ts";
import { defineKind } from "../../kind.ts";

/** RoleBinding (rbac.authorization.k8s.io/v1). */
export const RoleBinding = defineKind<RoleBindingObject>({
  group: "rbac.authorization.k8s.io",
  version: "v1",
  kind: "RoleBinding",
  plural: "rolebindings",
  scope: "Namespaced",
  schema: "rbac.v1.RoleBinding",
  nameRule: "path-segment",
});
