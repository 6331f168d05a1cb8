/** The kind Role of rbac.authorization.k8s.io/v1. */
import type { Role as RoleObject } from "../../types.ts";
import { defineKind } from "../../kind.ts";

/** Role (rbac.authorization.k8s.io/v1). */
export const Role = defineKind<RoleObject>({
  group: "rbac.authorization.k8s.io",
  version: "v1",
  kind: "Role",
  plural: "roles",
  scope: "Namespaced",
  schema: "rbac.v1.Role",
  nameRule: "path-segment",
});
