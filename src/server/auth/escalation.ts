/**
 * Nobody grants what they do not have: a writer of roles must hold every permission in them (or the verb `escalate`),
 * a writer of bindings every permission of the role that is bound (or the verb `bind`).
 */
import { forbidden } from "../../api/errors.ts";
import type { KindDefinition } from "../../api/kind.ts";
import type { AnyObject } from "../../api/meta/object.ts";
import type { PolicyRule, RoleRef } from "../../api/types.ts";
import { deepEqual } from "../../machinery/equality.ts";
import { type Admission, type AdmissionRule, isResource } from "../admission/admission.ts";
import type { User } from "../api.ts";
import { ruleText, uncovered } from "./rbac.ts";
import { mastersGroup, type RbacView } from "./rbac-view.ts";

const rbacGroup = "rbac.authorization.k8s.io";
const isRole = (kind: KindDefinition): boolean => isResource(kind, rbacGroup, "roles") || isResource(kind, rbacGroup, "clusterroles");
const isBinding = (kind: KindDefinition): boolean =>
  isResource(kind, rbacGroup, "rolebindings") || isResource(kind, rbacGroup, "clusterrolebindings");

/** The rule, judging by the roles in `view`. */
export function escalationRule(view: RbacView): AdmissionRule {
  const mayVerb = (user: User, verb: string, resource: string, namespace: string | undefined, name: string): boolean =>
    view.authorize(user, { type: "resource", verb, group: rbacGroup, resource, subresource: undefined, namespace, name });

  function checkRules({ kind, name, namespace, context }: Admission, rules: readonly PolicyRule[]): void {
    const missing = uncovered(view.rulesFor(context.user, namespace), rules);
    if (missing.length === 0) return;
    const { name: user, groups } = context.user;
    const who = `user ${JSON.stringify(user)} (groups=[${groups.map((group) => JSON.stringify(group)).join(" ")}])`;
    throw forbidden(
      { group: kind.group, resource: kind.plural, name },
      `${who} is attempting to grant RBAC permissions not currently held:\n${missing.map(ruleText).join("\n")}`,
    );
  }

  function checkRole(admission: Admission): void {
    const { kind, object, old, name, namespace, context } = admission;
    const rules: PolicyRule[] = object["rules"] ?? [];
    if (old && deepEqual(rules, old["rules"] ?? []) && deepEqual(object["aggregationRule"], old["aggregationRule"])) return;
    if (mayVerb(context.user, "escalate", kind.plural, namespace, name)) return;
    // An aggregated role takes in what others write later, so only those who hold everything may make one.
    const aggregates = object["aggregationRule"] !== undefined && !deepEqual(object["aggregationRule"], old?.["aggregationRule"]);
    checkRules(admission, aggregates ? [...everything, ...rules] : rules);
  }

  function checkBinding(admission: Admission): void {
    const { kind, object, old, name, namespace, context } = admission;
    if (old && sameBinding(object, old)) return;
    const ref = object["roleRef"] as RoleRef;
    const resource = ref.kind === "ClusterRole" ? "clusterroles" : "roles";
    if (mayVerb(context.user, "bind", resource, namespace, ref.name)) return;
    const rules = view.rulesOf(ref, namespace);
    if (!rules) {
      throw forbidden({ group: kind.group, resource: kind.plural, name }, `${resource}.${rbacGroup} ${JSON.stringify(ref.name)} not found`);
    }
    checkRules(admission, rules);
  }

  return {
    name: "escalation",
    concerns: (kind, operation) => operation !== "DELETE" && (isRole(kind) || isBinding(kind)),
    validate(admission) {
      if (admission.context.user.groups.includes(mastersGroup)) return;
      if (isRole(admission.kind)) checkRole(admission);
      else checkBinding(admission);
    },
  };
}

const sameBinding = (object: AnyObject, old: AnyObject): boolean =>
  deepEqual(object["roleRef"], old["roleRef"]) && deepEqual(object["subjects"] ?? [], old["subjects"] ?? []);

const everything: PolicyRule[] = [
  { verbs: ["*"], apiGroups: ["*"], resources: ["*"] },
  { verbs: ["*"], nonResourceURLs: ["*"] },
];
