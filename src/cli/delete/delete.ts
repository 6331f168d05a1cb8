/** `delete`: asks for the end of objects, and waits until they are gone. */
import { isNotFound } from "../../api/errors.ts";
import type { ObjectKey } from "../../api/meta/object.ts";
import type { DeleteOptions } from "../../api/types.ts";
import type { Command, Environment, Invocation } from "../command.ts";
import type { Connection } from "../connection.ts";
import { qualifiedKind } from "../discovery/resource.ts";
import { withSource } from "../apply/source-error.ts";
import { cascadeFlag, propagationOf } from "./cascade.ts";
import { CommandError, throwAll } from "../errors.ts";
import type { Flag, Flags } from "../flags.ts";
import { ask } from "../objects/ask.ts";
import { type DryRun, dryRunFlag, dryRunOf, dryRunSuffix } from "../objects/dry-run.ts";
import { findObjects } from "../objects/find-objects.ts";
import { FollowTimeout, followObject } from "../objects/follow-object.ts";
import { allFlag, allNamespacesFlag, fieldSelectorFlag, fileFlags, type Found, selectionOf, selectorFlag } from "../objects/selection.ts";
import { timeoutOf } from "../timeout.ts";

const flags: readonly Flag[] = [
  ...fileFlags,
  selectorFlag,
  fieldSelectorFlag,
  allFlag,
  allNamespacesFlag,
  dryRunFlag,
  cascadeFlag,
  { name: "force", about: "do not wait for the end of what runs: it may go on running unseen" },
  { name: "grace-period", type: "int", default: "-1", about: "seconds to end in; -1: the object's own; 0 only with --force" },
  { name: "now", about: "short for --grace-period=1" },
  { name: "ignore-not-found", about: "what is not there is no error; so it is with --all and selectors" },
  { name: "interactive", short: "i", about: "ask before anything is deleted" },
  { name: "output", short: "o", type: "string", about: "name: print type/name only" },
  { name: "raw", type: "string", about: "send DELETE to this path of the API" },
  { name: "timeout", type: "string", default: "0s", about: "how long to wait for the end; 0: as long as it takes" },
  { name: "wait", default: "true", about: "wait until the objects are gone" },
];

/** As long as anybody waits where no limit is given. */
const weekMs = 7 * 24 * 3_600_000;

export const deleteObjects: Command = {
  usage: "(-f FILENAME | TYPE [NAME... | -l LABELS | --all] | TYPE/NAME...) [flags]",
  about: "Deletes objects. What runs is asked to end and given its grace period; the command waits until it is gone.",
  examples: `# What a file names
windlass delete -f web.yaml

# Workloads and Services with a label
windlass delete all -l app=web

# A Deployment, but not its Pods
windlass delete deployment web --cascade=orphan`,
  flags,
  completes: "objects",
  async run(invocation, environment) {
    const { flags: given } = invocation;
    const plan = planOf(invocation, environment);
    const connection = await environment.connect(given);
    try {
      if (given.string("raw") !== "") return await deleteRaw(given.string("raw"), connection, environment);
      return await deleteFound(invocation, plan, connection, environment);
    } finally {
      connection.close();
    }
  },
};

interface Plan {
  readonly dryRun: DryRun;
  readonly options: DeleteOptions;
  readonly isForced: boolean;
  readonly waits: boolean;
  readonly waitMs: number;
  readonly ignoreNotFound: boolean;
  readonly nameOnly: boolean;
}

function planOf({ flags: given }: Invocation, environment: Environment): Plan {
  const chosen = given.string("selector") !== "" || given.string("field-selector") !== "";
  if (given.bool("all") && given.string("selector") !== "")
    throw new CommandError("setting 'all' parameter but found a non empty selector. ");
  if (given.bool("all") && given.string("field-selector") !== "")
    throw new CommandError("cannot set --all and --field-selector at the same time");
  if (!["", "name"].includes(given.string("output")))
    throw new CommandError(`unexpected -o output mode: ${given.string("output")}. We only support '-o name'`);
  const graceSeconds = graceOf(given);
  const timeoutMs = timeoutOf(given, "timeout");
  const isForced = given.bool("force") && graceSeconds === 0;
  if (isForced) {
    environment.stderr.write(
      "Warning: Immediate deletion does not wait for confirmation that the running resource has been terminated. The resource may continue to run on the cluster indefinitely.\n",
    );
  }
  return {
    dryRun: dryRunOf(given, environment),
    options: { propagationPolicy: propagationOf(given, environment), ...(graceSeconds >= 0 && { gracePeriodSeconds: graceSeconds }) },
    isForced,
    waits: given.bool("wait") && !(isForced && !given.given("wait")),
    waitMs: timeoutMs > 0 ? timeoutMs : weekMs,
    ignoreNotFound: given.given("ignore-not-found") ? given.bool("ignore-not-found") : given.bool("all") || chosen,
    nameOnly: given.string("output") === "name",
  };
}

