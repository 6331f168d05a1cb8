/** `get`: objects as tables, YAML, JSON, names or single fields, once or as they change. */
import type { Command, Environment, Invocation } from "../command.ts";
import type { Connection } from "../connection.ts";
import { CommandError, usageError } from "../errors.ts";
import type { Flag } from "../flags.ts";
import { allNamespacesFlag, fieldSelectorFlag, fileFlags, selectionOf, selectorFlag } from "../objects/selection.ts";
import { formatOf } from "../printing/printer.ts";
import type { GetRequest } from "./request.ts";
import { findTargets } from "./targets.ts";

const flags: readonly Flag[] = [
  ...fileFlags,
  selectorFlag,
  fieldSelectorFlag,
  allNamespacesFlag,
  {
    name: "output",
    short: "o",
    type: "string",
    about:
      "wide, yaml, json, name, jsonpath=…, jsonpath-as-json=…, jsonpath-file=…, go-template=…, go-template-file=…, custom-columns=…, custom-columns-file=…",
  },
  { name: "template", type: "string", about: "the template of -o jsonpath or go-template, where it is not given with it" },
  {
    name: "allow-missing-template-keys",
    default: "true",
    about: "a field that an object does not have prints nothing instead of an error",
  },
  { name: "show-managed-fields", about: "keep metadata.managedFields in JSON and YAML" },
  { name: "no-headers", about: "leave out the line of titles" },
  { name: "show-labels", about: "a last column with all labels" },
  { name: "label-columns", short: "L", type: "list", about: "a column each for these labels" },
  { name: "show-kind", about: "names with their kind, as in pod/web" },
  { name: "sort-by", type: "string", about: "order by a field, such as .metadata.creationTimestamp" },
  { name: "ignore-not-found", about: "what is not there is no error" },
  { name: "chunk-size", type: "int", default: "500", about: "size of the pages in which lists are asked for; 0: everything at once" },
  { name: "watch", short: "w", about: "go on and print every change" },
  { name: "watch-only", about: "print changes only, not what is there" },
  { name: "output-watch-events", about: "with --watch: say with each line whether it was ADDED, MODIFIED or DELETED" },
  { name: "subresource", type: "string", about: "show a subresource, such as status or scale" },
  { name: "raw", type: "string", about: "print the answer to this path of the API as it is" },
  { name: "server-print", default: "true", about: "accepted; tables are always the server's", hidden: true },
];

export const get: Command = {
  usage: "(TYPE[,TYPE...] [NAME... | -l LABELS] | TYPE/NAME... | -f FILE | --raw PATH) [flags]",
  about: "Shows objects of a cluster: one line each, or as a whole, or single fields of them.",
  examples: `# The Pods of the namespace, with where they run
windlass get pods -o wide

# Deployments and their ReplicaSets with a label, in all namespaces
windlass get deployments,replicasets -l app=web -A

# The images of a Deployment
windlass get deployment web -o jsonpath='{.spec.template.spec.containers[*].image}'

# Names and images, as a table of one's own
windlass get pods -o custom-columns=NAME:.metadata.name,IMAGE:.spec.containers[0].image

# Pods as they change
windlass get pods -l app=web -w`,
  flags,
  completes: "objects",
  async run(invocation, environment) {
    const connection = await environment.connect(invocation.flags);
    const raw = invocation.flags.string("raw");
    if (raw !== "") return printRaw(raw, invocation, environment, connection);
    const request = await requestOf(invocation, environment, connection);
    if (invocation.flags.bool("watch") || invocation.flags.bool("watch-only"))
      return (await import("./watch.ts")).watchObjects(request, environment, connection);
    if (["", "wide"].includes(request.format)) return (await import("./print-tables.ts")).printTables(request, environment, connection);
    return (await import("./print-objects.ts")).printObjects(request, environment, connection);
  },
};

async function requestOf(invocation: Invocation, environment: Environment, connection: Connection): Promise<GetRequest> {
  const given = invocation.flags;
  const selection = selectionOf(invocation.args, given, flags);
  const [format, argument = given.string("template")] = formatOf(given);
  if (given.bool("show-labels") && !["", "wide"].includes(format))
    throw new CommandError("--show-labels option cannot be used with " + `${format} printer`);
  if (given.bool("output-watch-events") && !given.bool("watch") && !given.bool("watch-only"))
    throw new CommandError("--output-watch-events option can only be used with --watch or --watch-only");
  const hasFiles = (selection.files?.filenames.length ?? 0) > 0 || selection.files?.kustomize;
  if (invocation.args.length === 0 && !hasFiles) {
    const [program] = invocation.name.split(/ (?=\S+$)/);
    environment.stderr.write(
      `You must specify the type of resource to get. Use "${program} api-resources" for a complete list of supported resources.\n\n`,
    );
    const explain = `Use "${program} explain <resource>" for a detailed description of that resource (e.g. ${program} explain pods).`;
    throw usageError(invocation.name, `error: Required resource not specified.\n${explain}`);
  }
  const targets = await findTargets(environment, connection, selection);
  return { targets, format, argument, flags: given, allNamespaces: given.bool("all-namespaces") };
}

async function printRaw(path: string, { args, name }: Invocation, { stdout }: Environment, { transport }: Connection): Promise<number> {
  if (args.length > 0) throw usageError(name, "arguments may not be passed when --raw is specified");
  if (!path.startsWith("/")) throw new CommandError("--raw takes a path that begins with a slash");
  const { body } = await transport.must({ method: "GET", path, headers: { accept: "application/json, */*" } });
  stdout.write(body);
  return 0;
}
