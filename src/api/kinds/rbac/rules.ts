/** What the kinds of rbac.authorization.k8s.io have in common: rules, the role that a binding names, and its subjects. */
import { deepEqual } from "../../../machinery/equality.ts";
import { type FieldError, field } from "../../errors.ts";
import type { Column } from "../../kind.ts";
import type { ClusterRoleBinding, PolicyRule, RoleBinding, Subject } from "../../types.ts";
import { ageColumn, nameColumn, textColumn, wide } from "../columns.ts";
import { type Errors, ruleName, ruleRequired } from "../field-rules.ts";

/** The group of the roles themselves, and of users and groups as subjects. */
export const rbacGroup = "rbac.authorization.k8s.io";

type Binding = RoleBinding | ClusterRoleBinding;

/** The rules of a role. Only cluster-wide ones may speak of paths that are no resources. */
export function validateRules(rules: readonly PolicyRule[] | undefined, scope: "Namespaced" | "Cluster"): FieldError[] {
  const errors: Errors = [];
  for (const [i, rule] of (rules ?? []).entries()) {
    const at = `rules[${i}]`;
    ruleRequired(errors, `${at}.verbs`, rule.verbs, "verbs must contain at least one value");
    const urls = rule.nonResourceURLs ?? [];
    if (urls.length > 0) {
      if (scope === "Namespaced") {
        errors.push(field.invalid(`${at}.nonResourceURLs`, urls, "namespaced rules cannot apply to non-resource URLs"));
      }
      if (rule.apiGroups?.length || rule.resources?.length || rule.resourceNames?.length) {
        const detail = "rules cannot apply to both regular resources and non-resource URLs";
        errors.push(field.invalid(`${at}.nonResourceURLs`, urls, detail));
      }
      continue;
    }
    ruleRequired(errors, `${at}.apiGroups`, rule.apiGroups, "resource rules must supply at least one api group");
    ruleRequired(errors, `${at}.resources`, rule.resources, "resource rules must supply at least one resource");
  }
  return errors;
}

/** Fills the groups that a binding leaves out. */
export function defaultBinding(binding: Binding): void {
  if (binding.roleRef) binding.roleRef.apiGroup ||= rbacGroup;
  for (const subject of binding.subjects ?? []) {
    if (!subject.apiGroup && (subject.kind === "User" || subject.kind === "Group")) subject.apiGroup = rbacGroup;
  }
}

/** Everything wrong with a binding to one of `roleKinds`. */
export function validateBinding(binding: Binding, roleKinds: readonly string[], scope: "Namespaced" | "Cluster"): FieldError[] {
  const errors: Errors = [];
  const { apiGroup, kind, name } = binding.roleRef ?? { kind: "", name: "" };
  if (apiGroup !== rbacGroup) errors.push(field.notSupported("roleRef.apiGroup", apiGroup ?? "", [rbacGroup]));
  if (!roleKinds.includes(kind)) errors.push(field.notSupported("roleRef.kind", kind ?? "", roleKinds));
  if (ruleRequired(errors, "roleRef.name", name)) ruleName(errors, "roleRef.name", "path-segment", name);
  for (const [i, subject] of (binding.subjects ?? []).entries()) ruleSubject(errors, `subjects[${i}]`, subject, scope);
  return errors;
}

function ruleSubject(errors: Errors, path: string, subject: Subject, scope: "Namespaced" | "Cluster"): void {
  ruleRequired(errors, `${path}.name`, subject.name);
  switch (subject.kind) {
    case "ServiceAccount":
      if (subject.name) ruleName(errors, `${path}.name`, "dns1123-subdomain", subject.name);
      if (subject.apiGroup) errors.push(field.notSupported(`${path}.apiGroup`, subject.apiGroup, [""]));
      if (scope === "Cluster" && !subject.namespace) errors.push(field.required(`${path}.namespace`));
      break;
    case "User":
    case "Group":
      if (subject.apiGroup !== rbacGroup) errors.push(field.notSupported(`${path}.apiGroup`, subject.apiGroup, [rbacGroup]));
      break;
    default:
      errors.push(field.notSupported(`${path}.kind`, subject.kind ?? "", ["ServiceAccount", "User", "Group"]));
  }
}

/** A binding keeps its role: who may grant the one may not be allowed to grant the other. */
export const validateBindingUpdate = (binding: Binding, old: Binding): FieldError[] =>
  deepEqual(binding.roleRef, old.roleRef) ? [] : [field.invalid("roleRef", binding.roleRef, "cannot change roleRef")];

const subjectsCell = (binding: Binding, kind: string): string =>
  (binding.subjects ?? [])
    .filter((subject) => subject.kind === kind)
    .map((subject) => (kind === "ServiceAccount" ? `${subject.namespace ?? ""}/${subject.name}` : subject.name))
    .join(", ");

/** What `kubectl get` shows of bindings. */
export const bindingColumns: readonly Column<Binding>[] = [
  nameColumn,
  textColumn("Role", (binding) => `${binding.roleRef?.kind}/${binding.roleRef?.name}`),
  ageColumn,
  wide(textColumn("Users", (binding) => subjectsCell(binding, "User"))),
  wide(textColumn("Groups", (binding) => subjectsCell(binding, "Group"))),
  wide(textColumn("ServiceAccounts", (binding) => subjectsCell(binding, "ServiceAccount"))),
];
