/** `diff`: what an apply of manifests would change, line by line. The server is asked with a dry run; nothing is kept. */
import type { AnyObject, ObjectKey } from "../../api/meta/object.ts";
import { apiVersionOf } from "../../api/kind.ts";
import { parseLabelSelector } from "../../machinery/selectors.ts";
import { withLastApplied } from "../apply/last-applied.ts";
import { liveObject } from "../apply/plan.ts";
import { withSource } from "../apply/source-error.ts";
import { applyPatch } from "../apply/three-way.ts";
import type { Command, Environment } from "../command.ts";
import type { Connection } from "../connection.ts";
import { CommandError, describeError } from "../errors.ts";
import type { Flag, Flags } from "../flags.ts";
import { findObjects } from "../objects/find-objects.ts";
import { fileFlags, type Found, manifestSourcesOf, selectorFlag } from "../objects/selection.ts";
import { shown } from "../printing/printer.ts";
import { toYamlText } from "../printing/yaml.ts";
import { maskSecrets } from "./mask.ts";

const flags: readonly Flag[] = [
  ...fileFlags,
  selectorFlag,
  { name: "server-side", about: "as a server-side apply would change it" },
  { name: "force-conflicts", about: "with --server-side: take over the fields that somebody else owns" },
  { name: "field-manager", type: "string", about: "the name under which the fields would be owned" },
  { name: "show-managed-fields", about: "compare metadata.managedFields as well" },
  { name: "concurrency", type: "int", default: "1", about: "accepted", hidden: true },
  { name: "prune", about: "refused, as by apply", hidden: true },
];

/** What went wrong is told apart from a difference, which is 1 (as of `diff` itself). */
const failedCode = 2;

export const diff: Command = {
  usage: "-f FILENAME [flags]",
  about:
    "Shows what an apply of the manifests would change, as a unified difference. Ends with 0 where nothing would change, with 1 where something would, with more where that can't be told. $KUBECTL_EXTERNAL_DIFF names another program to compare with. Values of Secrets are not shown.",
  examples: `windlass diff -f web.yaml
KUBECTL_EXTERNAL_DIFF='diff -y' windlass diff -f manifests/ -R`,
  flags,
  async run({ flags: given, args, name }, environment) {
    if (args.length > 0)
      throw new CommandError(`Unexpected args: [${args.join(" ")}]\nSee '${name} -h' for help and examples`, { exitCode: failedCode });
    if (given.list("filename").length === 0 && given.string("kustomize") === "")
      throw new CommandError("must specify one of -f and -k", { exitCode: failedCode });
    const connection = await environment.connect(given);
    try {
      const { found, errors } = await findObjects(environment, connection, { args: [], files: manifestSourcesOf(given) });
      if (errors[0]) throw errors[0];
      const selector = given.string("selector");
      const matcher = selector === "" ? undefined : parseLabelSelector(selector);
      const files: Record<string, string> = {};
      for (const each of found) {
        if (matcher && !matcher.matches(each.object?.metadata.labels)) continue;
        Object.assign(files, await sidesOf(each, given, connection));
      }
      const [program = "diff", ...options] = (environment.variable("KUBECTL_EXTERNAL_DIFF") ?? "").split(" ").filter(Boolean);
      return await compare(program, options, files, environment);
    } catch (error) {
      const { text, exitCode } = describeError(error);
      environment.stderr.write(`${text}\n`);
      return Math.max(exitCode, failedCode);
    } finally {
      connection.close();
    }
  },
};

/** Before and after, as files to compare; what is not there has none. */
async function sidesOf(found: Found, given: Flags, connection: Connection): Promise<Record<string, string>> {
  const live = await liveObject(connection, found);
  const merged = await mergedObject(found, live, given, connection);
  const keepsManagedFields = given.bool("show-managed-fields");
  const text = (object: AnyObject): string => toYamlText(shown(object, keepsManagedFields));
  const [before, after] = maskSecrets(live, merged);
  const { resource, namespace, name } = found;
  const file = [apiVersionOf(resource).replace("/", "."), resource.kind, namespace ?? "", name].filter((part) => part !== "").join(".");
  return { ...(before && { [`LIVE/${file}`]: text(before) }), ...(after && { [`MERGED/${file}`]: text(after) }) };
}

async function mergedObject(found: Found, live: AnyObject | undefined, given: Flags, { client }: Connection): Promise<AnyObject> {
  const { resource, namespace, name, source } = found;
  const key: ObjectKey = namespace === undefined ? { name } : { namespace, name };
  const manifest = found.object as AnyObject;
  const manager = given.string("field-manager");
  try {
    if (given.bool("server-side")) {
      const options = { fieldManager: manager || "kubectl", force: given.bool("force-conflicts"), dryRun: true };
      return await client.patch(resource, key, "apply", manifest, options);
    }
    const options = { fieldManager: manager || "kubectl-client-side-apply", dryRun: true };
    if (!live) return withoutNote(await client.create(resource, withLastApplied(manifest), options), manifest);
    const { type, patch } = applyPatch(resource, withLastApplied(manifest), live);
    // The note of what was applied is no change that anybody wants to read.
    return Object.keys(patch).length === 0 ? live : withoutNote(await client.patch(resource, key, type, patch, options), live);
  } catch (error) {
    throw withSource("patching", source, error);
  }
}

const noteAnnotation = "kubectl.kubernetes.io/last-applied-configuration";

/** The merged object with the note of the live one. */
function withoutNote(merged: AnyObject, live: AnyObject): AnyObject {
  const note = live.metadata.annotations?.[noteAnnotation];
  const { [noteAnnotation]: _, ...annotations } = merged.metadata.annotations ?? {};
  const kept = note === undefined ? annotations : { ...annotations, [noteAnnotation]: note };
  const { annotations: __, ...metadata } = merged.metadata;
  return { ...merged, metadata: Object.keys(kept).length === 0 ? metadata : { ...metadata, annotations: kept } };
}

async function compare(
  program: string,
  options: readonly string[],
  files: Readonly<Record<string, string>>,
  environment: Environment,
): Promise<number> {
  const usual = program === "diff" && options.length === 0 ? ["-u", "-N"] : options;
  const code = await environment.runOn(files, ["LIVE", "MERGED"], program, [...usual, "LIVE", "MERGED"]);
  if (code > 1) throw new CommandError(`failed to run ${JSON.stringify(program)}: exit status ${code}`, { exitCode: code });
  return code;
}
