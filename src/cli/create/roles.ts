/** `create role` and `create clusterrole`: rights, in rules. */
import { NoResourceError } from "../discovery/resource.ts";
import { CommandError } from "../errors.ts";
import type { Flag, Flags } from "../flags.ts";
import type { Generator, GenerateRequest } from "./generator.ts";
import { matchLabelsOf } from "./labels.ts";

const group = "rbac.authorization.k8s.io";
const ruleFlags: readonly Flag[] = [
  { name: "verb", type: "list", about: "what may be done: get, list, watch, create, update, patch, delete, …" },
  { name: "resource", type: "list", about: "with what: pods, deployments.apps, pods/log" },
  { name: "resource-name", type: "array", about: "only with the objects of this name; may be given several times" },
];

export const role: Generator = {
  kind: { group, version: "v1", kind: "Role", plural: "roles", scope: "Namespaced" },
  usage: "NAME --verb=VERB --resource=RESOURCE[.GROUP][/SUBRESOURCE] [--resource-name=NAME] [flags]",
  about: "Makes a Role: what may be done in one namespace.",
  examples: "windlass create role pod-reader --verb=get,list,watch --resource=pods,pods/log",
  flags: ruleFlags,
  refusal: "",
  async generate(request) {
    const { name, flags, environment } = request;
    const verbs = verbsOf(flags);
    if (verbs.length === 0) throw new CommandError("at least one verb must be specified");
    warnOfVerbs(verbs, environment);
    if (flags.list("resource").length === 0) throw new CommandError("at least one resource must be specified");
    return { metadata: { name }, rules: await resourceRules(request, verbs) };
  },
};

export const clusterRole: Generator = {
  kind: { group, version: "v1", kind: "ClusterRole", plural: "clusterroles", scope: "Cluster" },
  usage: "NAME --verb=VERB (--resource=RESOURCE[.GROUP][/SUBRESOURCE] | --non-resource-url=PATH) [flags]",
  about: "Makes a ClusterRole: what may be done everywhere, or a sum of others.",
  examples: `windlass create clusterrole node-reader --verb=get,list --resource=nodes
windlass create clusterrole sum --aggregation-rule=rbac.example.com/part=sum`,
  flags: [
    ...ruleFlags,
    { name: "non-resource-url", type: "list", about: "with this path of the API that is no resource" },
    { name: "aggregation-rule", type: "list", about: "the sum of the ClusterRoles with these labels, as KEY=VALUE" },
  ],
  refusal: "",
  async generate(request) {
    const { name, flags, environment } = request;
    const verbs = verbsOf(flags);
    const paths = [...new Set(flags.list("non-resource-url"))];
    const resources = flags.list("resource");
    const sum = flags.list("aggregation-rule");
    if (sum.length > 0) {
      if (paths.length + verbs.length + resources.length + flags.list("resource-name").length > 0)
        throw new CommandError("aggregation rule must be specified without nonResourceURLs, verbs, resources or resourceNames");
      const matchLabels = Object.assign({}, ...sum.map(matchLabelsOf));
      return { metadata: { name }, rules: null, aggregationRule: { clusterRoleSelectors: [{ matchLabels }] } };
    }
    if (verbs.length === 0) throw new CommandError("at least one verb must be specified");
    if (resources.length + paths.length === 0) throw new CommandError("one of resource or nonResourceURL must be specified");
    if (resources.length > 0) warnOfVerbs(verbs, environment);
    const rules = await resourceRules(request, verbs);
    if (paths.length > 0) checkPaths(paths, verbs);
    return { metadata: { name }, rules: [...rules, ...(paths.length > 0 ? [{ verbs, nonResourceURLs: paths }] : [])] };
  },
};

function verbsOf(flags: Flags): string[] {
  const verbs = [...new Set(flags.list("verb"))];
  return verbs.includes("*") ? ["*"] : verbs;
}

const standardVerbs = new Set(
  "* get delete list create update patch watch proxy deletecollection use bind escalate impersonate".split(" "),
);

function warnOfVerbs(verbs: readonly string[], { stderr }: GenerateRequest["environment"]): void {
  for (const verb of verbs) if (!standardVerbs.has(verb)) stderr.write(`Warning: '${verb}' is not a standard resource verb\n`);
}

/** Verbs that are there for some resources only. */
const specialVerbs: Readonly<Record<string, readonly string[]>> = {
  use: ["podsecuritypolicies.policy", "podsecuritypolicies.extensions"],
  bind: [`roles.${group}`, `clusterroles.${group}`],
  escalate: [`roles.${group}`, `clusterroles.${group}`],
  impersonate: ["users.", "serviceaccounts.", "groups.", "userextras.authentication.k8s.io"],
};

/** A rule for each group, in the order of their names. Throws `CommandError`, `NoResourceError`. */
async function resourceRules({ flags, connection }: GenerateRequest, verbs: readonly string[]): Promise<object[]> {
  const names = [...new Set(flags.list("resource-name"))];
  const byGroup = new Map<string, string[]>();
  for (const text of flags.list("resource")) {
    const [named = "", subresource] = cut(text, "/");
    const [plain, ofGroup = ""] = cut(named, ".");
    if (plain === "") throw new CommandError("resource must be specified if apiGroup/subresource specified");
    if (plain === "*" && text === "*") {
      byGroup.clear();
      byGroup.set("", ["*"]);
      break;
    }
    const found = await resourceOf(plain, ofGroup, verbs, connection);
    const list = byGroup.get(found.group) ?? [];
    const resource = subresource === undefined || subresource === "" ? found.plural : `${found.plural}/${subresource}`;
    if (!list.includes(resource)) list.push(resource);
    byGroup.set(found.group, list);
  }
  return [...byGroup]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([apiGroup, resources]) => ({
      verbs,
      apiGroups: [apiGroup],
      resources,
      ...(names.length > 0 && { resourceNames: names }),
    }));
}

async function resourceOf(
  plain: string,
  ofGroup: string,
  verbs: readonly string[],
  { resources }: GenerateRequest["connection"],
): Promise<{ readonly group: string; readonly plural: string }> {
  if (plain === "*") return { group: ofGroup, plural: plain };
  let problem: unknown;
  const found: { readonly group: string; readonly plural: string } = await resources
    .find(ofGroup === "" ? plain : `${plain}.${ofGroup}`)
    .catch((error: unknown) => {
      problem = error;
      return { group: ofGroup, plural: plain };
    });
  for (const verb of verbs) {
    const special = specialVerbs[verb];
    if (!special) continue;
    if (!special.includes(`${found.plural}.${found.group}`))
      throw new CommandError(`can not perform '${verb}' on '${found.plural}' in group '${found.group}'`);
    problem = undefined;
  }
  // Told as one of several, which kubectl makes of it: without `error: `.
  if (problem instanceof NoResourceError) throw new AggregateError([new CommandError(problem.message, { cause: problem })]);
  if (problem !== undefined) throw problem;
  return found;
}

function checkPaths(paths: readonly string[], verbs: readonly string[]): void {
  for (const verb of verbs)
    if (!["*", "get", "put", "post", "head", "options", "delete", "patch"].includes(verb))
      throw new CommandError(`invalid verb: '${verb}' for nonResourceURL`);
  for (const path of paths) {
    if (path === "*") continue;
    if (!path.startsWith("/")) throw new CommandError("nonResourceURL should start with /");
    if (path.slice(0, -1).includes("*")) throw new CommandError("nonResourceURL only supports wildcard matches when '*' is at the end");
  }
}

function cut(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}
