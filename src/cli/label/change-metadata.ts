/** What `label` and `annotate` have in common: pairs in the metadata that are set, changed and taken away (KR-35). */
import type { AnyObject } from "../../api/meta/object.ts";
import type { Command, Environment, Invocation } from "../command.ts";
import { CommandError, throwAll } from "../errors.ts";
import type { Flag } from "../flags.ts";
import { changeCauseAnnotation, changeCauseOf, recordFlag, withChangeCause } from "../objects/change-cause.ts";
import { dryRunFlag } from "../objects/dry-run.ts";
import { type Change, changeObjects, fieldManagerFlag, localFlag } from "../objects/local.ts";
import { allFlag, allNamespacesFlag, fieldSelectorFlag, fileFlags, selectionOf, selectorFlag } from "../objects/selection.ts";
import { printFlags } from "../printing/printer.ts";
import { type Assignments, parseAssignments, splitWords } from "./assignments.ts";

export interface MetadataVerb {
  /** `labels` or `annotations`. */
  readonly field: "labels" | "annotations";
  /** `label` or `annotation`. */
  readonly noun: string;
  /** `labeled`, `unlabeled`, `not labeled`; `annotated`. */
  done(change: PairsChange): string;
  /** Says so on stdout where a pair to be taken away is not there. */
  readonly tellsMissing: boolean;
  readonly fieldManager: string;
  /** Throws `CommandError` for pairs that make no sense. */
  check(assignments: Assignments): void;
}

/** What became of an object's pairs. */
interface PairsChange {
  readonly isChanged: boolean;
  readonly isSmaller: boolean;
  readonly overwrites: boolean;
}

const flags: readonly Flag[] = [
  ...fileFlags,
  selectorFlag,
  fieldSelectorFlag,
  allFlag,
  allNamespacesFlag,
  ...printFlags,
  dryRunFlag,
  localFlag,
  fieldManagerFlag,
  recordFlag,
  { name: "overwrite", about: "change pairs that are there already" },
  { name: "list", about: "print the pairs instead of changing any" },
  { name: "resource-version", type: "string", about: "only if the object is at this version" },
];

/** The command of one of the two. */
export const metadataCommand = (verb: MetadataVerb, texts: Pick<Command, "usage" | "about" | "examples">): Command => ({
  ...texts,
  flags,
  completes: "objects",
  run: (invocation, environment) => run(verb, invocation, environment),
});

async function run(verb: MetadataVerb, invocation: Invocation, environment: Environment): Promise<number> {
  const { flags: given } = invocation;
  const { resources, changes } = splitWords(invocation.args);
  const assignments = parseAssignments(changes, verb.noun);
  const isListing = given.bool("list");
  const hasFiles = given.list("filename").length > 0;
  if (resources.length === 0 && !hasFiles)
    throw new CommandError("one or more resources must be specified as <resource> <name> or <resource>/<name>");
  if (changes.length === 0 && !isListing) throw new CommandError(`at least one ${verb.noun} update is required`);
  verb.check(assignments);
  const version = given.string("resource-version");
  const cause = given.bool("record") ? changeCauseOf(invocation) : undefined;
  const connection = given.bool("local") ? undefined : await environment.connect(given);
  try {
    if (isListing && connection) return await list(verb, resources, invocation, environment, connection);
    const failures = await changeObjects({
      environment,
      connection,
      flags: given,
      selection: selectionOf(resources, given, flags),
      fieldManager: verb.fieldManager,
      saysUnchanged: true,
      done({ object }) {
        const before = textOf((object as AnyObject).metadata[verb.field]);
        const after = textOf(pairsAfter(object as AnyObject, verb, assignments));
        const overwrites = given.bool("overwrite");
        return verb.done({ isChanged: after !== before, isSmaller: after.length < before.length, overwrites });
      },
      change(object) {
        if (!given.bool("overwrite")) refuseOverwrite(object, verb, assignments);
        if (verb.tellsMissing) tellMissing(object, verb, assignments, environment);
        return changeOf(object, verb, assignments, { cause, version });
      },
    });
    throwAll(failures);
    return 0;
  } finally {
    connection?.close();
  }
}

