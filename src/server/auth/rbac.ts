/**
 * Role-based access control as arithmetic: whether a set of rules allows a request, and whether it covers another set
 * of rules, which is what granting must not exceed.
 */
import type { PolicyRule } from "../../api/types.ts";
import type { AccessAttributes } from "./access.ts";

const has = (list: readonly string[] | undefined, item: string): boolean => list?.includes(item) ?? false;
const hasOrAll = (list: readonly string[] | undefined, item: string): boolean =>
  list !== undefined && (list.includes(item) || list.includes("*"));

/** Whether a pattern of nonResourceURLs (`/healthz`, `/metrics/*`, `*`) takes in a path or a pattern. */
function pathMatches(pattern: string, path: string): boolean {
  if (pattern === "*" || pattern === path) return true;
  return pattern.endsWith("*") && path.startsWith(pattern.slice(0, -1));
}

/** Whether `resources` of a rule takes in `resource` or `resource/subresource`; `*` is all of them and `*` + `/scale` every scale. */
function resourceMatches(resources: readonly string[] | undefined, combined: string): boolean {
  if (hasOrAll(resources, combined)) return true;
  const slash = combined.indexOf("/");
  return slash >= 0 && has(resources, `*${combined.slice(slash)}`);
}

/** Whether one rule allows a request. */
export function ruleAllows(rule: PolicyRule, attributes: AccessAttributes): boolean {
  if (!hasOrAll(rule.verbs, attributes.verb)) return false;
  if (attributes.type === "path") return rule.nonResourceURLs?.some((pattern) => pathMatches(pattern, attributes.path)) ?? false;
  const { group, resource, subresource, name } = attributes;
  if (!hasOrAll(rule.apiGroups, group)) return false;
  if (!resourceMatches(rule.resources, subresource ? `${resource}/${subresource}` : resource)) return false;
  return !rule.resourceNames || rule.resourceNames.length === 0 || (name !== undefined && rule.resourceNames.includes(name));
}

/** One verb on one thing. */
function* breakDown(rule: PolicyRule): Generator<PolicyRule> {
  for (const verb of rule.verbs ?? []) {
    for (const url of rule.nonResourceURLs ?? []) yield { verbs: [verb], nonResourceURLs: [url] };
    for (const group of rule.apiGroups ?? []) {
      for (const resource of rule.resources ?? []) {
        const one = { verbs: [verb], apiGroups: [group], resources: [resource] };
        if (rule.resourceNames && rule.resourceNames.length > 0)
          for (const name of rule.resourceNames) yield { ...one, resourceNames: [name] };
        else yield one;
      }
    }
  }
}

function covers(owned: PolicyRule, wanted: PolicyRule): boolean {
  if (!hasOrAll(owned.verbs, wanted.verbs[0] as string)) return false;
  const url = wanted.nonResourceURLs?.[0];
  if (url !== undefined) return owned.nonResourceURLs?.some((pattern) => pathMatches(pattern, url)) ?? false;
  if (!hasOrAll(owned.apiGroups, wanted.apiGroups?.[0] as string)) return false;
  if (!resourceMatches(owned.resources, wanted.resources?.[0] as string)) return false;
  if (!owned.resourceNames || owned.resourceNames.length === 0) return true;
  const name = wanted.resourceNames?.[0];
  return name !== undefined && owned.resourceNames.includes(name);
}

/** What of `wanted` is not within `owned`, as single verbs on single things. */
export function uncovered(owned: readonly PolicyRule[], wanted: readonly PolicyRule[]): PolicyRule[] {
  const missing: PolicyRule[] = [];
  for (const rule of wanted) {
    for (const one of breakDown(rule)) if (!owned.some((mine) => covers(mine, one))) missing.push(one);
  }
  return missing;
}

const list = (items: readonly string[]): string => `[${items.map((item) => JSON.stringify(item)).join(", ")}]`;

/** A rule as Kubernetes prints it in a refusal: `{APIGroups:[""], Resources:["pods"], Verbs:["get"]}`. */
export function ruleText(rule: PolicyRule): string {
  const parts: string[] = [];
  if (rule.apiGroups?.length) parts.push(`APIGroups:${list(rule.apiGroups)}`);
  if (rule.resources?.length) parts.push(`Resources:${list(rule.resources)}`);
  if (rule.resourceNames?.length) parts.push(`ResourceNames:${list(rule.resourceNames)}`);
  if (rule.nonResourceURLs?.length) parts.push(`NonResourceURLs:${list(rule.nonResourceURLs)}`);
  if (rule.verbs?.length) parts.push(`Verbs:${list(rule.verbs)}`);
  return `{${parts.join(", ")}}`;
}
