/** `rollout status`: follows a rollout to its end in kubectl's lines, and says on stderr what is in its way. */
import type { AnyObject } from "../../api/meta/object.ts";
import { workloadKindOf } from "../../release/workload-kinds.ts";
import type { Command, Environment, Invocation } from "../command.ts";
import type { Connection } from "../connection.ts";
import { CommandError, failuresOf, throwAll } from "../errors.ts";
import type { Flag } from "../flags.ts";
import { findObjects } from "../objects/find-objects.ts";
import { FollowTimeout, followObject } from "../objects/follow-object.ts";
import { fileFlags, type Found, selectionOf, selectorFlag } from "../objects/selection.ts";
import { timeoutOf } from "../timeout.ts";
import { rolledBackCode } from "./exit-codes.ts";
import { givenUpRelease } from "./rolled-back.ts";
import { type StatusText, statusTexts } from "./status-text.ts";
import { tellTrouble } from "./trouble.ts";

const flags: readonly Flag[] = [
  ...fileFlags,
  selectorFlag,
  { name: "watch", short: "w", default: "true", about: "follow it to its end" },
  { name: "timeout", type: "string", default: "0s", about: "how long to follow it; 0: as long as it takes" },
  { name: "revision", type: "int", default: "0", about: "only this revision: another one is an error" },
  {
    name: "fail-fast",
    about:
      "end with code 10 as soon as it is certain that it can't succeed without a change, and with 15 where it was rolled back by itself",
  },
  { name: "explain", default: "true", about: "say on standard error what is in its way" },
];

export const rolloutStatus: Command = {
  usage: "(TYPE NAME | TYPE/NAME ... | -l LABELS) [flags]",
  about:
    "Follows rollouts until they have ended. The lines on standard output are kubectl's; what is in the way of the rollout is said on standard error as soon as it is known, with the command that leads out.",
  examples: `windlass rollout status deployment/web

# In CI: end as soon as the outcome is certain, at the latest after five minutes
windlass rollout status deployment/web --fail-fast --timeout=5m`,
  flags,
  completes: "workloads",
  async run(invocation, environment) {
    const { flags: given, args } = invocation;
    const withinMs = timeoutOf(given, "timeout");
    if (given.int("revision") < 0) throw new CommandError(`revision must be a positive integer: ${given.int("revision")}`);
    if (args.length === 0 && given.list("filename").length === 0 && given.string("kustomize") === "")
      throw new CommandError("required resource not specified");
    const connection = await environment.connect(given);
    try {
      const { found, errors } = await findObjects(environment, connection, { ...selectionOf(args, given, flags), namelessMeansAll: true });
      if (found.length === 0 && errors.length === 0) {
        environment.stderr.write(`No resources found in ${connection.namespace} namespace.\n`);
        return 0;
      }
      throwAll([
        ...errors,
        ...(await failuresOf(found, async (each) => {
          await follow(each, withinMs, invocation, environment, connection);
        })),
      ]);
      return 0;
    } finally {
      connection.close();
    }
  },
};

async function follow(
  found: Found,
  withinMs: number,
  { flags: given }: Invocation,
  environment: Environment,
  connection: Connection,
): Promise<void> {
  const { resource, name, namespace } = found;
  const textOf = statusTexts[resource.kind];
  const kind = workloadKindOf(resource);
  if (!textOf || !kind) throw new CommandError(`no status viewer has been implemented for ${resource.kind}`);
  const revision = given.int("revision");
  const key = namespace === undefined ? { name } : { namespace, name };
  if (!given.bool("watch")) {
    const object = await connection.client.get(resource, key);
    environment.stdout.write(`${textOf(object, revision).text}\n`);
    return;
  }
  const following = followToEnd(found, textOf, withinMs, revision, environment, connection);
  if (!given.bool("explain") && !given.bool("fail-fast")) return following;
  const trouble = tellTrouble(environment, connection, { kind, key }, given);
  try {
    await (given.bool("fail-fast") ? Promise.race([following, trouble.certain]) : following);
    await tellGivenUp(await connection.client.get(resource, key), given.bool("fail-fast"), environment, connection);
  } finally {
    trouble.close();
    // Whoever lost the race has nobody who waits for it.
    following.catch(() => {});
  }
}

/** What is complete now may be the way back: who waited for another release must hear of it. */
async function tellGivenUp(object: AnyObject, isError: boolean, { stderr }: Environment, { client }: Connection): Promise<void> {
  const release = await givenUpRelease(client, object);
  if (!release) return;
  const text = `revision ${release.number} was rolled back${release.reason ? `: ${release.reason}` : ""}`;
  if (isError) throw new CommandError(text, { exitCode: rolledBackCode });
  stderr.write(`Warning: ${text}\n`);
}

async function followToEnd(
  found: Found,
  textOf: StatusText,
  withinMs: number,
  revision: number,
  { world, stdout, interrupted }: Environment,
  connection: Connection,
): Promise<void> {
  let isFirst = true;
  const isDone = (object: AnyObject | undefined): boolean => {
    if (!object) {
      if (isFirst) return true;
      throw new CommandError("object has been deleted");
    }
    isFirst = false;
    const line = textOf(object, revision);
    stdout.write(`${line.text}\n`);
    return line.isDone;
  };
  try {
    const limit = withinMs === 0 ? undefined : withinMs;
    const object = await followObject(connection, found, isDone, { clock: world.clock, withinMs: limit, signal: interrupted });
    // Nothing there from the beginning: the server's own words.
    if (!object)
      await connection.client.get(
        found.resource,
        found.namespace === undefined ? { name: found.name } : { namespace: found.namespace, name: found.name },
      );
  } catch (error) {
    throw error instanceof FollowTimeout ? new CommandError(error.message, { cause: error }) : error;
  }
}
