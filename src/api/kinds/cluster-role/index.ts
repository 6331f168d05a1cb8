/** The kind ClusterRole: what may be done anywhere. */
import { defineKind } from "../../kind.ts";
import type { ClusterRole as ClusterRoleObject } from "../../types.ts";
import { ruleLabelSelector } from "../field-rules.ts";
import { rbacGroup, validateRules } from "../rbac/rules.ts";

/** ClusterRole (rbac.authorization.k8s.io/v1). */
export const ClusterRole = defineKind<ClusterRoleObject>({
  group: rbacGroup,
  version: "v1",
  kind: "ClusterRole",
  plural: "clusterroles",
  scope: "Cluster",
  schema: "rbac.v1.ClusterRole",
  nameRule: "path-segment",
  createOnUpdate: true,
  validate(role) {
    const errors = validateRules(role.rules, "Cluster");
    for (const [i, selector] of (role.aggregationRule?.clusterRoleSelectors ?? []).entries()) {
      ruleLabelSelector(errors, `aggregationRule.clusterRoleSelectors[${i}]`, selector);
    }
    return errors;
  },
});
