/** Who may do what: roles, bindings and ServiceAccounts. */
import type { ClusterRole, PolicyRule, RoleBinding, ServiceAccount } from "../../../api/types.ts";
import { listed } from "../../printing/pod-template.ts";
import type { Describer } from "../describer.ts";
import { annotationLines, labelLines } from "../lines.ts";

export const serviceAccount: Describer = {
  lines(object) {
    const { metadata, imagePullSecrets = [] } = object as unknown as ServiceAccount;
    return [
      `Name:\t${metadata.name}`,
      `Namespace:\t${metadata.namespace}`,
      ...labelLines("Labels", metadata.labels),
      ...annotationLines(object),
      ...listed(
        "Image pull secrets",
        imagePullSecrets.map(({ name }) => name ?? ""),
      ),
    ];
  },
};

export const role: Describer = {
  withoutEvents: true,
  lines(object) {
    const { metadata, rules } = object as unknown as ClusterRole;
    return [
      `Name:\t${metadata.name}`,
      ...labelLines("Labels", metadata.labels),
      ...annotationLines(object),
      "PolicyRule:",
      "  Resources\tNon-Resource URLs\tResource Names\tVerbs",
      "  ---------\t-----------------\t--------------\t-----",
      ...compacted(rules ?? []).map(
        ({ group, resource, path, name, verbs }) =>
          `  ${combined(resource, group)}\t${listText(path)}\t${listText(name)}\t[${verbs.join(" ")}]`,
      ),
    ];
  },
};

const listText = (only: string | undefined): string => (only === undefined ? "[]" : `[${only}]`);

/** `deployments.apps/scale` */
function combined(resource: string | undefined, group: string | undefined): string {
  if (resource === undefined) return "";
  const [plural = "", subresource] = resource.split("/");
  return `${plural}${group ? `.${group}` : ""}${subresource === undefined ? "" : `/${subresource}`}`;
}

interface Right {
  readonly group: string | undefined;
  readonly resource: string | undefined;
  readonly path: string | undefined;
  readonly name: string | undefined;
  readonly verbs: string[];
}

/** One right for each resource and name, with all its verbs, in kubectl's order: by verbs, group, resource. */
function compacted(rules: readonly PolicyRule[]): Right[] {
  const rights = new Map<string, Right>();
  const add = (right: Omit<Right, "verbs">, verb: string): void => {
    // Paths are not put together.
    const key = JSON.stringify([right.group, right.resource, right.name, right.path, right.path === undefined ? "" : verb]);
    const known = rights.get(key) ?? { ...right, verbs: [] };
    if (!known.verbs.includes(verb)) known.verbs.push(verb);
    rights.set(key, known);
  };
  for (const rule of rules) {
    const names: readonly (string | undefined)[] = (rule.resourceNames ?? []).length > 0 ? (rule.resourceNames ?? []) : [undefined];
    for (const group of rule.apiGroups ?? [])
      for (const resource of rule.resources ?? [])
        for (const verb of rule.verbs) for (const name of names) add({ group, resource, name, path: undefined }, verb);
    for (const path of rule.nonResourceURLs ?? [])
      for (const verb of rule.verbs) add({ group: undefined, resource: undefined, name: undefined, path }, verb);
  }
  const text = ({ verbs, group = "", resource = "", name = "", path = "" }: Right): string =>
    `[${verbs.join(" ")}],[${group}],[${resource}],[${name}],[${path}],`;
  return [...rights.values()].sort((a, b) => (text(a) < text(b) ? -1 : text(a) > text(b) ? 1 : 0));
}

export const binding: Describer = {
  withoutEvents: true,
  lines(object) {
    const { metadata, roleRef, subjects = [] } = object as unknown as RoleBinding;
    return [
      `Name:\t${metadata.name}`,
      ...labelLines("Labels", metadata.labels),
      ...annotationLines(object),
      "Role:",
      `  Kind:\t${roleRef.kind}`,
      `  Name:\t${roleRef.name}`,
      "Subjects:",
      "  Kind\tName\tNamespace",
      "  ----\t----\t---------",
      ...subjects.map(({ kind, name, namespace = "" }) => `  ${kind}\t${name}\t${namespace}`),
    ];
  },
};