function graceOf(given: Flags): number {
  const seconds = given.int("grace-period");
  if (given.bool("now")) {
    if (seconds !== -1) throw new CommandError("--now and --grace-period cannot be specified together");
    if (given.bool("force")) throw new CommandError("--force and --grace-period greater than 0 cannot be specified together");
    return 1;
  }
  if (given.bool("force")) {
    if (seconds > 0) throw new CommandError("--force and --grace-period greater than 0 cannot be specified together");
    return 0;
  }
  // Nobody loses data by a 0 that was not meant: it takes --force.
  return seconds === 0 ? 1 : seconds;
}

async function deleteFound(invocation: Invocation, plan: Plan, connection: Connection, environment: Environment): Promise<number> {
  const { flags: given, args } = invocation;
  const selection = selectionOf(args, given, flags);
  const { found, errors } = await findObjects(environment, connection, selection);
  if (given.given("namespace") && found.some(({ resource }) => resource.scope === "Cluster"))
    environment.stderr.write("Warning: deleting cluster-scoped resources, not scoped to the provided namespace\n");
  if (given.bool("interactive") && found.length > 0 && !(await agrees(found, environment))) return 0;

  const failures: Error[] = [];
  const ending: { readonly found: Found; readonly uid: string }[] = [];
  for (const each of found) {
    try {
      const uid = await deleteOne(each, plan, connection);
      environment.stdout.write(lineOf(each, plan));
      if (plan.dryRun === "none" && uid !== undefined) ending.push({ found: each, uid });
    } catch (error) {
      if (!(plan.ignoreNotFound && isNotFound(error))) failures.push(withSource("deleting", each.source, error));
    }
  }
  failures.push(...errors);
  if (found.length === 0 && failures.length === 0) environment.stdout.write("No resources found\n");
  if (plan.waits) failures.push(...(await waitForEnd(ending, plan, connection, environment)));
  throwAll(failures);
  return 0;
}

/** Resolves with the uid of what is ending; undefined for what is gone already: then the server answers with a Status (KR-39). */
async function deleteOne({ resource, namespace, name, object }: Found, plan: Plan, { client }: Connection): Promise<string | undefined> {
  const key: ObjectKey = namespace === undefined ? { name } : { namespace, name };
  if (plan.dryRun === "client") {
    if (object?.metadata.uid === undefined) await client.get(resource, key);
    return undefined;
  }
  const ending = await client.delete(resource, key, { ...plan.options, ...(plan.dryRun === "server" && { dryRun: ["All"] }) });
  return ending?.metadata.uid;
}

function lineOf({ resource, namespace, name }: Found, { dryRun, isForced, nameOnly }: Plan): string {
  const kind = qualifiedKind(resource);
  if (nameOnly) return `${kind}/${name}\n`;
  const from = namespace === undefined ? "" : ` from ${namespace} namespace`;
  return `${kind} ${JSON.stringify(name)} ${isForced ? "force deleted" : "deleted"}${from}${dryRunSuffix(dryRun)}\n`;
}

async function agrees(found: readonly Found[], environment: Environment): Promise<boolean> {
  const { stdout } = environment;
  stdout.write(`You are about to delete the following ${found.length} resource(s):\n`);
  for (const { resource, name } of found) stdout.write(`${qualifiedKind(resource)}/${name}\n`);
  if (await ask("Do you want to continue? (y/N): ", environment)) return true;
  stdout.write("deletion is cancelled\n");
  return false;
}

/** What could not be waited for. */
async function waitForEnd(
  ending: readonly { readonly found: Found; readonly uid: string }[],
  { waitMs }: Plan,
  connection: Connection,
  { world, interrupted }: Environment,
): Promise<Error[]> {
  const failures: Error[] = [];
  const deadline = world.clock.monotonic() + waitMs;
  for (const { found, uid } of ending) {
    const isGone = (object: { metadata: { uid?: string } } | undefined): boolean => object === undefined || object.metadata.uid !== uid;
    const withinMs = Math.max(0, deadline - world.clock.monotonic());
    try {
      await followObject(connection, found, isGone, { clock: world.clock, withinMs, signal: interrupted });
    } catch (error) {
      if (!(error instanceof FollowTimeout)) throw error;
      failures.push(new CommandError(`timed out waiting for the condition on ${found.resource.plural}/${found.name}`, { cause: error }));
    }
  }
  return failures;
}

async function deleteRaw(path: string, { transport }: Connection, { stdout }: Environment): Promise<number> {
  const { body } = await transport.must({ method: "DELETE", path, headers: { accept: "application/json, */*" } });
  stdout.write(body);
  return 0;
}
