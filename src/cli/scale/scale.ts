/** `scale`: how many Pods a workload is to have, through the scale subresource (KR-33). */
import { isConflict } from "../../api/errors.ts";
import type { AnyObject, ObjectKey } from "../../api/meta/object.ts";
import { sleep } from "../../base/clock.ts";
import type { Command, Environment } from "../command.ts";
import type { Connection } from "../connection.ts";
import { CommandError, failuresOf, throwAll } from "../errors.ts";
import type { Flag, Flags } from "../flags.ts";
import { changeCauseOf, recordFlag, withChangeCause } from "../objects/change-cause.ts";
import { type DryRun, dryRunFlag, dryRunOf, dryRunSuffix } from "../objects/dry-run.ts";
import { findObjects } from "../objects/find-objects.ts";
import { FollowTimeout, followObject } from "../objects/follow-object.ts";
import { allFlag, fileFlags, type Found, selectionOf, selectorFlag } from "../objects/selection.ts";
import { doneLine, printFlags, printerOf } from "../printing/printer.ts";
import { timeoutOf } from "../timeout.ts";

const flags: readonly Flag[] = [
  ...fileFlags,
  selectorFlag,
  allFlag,
  ...printFlags,
  dryRunFlag,
  recordFlag,
  { name: "replicas", type: "int", about: "how many Pods; must be given" },
  { name: "current-replicas", type: "int", default: "-1", about: "only if it is to have so many now" },
  { name: "resource-version", type: "string", about: "only if the object is at this version" },
  { name: "timeout", type: "string", default: "0s", about: "how long to wait until it has so many; 0: do not wait" },
];

/** A write that another one came before is tried again this often, for this long. */
const retryMs = 1000;
const retryForMs = 5 * 60_000;

export const scale: Command = {
  usage: "--replicas=COUNT (-f FILENAME | TYPE NAME | TYPE/NAME ...) [flags]",
  about: "Says how many Pods a Deployment, ReplicaSet, StatefulSet or ReplicationController is to have.",
  examples: `windlass scale deployment/web --replicas=5
windlass scale deployment/web --current-replicas=5 --replicas=3`,
  flags,
  completes: "objects",
  async run(invocation, environment) {
    const { flags: given, args } = invocation;
    if (!given.given("replicas")) throw new CommandError(`required flag(s) "replicas" not set`);
    if (given.int("replicas") < 0)
      throw new CommandError("The --replicas=COUNT flag is required, and COUNT must be greater than or equal to 0");
    if (given.int("current-replicas") < -1) throw new CommandError("The --current-replicas must specify an integer of -1 or greater");
    const timeoutMs = timeoutOf(given, "timeout");
    const dryRun = dryRunOf(given, environment);
    const printer = await printerOf(given, environment);
    const connection = await environment.connect(given);
    try {
      const { found, errors } = await findObjects(environment, connection, selectionOf(args, given, flags), {
        fetch: dryRun === "client" || given.bool("record") || printer !== undefined,
      });
      if (given.string("resource-version") !== "" && found.length > 1)
        throw new CommandError("cannot use --resource-version with multiple resources");
      if (found.length === 0 && errors.length === 0) throw new CommandError("no objects passed to scale");
      throwAll([
        ...errors,
        ...(await failuresOf(found, async (each) => {
          if (dryRun !== "client") await scaleOne(each, given, dryRun, connection, environment);
          if (given.bool("record") && dryRun === "none") await record(each, changeCauseOf(invocation), connection);
          // The object is printed as it was found, as kubectl has it: the answer is a Scale.
          environment.stdout.write(
            printer ? printer(each.object as AnyObject) : doneLine(each.resource, each.name, "scaled", dryRunSuffix(dryRun)),
          );
          if (timeoutMs > 0 && dryRun === "none") await waitUntilScaled(each, given.int("replicas"), timeoutMs, connection, environment);
        })),
      ]);
      return 0;
    } finally {
      connection.close();
    }
  },
};

const keyOf = ({ namespace, name }: Found): ObjectKey => (namespace === undefined ? { name } : { namespace, name });

async function scaleOne(found: Found, given: Flags, dryRun: DryRun, { client }: Connection, { world }: Environment): Promise<void> {
  const { resource } = found;
  const replicas = given.int("replicas");
  const options = { subresource: "scale", ...(dryRun === "server" && { dryRun: true }) };
  const expected = given.int("current-replicas");
  const version = given.string("resource-version");
  const deadline = world.clock.monotonic() + retryForMs;
  for (;;) {
    try {
      if (expected < 0 && version === "") {
        await client.patch(resource, keyOf(found), "merge", { spec: { replicas } }, options);
        return;
      }
      const now = await client.get<AnyObject>(resource, keyOf(found), { subresource: "scale" });
      const { replicas: current = 0 } = now["spec"] ?? {};
      if (expected >= 0 && current !== expected) throw new CommandError(`Expected replicas to be ${expected}, was ${current}`);
      if (version !== "" && now.metadata.resourceVersion !== version)
        throw new CommandError(`Expected resource version to be ${version}, was ${now.metadata.resourceVersion}`);
      const path = [
        { op: "test", path: "/metadata/resourceVersion", value: now.metadata.resourceVersion },
        { op: "replace", path: "/spec/replicas", value: replicas },
      ];
      await client.patch(resource, keyOf(found), "json", path, options);
      return;
    } catch (error) {
      if (!isConflict(error) || world.clock.monotonic() >= deadline) throw error;
      await sleep(world.clock, retryMs);
    }
  }
}

async function record(found: Found, cause: string, { client }: Connection): Promise<void> {
  const { metadata } = withChangeCause({ apiVersion: "", kind: "", metadata: {} }, cause);
  await client.patch(found.resource, keyOf(found), "merge", { metadata: { annotations: metadata.annotations } });
}

async function waitUntilScaled(
  found: Found,
  replicas: number,
  withinMs: number,
  connection: Connection,
  { world, interrupted }: Environment,
): Promise<void> {
  const isScaled = (object: AnyObject | undefined): boolean => {
    const status = object?.["status"];
    return (status?.replicas ?? 0) === replicas && (status?.observedGeneration ?? 0) >= (object?.metadata.generation ?? 0);
  };
  try {
    await followObject(connection, found, isScaled, { clock: world.clock, withinMs, signal: interrupted });
  } catch (error) {
    throw error instanceof FollowTimeout ? new CommandError(error.message, { cause: error }) : error;
  }
}
