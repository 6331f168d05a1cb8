/** The kind Role: what may be done within a namespace. */
import { defineKind } from "../../kind.ts";
import type { Role as RoleObject } from "../../types.ts";
import { rbacGroup, validateRules } from "../rbac/rules.ts";

/** Role (rbac.authorization.k8s.io/v1). */
export const Role = defineKind<RoleObject>({
  group: rbacGroup,
  version: "v1",
  kind: "Role",
  plural: "roles",
  scope: "Namespaced",
  schema: "rbac.v1.Role",
  nameRule: "path-segment",
  createOnUpdate: true,
  validate: (role) => validateRules(role.rules, "Namespaced"),
});
