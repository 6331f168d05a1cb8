/** `auth`: what one may do, and who one is, in the server's eyes. */
import type { KindRef } from "../../api/kind.ts";
import type { AnyObject } from "../../api/meta/object.ts";
import type { Command, CommandGroup, Environment } from "../command.ts";
import type { Connection } from "../connection.ts";
import { NoResourceError, type Resource } from "../discovery/resource.ts";
import { usageError } from "../errors.ts";
import type { Flags } from "../flags.ts";
import { allNamespacesFlag } from "../objects/selection.ts";
import { alignColumns } from "../printing/columns.ts";
import { printerOf, printFlags } from "../printing/printer.ts";

const review = (group: string, kind: string, plural: string): KindRef => ({ group, version: "v1", kind, plural, scope: "Cluster" });
const accessReview = review("authorization.k8s.io", "SelfSubjectAccessReview", "selfsubjectaccessreviews");
const rulesReview = review("authorization.k8s.io", "SelfSubjectRulesReview", "selfsubjectrulesreviews");
const selfReview = review("authentication.k8s.io", "SelfSubjectReview", "selfsubjectreviews");

const canI: Command = {
  usage: "VERB (TYPE | TYPE/NAME | URL) [flags]",
  about: "Asks the server whether you, or who you act as, may do something. Prints yes or no; the exit code of no is 1.",
  examples:
    "# May I delete Deployments here?\nwindlass auth can-i delete deployments\n\n# Everything that a service account may do\nwindlass auth can-i --list --as=system:serviceaccount:shop:default",
  flags: [
    allNamespacesFlag,
    { name: "list", about: "everything that is allowed in the namespace" },
    { name: "no-headers", about: "with --list: leave out the line of titles" },
    { name: "quiet", short: "q", about: "print nothing; the exit code tells" },
    { name: "subresource", type: "string", about: "a subresource, such as log or scale" },
  ],
  async run(invocation, environment) {
    const { args, flags, name } = invocation;
    const connection = await environment.connect(flags);
    if (flags.bool("list")) return listRules(connection, flags, environment);
    const [verb, what, ...more] = args;
    if (verb === undefined || what === undefined || more.length > 1)
      throw usageError(name, "you must specify two arguments: verb resource or verb resource/resourceName.");
    const spec = what.startsWith("/")
      ? { nonResourceAttributes: { path: what, verb } }
      : { resourceAttributes: await attributesOf(verb, what, more[0], connection, flags, environment) };
    const answer = await connection.client.create(accessReview, reviewObject(accessReview, spec));
    const { allowed = false, reason = "", evaluationError = "" } = answer["status"] ?? {};
    if (!flags.bool("quiet")) {
      const why = `${reason === "" ? "" : ` - ${reason}`}${evaluationError === "" ? "" : ` - ${evaluationError}`}`;
      environment.stdout.write(allowed ? "yes\n" : `no${why}\n`);
    }
    return allowed ? 0 : 1;
  },
};

async function attributesOf(
  verb: string,
  what: string,
  extra: string | undefined,
  connection: Connection,
  flags: Flags,
  { stderr }: Environment,
): Promise<object> {
  const [type = "", named] = what.split("/");
  let resource: Resource | undefined;
  try {
    resource = type === "*" ? undefined : await connection.resources.find(type);
  } catch (error) {
    if (!(error instanceof NoResourceError)) throw error;
    stderr.write(`Warning: the server doesn't have a resource type '${type}'\n\n`);
  }
  if (resource?.scope === "Cluster")
    stderr.write(
      `Warning: resource '${resource.plural}' is not namespace scoped${resource.group === "" ? "" : ` in group '${resource.group}'`}\n\n`,
    );
  const [plain = "", ...group] = type.split(".");
  return {
    verb,
    group: resource?.group ?? group.join("."),
    resource: resource?.plural ?? plain,
    ...(resource && { version: "*" }),
    ...(!flags.bool("all-namespaces") && resource?.scope !== "Cluster" && { namespace: connection.namespace }),
    ...((named ?? extra) !== undefined && { name: named ?? extra }),
    ...(flags.string("subresource") !== "" && { subresource: flags.string("subresource") }),
  };
}

async function listRules({ client, namespace }: Connection, flags: Flags, { stdout, stderr }: Environment): Promise<number> {
  const answer = await client.create(rulesReview, reviewObject(rulesReview, { namespace }));
  const { resourceRules = [], nonResourceRules = [], incomplete, evaluationError = "" } = answer["status"] ?? {};
  if (incomplete) stderr.write(`warning: the list may be incomplete: ${evaluationError}\n`);
  const list = (items: readonly string[] = []): string => `[${items.join(" ")}]`;
  const lines: string[][] = [];
  for (const rule of resourceRules) {
    const groups: string[] = rule.apiGroups ?? [""];
    for (const group of groups)
      for (const resource of rule.resources ?? [])
        lines.push([group === "" ? resource : `${resource}.${group}`, "[]", list(rule.resourceNames), list(rule.verbs)]);
  }
  for (const rule of nonResourceRules) for (const url of rule.nonResourceURLs ?? []) lines.push(["", list([url]), "[]", list(rule.verbs)]);
  stdout.write(alignColumns(flags.bool("no-headers") ? lines : [["Resources", "Non-Resource URLs", "Resource Names", "Verbs"], ...lines]));
  return 0;
}

const whoami: Command = {
  usage: "[flags]",
  about: "Says as whom the server knows you.",
  flags: printFlags,
  async run({ args, flags, name }, environment) {
    if (args.length > 0) throw usageError(name, `unexpected arguments: [${args.join(" ")}]`);
    const printer = await printerOf(flags, environment);
    const { client } = await environment.connect(flags);
    const answer = await client.create(selfReview, reviewObject(selfReview, undefined));
    if (printer) {
      environment.stdout.write(printer(answer));
      return 0;
    }
    const { username = "", uid, groups, extra } = answer["status"]?.userInfo ?? {};
    const list = (items: readonly string[]): string => `[${items.join(" ")}]`;
    const lines = [
      ["ATTRIBUTE", "VALUE"],
      ["Username", username],
    ];
    if (uid) lines.push(["UID", uid]);
    if (groups?.length) lines.push(["Groups", list(groups)]);
    for (const key of Object.keys(extra ?? {}).sort()) lines.push([`Extra: ${key}`, list(extra[key])]);
    environment.stdout.write(alignColumns(lines));
    return 0;
  },
};

function reviewObject(kind: KindRef, spec: object | undefined): AnyObject {
  return { apiVersion: `${kind.group}/${kind.version}`, kind: kind.kind, metadata: {}, ...(spec && { spec }) };
}

const section = "Questions";

export const auth: CommandGroup = {
  about: "What you may do, and who you are, in the server's eyes.",
  commands: [
    { name: "can-i", section, summary: "ask whether something is allowed", load: async () => canI },
    { name: "whoami", section, summary: "ask as whom the server knows you", load: async () => whoami },
  ],
};