const pairsOf = (object: AnyObject, { field }: MetadataVerb): Readonly<Record<string, string>> => object.metadata[field] ?? {};

function refuseOverwrite(object: AnyObject, verb: MetadataVerb, { set }: Assignments): void {
  const present = pairsOf(object, verb);
  for (const [key, value] of Object.entries(set)) {
    // The next release has another cause, and nobody is asked to insist on that.
    if (key === changeCauseAnnotation) continue;
    if (Object.hasOwn(present, key) && present[key] !== value) {
      throw new CommandError(
        verb.field === "labels"
          ? `'${key}' already has a value (${present[key]}), and --overwrite is false`
          : `--overwrite is false but found the following declared annotation(s): '${key}' already has a value (${present[key]})`,
      );
    }
  }
}

function tellMissing(object: AnyObject, verb: MetadataVerb, { remove }: Assignments, { stdout }: Environment): void {
  for (const key of remove)
    if (!Object.hasOwn(pairsOf(object, verb), key)) stdout.write(`${verb.noun} ${JSON.stringify(key)} not found.\n`);
}

/** Pairs as the object has them in JSON: kubectl judges by that whether they changed, and which way. */
const textOf = (pairs: Readonly<Record<string, string>> | undefined): string => (pairs ? JSON.stringify(Object.entries(pairs).sort()) : "");

function pairsAfter(object: AnyObject, verb: MetadataVerb, { set, remove }: Assignments): Record<string, string> {
  const pairs = Object.entries({ ...pairsOf(object, verb), ...set });
  return Object.fromEntries(pairs.filter(([key]) => !remove.includes(key)));
}

function changeOf(
  object: AnyObject,
  verb: MetadataVerb,
  assignments: Assignments,
  { cause, version }: { readonly cause: string | undefined; readonly version: string },
): Change | undefined {
  const { set, remove } = assignments;
  const present = pairsOf(object, verb);
  const patch: Record<string, string | null> = {};
  for (const [key, value] of Object.entries(set)) if (present[key] !== value) patch[key] = value;
  for (const key of remove) if (Object.hasOwn(present, key)) patch[key] = null;
  if (Object.keys(patch).length === 0) return undefined;
  const changed: AnyObject = { ...object, metadata: { ...object.metadata, [verb.field]: pairsAfter(object, verb, assignments) } };
  // At another version than the one that was named, the server refuses.
  const metadata: Record<string, unknown> = { [verb.field]: patch, ...(version !== "" && { resourceVersion: version }) };
  if (cause !== undefined) {
    const { annotations } = withChangeCause({ apiVersion: "", kind: "", metadata: {} }, cause).metadata;
    metadata["annotations"] = { ...(metadata["annotations"] as object | undefined), ...annotations };
  }
  return { type: "merge", patch: { metadata }, changed };
}

async function list(
  verb: MetadataVerb,
  resources: readonly string[],
  { flags: given }: Invocation,
  environment: Environment,
  connection: NonNullable<Parameters<typeof changeObjects>[0]["connection"]>,
): Promise<number> {
  const { findObjects } = await import("../objects/find-objects.ts");
  const { found, errors } = await findObjects(environment, connection, selectionOf(resources, given, flags), { fetch: true });
  for (const { object, resource, name } of found) {
    if (found.length > 1) environment.stdout.write(`Listing ${verb.field} for ${resource.kind}.${resource.group}/${name}:\n`);
    const pairs = Object.entries(pairsOf(object as AnyObject, verb)).sort(([a], [b]) => (a < b ? -1 : 1));
    for (const [key, value] of pairs) environment.stdout.write(`${found.length > 1 ? " " : ""}${key}=${value}\n`);
  }
  throwAll(errors);
  return 0;
}
