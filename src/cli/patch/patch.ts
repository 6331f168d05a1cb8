/** `patch`: changes the fields of objects that a patch names (KR-34). */
import type { AnyObject, ObjectKey } from "../../api/meta/object.ts";
import { deepEqual } from "../../machinery/equality.ts";
import { applyJsonPatch } from "../../machinery/json-patch.ts";
import { applyMergePatch } from "../../machinery/merge-patch.ts";
import { applyStrategicMerge } from "../../machinery/strategic-merge.ts";
import type { Command, Environment, Invocation } from "../command.ts";
import type { Connection } from "../connection.ts";
import { CommandError, failuresOf, throwAll } from "../errors.ts";
import type { Flag, Flags } from "../flags.ts";
import { changeCauseOf, recordFlag, withChangeCause } from "../objects/change-cause.ts";
import { dryRunFlag, dryRunOf } from "../objects/dry-run.ts";
import { findObjects } from "../objects/find-objects.ts";
import { fieldManagerFlag, localFlag, localObjects } from "../objects/local.ts";
import { schemaNameOf } from "../objects/schema-name.ts";
import { fileFlags, type Found, manifestSourcesOf, selectionOf } from "../objects/selection.ts";
import { objectLine, printFlags, printerOf } from "../printing/printer.ts";

const flags: readonly Flag[] = [
  ...fileFlags,
  ...printFlags,
  dryRunFlag,
  localFlag,
  fieldManagerFlag,
  recordFlag,
  { name: "patch", short: "p", type: "string", about: "the patch, as JSON or YAML" },
  { name: "patch-file", type: "string", about: "file with the patch" },
  {
    name: "type",
    type: "string",
    default: "strategic",
    about: "strategic (lists are merged by their keys), merge (lists are replaced) or json (a list of operations)",
  },
  { name: "subresource", type: "string", about: "patch this part alone: status, scale or resize" },
];

const types = ["json", "merge", "strategic"] as const;
type PatchType = (typeof types)[number];

export const patch: Command = {
  usage: "(-f FILENAME | TYPE NAME | TYPE/NAME ...) (-p PATCH | --patch-file FILE) [--type TYPE] [flags]",
  about: "Changes the fields of objects that the patch names, and leaves the others alone.",
  examples: `# Another number of replicas
windlass patch deployment web -p '{"spec":{"replicas":3}}'

# A container by its name, an operation on a list
windlass patch deployment web -p '{"spec":{"template":{"spec":{"containers":[{"name":"web","image":"nginx:1.18"}]}}}}'
windlass patch pod web --type=json -p '[{"op":"replace","path":"/spec/containers/0/image","value":"nginx:1.18"}]'`,
  flags,
  completes: "objects",
  async run(invocation, environment) {
    const { flags: given, args } = invocation;
    const dryRun = dryRunOf(given, environment);
    const printer = await printerOf(given, environment);
    const request = await requestOf(invocation, environment);
    const isLocal = given.bool("local");
    if (isLocal && args.length > 0) throw new CommandError("cannot specify --local and server resources");
    if (isLocal && dryRun === "server")
      throw new CommandError("cannot specify --local and --dry-run=server - did you mean --dry-run=client?");
    const connection = isLocal ? undefined : await environment.connect(given);
    try {
      const { found, errors } = connection
        ? await findObjects(environment, connection, selectionOf(args, given, flags), { fetch: request.subresource === "" })
        : { found: await localObjects(environment, { args, files: manifestSourcesOf(given) }), errors: [] };
      const failures = [
        ...errors,
        ...(await failuresOf(found, async (each) => {
          const before = each.object ?? (await read(each, request, connection as Connection));
          const after =
            connection && dryRun !== "client"
              ? await send(each, request, given, dryRun === "server", connection)
              : patched(before, each, request);
          const done = deepEqual(before, after) ? "patched (no change)" : "patched";
          environment.stdout.write(printer ? printer(after) : objectLine(after, done));
        })),
      ];
      if (found.length === 0 && failures.length === 0) throw new CommandError("no objects passed to patch");
      throwAll(failures);
      return 0;
    } finally {
      connection?.close();
    }
  },
};

interface PatchRequest {
  readonly type: PatchType;
  readonly patch: unknown;
  /** "" for the object itself. */
  readonly subresource: string;
  readonly cause: string | undefined;
}

async function requestOf(invocation: Invocation, { files }: Environment): Promise<PatchRequest> {
  const { flags: given } = invocation;
  const subresource = given.string("subresource");
  const [text, file] = [given.string("patch"), given.string("patch-file")];
  if (text !== "" && file !== "") throw new CommandError("cannot specify --patch and --patch-file together");
  if (text === "" && file === "") throw new CommandError("must specify --patch or --patch-file containing the contents of the patch");
  const type = types.find((each) => each === given.string("type").toLowerCase());
  if (!type) throw new CommandError(`--type must be one of [${types.join(" ")}], not ${JSON.stringify(given.string("type"))}`);
  const { parseYaml, YamlError } = await import("../../machinery/yaml.ts");
  try {
    const patch = parseYaml(file === "" ? text : await textOfFile(file, files));
    return { type, patch, subresource, cause: given.bool("record") ? changeCauseOf(invocation) : undefined };
  } catch (error) {
    if (!(error instanceof YamlError)) throw error;
    throw new CommandError(`unable to parse ${JSON.stringify(text)}: yaml: ${error.message}`, { cause: error });
  }
}

async function textOfFile(path: string, files: Environment["files"]): Promise<string> {
  try {
    return new TextDecoder().decode(await files.read(path));
  } catch (error) {
    throw new CommandError(`unable to read patch file: ${(error as Error).message}`, { cause: error });
  }
}

const keyOf = ({ namespace, name }: Found): ObjectKey => (namespace === undefined ? { name } : { namespace, name });

const read = (found: Found, { subresource }: PatchRequest, { client }: Connection): Promise<AnyObject> =>
  client.get(found.resource, keyOf(found), { subresource });

async function send(found: Found, request: PatchRequest, given: Flags, isDryRun: boolean, { client }: Connection): Promise<AnyObject> {
  const options = {
    fieldManager: given.string("field-manager") || "kubectl-patch",
    ...(isDryRun && { dryRun: true }),
    ...(request.subresource !== "" && { subresource: request.subresource }),
  };
  const result = await client.patch(found.resource, keyOf(found), request.type, request.patch, options);
  if (request.cause === undefined) return result;
  const { annotations } = withChangeCause({ apiVersion: "", kind: "", metadata: {} }, request.cause).metadata;
  return client.patch(found.resource, keyOf(found), "merge", { metadata: { annotations } }, options);
}

/** What would come of it, where no server is asked. Throws what makes no sense. */
function patched(object: AnyObject, { resource }: Found, { type, patch }: PatchRequest): AnyObject {
  if (type === "json") return applyJsonPatch(object, patch) as AnyObject;
  if (type === "merge") return applyMergePatch(object, patch) as AnyObject;
  const schema = schemaNameOf(resource);
  if (schema === undefined) throw new CommandError(`cannot apply strategic merge patch for ${resource.kind} locally, try --type merge`);
  return applyStrategicMerge(object, patch, schema) as AnyObject;
}
