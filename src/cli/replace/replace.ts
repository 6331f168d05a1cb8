/** `replace`: puts objects in the place of those that are there, as a whole (KR-34). */
import { isNotFound } from "../../api/errors.ts";
import type { AnyObject, ObjectKey } from "../../api/meta/object.ts";
import { lastAppliedAnnotation, withLastApplied } from "../apply/last-applied.ts";
import { withSource } from "../apply/source-error.ts";
import { fieldValidationOf, validateFlag } from "../apply/validation.ts";
import type { Command, Environment, Invocation } from "../command.ts";
import type { Connection } from "../connection.ts";
import { saveConfigFlag } from "../create/generator.ts";
import { cascadeFlag, propagationOf } from "../delete/cascade.ts";
import { qualifiedKind } from "../discovery/resource.ts";
import { CommandError, throwAll } from "../errors.ts";
import type { Flag } from "../flags.ts";
import { changeCauseOf, recordFlag, withChangeCause } from "../objects/change-cause.ts";
import { dryRunFlag, dryRunOf, dryRunSuffix } from "../objects/dry-run.ts";
import { findObjects } from "../objects/find-objects.ts";
import { FollowTimeout, followObject } from "../objects/follow-object.ts";
import { fieldManagerFlag } from "../objects/local.ts";
import { sendRaw } from "../objects/raw.ts";
import { fileFlags, type Found, manifestSourcesOf } from "../objects/selection.ts";
import { nameLine, objectLine, printFlags, printerOf } from "../printing/printer.ts";
import { timeoutOf } from "../timeout.ts";

const flags: readonly Flag[] = [
  ...fileFlags,
  ...printFlags,
  dryRunFlag,
  fieldManagerFlag,
  validateFlag,
  saveConfigFlag,
  recordFlag,
  { name: "subresource", type: "string", about: "replace this part alone: status or scale" },
  { name: "raw", type: "string", about: "send PUT with the file to this path of the API" },
  { name: "force", about: "delete the object and make it anew" },
  cascadeFlag,
  { name: "grace-period", type: "int", default: "-1", about: "with --force: seconds that the object has to end; -1: its own" },
  { name: "timeout", type: "string", default: "0s", about: "with --force: how long to wait for its end; 0: five minutes" },
  { name: "wait", about: "accepted; with --force the end is waited for in any case", hidden: true },
];

const waitMs = 300_000;

export const replace: Command = {
  usage: "-f FILENAME [flags]",
  about: "Puts objects in the place of those that are there. What the manifest does not say is gone afterwards.",
  examples: `windlass get configmap conf -o yaml | sed 's/level: debug/level: info/' | windlass replace -f -
windlass replace --force -f pod.yaml`,
  flags,
  async run(invocation, environment) {
    const { flags: given } = invocation;
    const dryRun = dryRunOf(given, environment);
    const printer = await printerOf(given, environment);
    const isForced = given.bool("force");
    if (given.int("grace-period") >= 0 && !isForced) throw new CommandError("--grace-period must have --force specified");
    if (timeoutOf(given, "timeout") !== 0 && !isForced) throw new CommandError("--timeout must have --force specified");
    if (given.list("filename").length === 0 && given.string("kustomize") === "") throw new CommandError("must specify one of -f and -k");
    if (isForced && dryRun !== "none") throw new CommandError("--dry-run can not be used when --force is set");
    const propagationPolicy = propagationOf(given, environment);
    const connection = await environment.connect(given);
    try {
      if (given.string("raw") !== "") return await sendRaw("PUT", given, connection, environment);
      const { found, errors } = await findObjects(environment, connection, { args: [], files: manifestSourcesOf(given) });
      const failures = [...errors];
      if (isForced) await deleteAll(found, invocation, { propagationPolicy }, connection, environment);
      for (const each of found) {
        try {
          const object = meantOf(each, invocation);
          const result = dryRun === "client" ? object : await put(each, object, invocation, dryRun === "server", connection);
          environment.stdout.write(printer ? printer(result) : objectLine(result, "replaced", dryRunSuffix(dryRun)));
        } catch (error) {
          failures.push(withSource("replacing", each.source, error));
        }
      }
      if (found.length === 0 && failures.length === 0) throw new CommandError("no objects passed to replace");
      throwAll(failures);
      return 0;
    } finally {
      connection.close();
    }
  },
};

/** The manifest with what the flags add. An annotation of the last apply is kept true. */
function meantOf({ object: manifest }: Found, invocation: Invocation): AnyObject {
  const object = manifest as AnyObject;
  const remembers = invocation.flags.bool("save-config") || object.metadata.annotations?.[lastAppliedAnnotation] !== undefined;
  const saved = remembers ? withLastApplied(object) : object;
  return invocation.flags.bool("record") ? withChangeCause(saved, changeCauseOf(invocation)) : saved;
}

function put(found: Found, object: AnyObject, { flags }: Invocation, isDryRun: boolean, { client }: Connection): Promise<AnyObject> {
  const subresource = flags.string("subresource");
  const options = {
    fieldManager: flags.string("field-manager") || "kubectl-replace",
    fieldValidation: fieldValidationOf(flags),
    ...(isDryRun && { dryRun: true }),
    ...(subresource !== "" && { subresource }),
  };
  return flags.bool("force") ? client.create(found.resource, object, options) : client.update(found.resource, object, options);
}

/** Deletes what is there and waits until it is gone. */
async function deleteAll(
  found: readonly Found[],
  { flags }: Invocation,
  { propagationPolicy }: { readonly propagationPolicy: "Background" | "Foreground" | "Orphan" },
  connection: Connection,
  { stdout, world, interrupted }: Environment,
): Promise<void> {
  const graceSeconds = flags.int("grace-period");
  const options = { propagationPolicy, ...(graceSeconds >= 0 && { gracePeriodSeconds: graceSeconds }) };
  const uids = new Map<Found, string | undefined>();
  for (const each of found) {
    const { resource, namespace, name } = each;
    const key: ObjectKey = namespace === undefined ? { name } : { namespace, name };
    try {
      const ending = await connection.client.delete(resource, key, options);
      uids.set(each, ending?.metadata.uid);
    } catch (error) {
      if (isNotFound(error)) continue;
      throw withSource("deleting", each.source, error);
    }
    const from = namespace === undefined ? "" : ` from ${namespace} namespace`;
    const line = `${qualifiedKind(resource)} ${JSON.stringify(name)} deleted${from}\n`;
    stdout.write(flags.string("output") === "name" ? nameLine(each.object as AnyObject) : line);
  }
  const withinMs = timeoutOf(flags, "timeout") || waitMs;
  for (const [each, uid] of uids) {
    try {
      const isGone = (object: AnyObject | undefined): boolean => object === undefined || (uid !== undefined && object.metadata.uid !== uid);
      await followObject(connection, each, isGone, { clock: world.clock, withinMs, signal: interrupted });
    } catch (error) {
      throw error instanceof FollowTimeout ? new CommandError(error.message, { cause: error }) : error;
    }
  }
}
