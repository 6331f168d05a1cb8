/** `describe`: one object in detail, with what surrounds it and what happened to it. */
import { isForbidden, isNotFound } from "../../api/errors.ts";
import type { AnyObject } from "../../api/meta/object.ts";
import type { Event } from "../../api/types.ts";
import type { Command, Environment } from "../command.ts";
import type { Connection } from "../connection.ts";
import { CommandError, throwAll } from "../errors.ts";
import type { Flag } from "../flags.ts";
import { findObjects } from "../objects/find-objects.ts";
import { allNamespacesFlag, fileFlags, type Found, selectionOf, selectorFlag } from "../objects/selection.ts";
import { alignTabs } from "../printing/tabs.ts";
import type { Surroundings } from "./describer.ts";
import { describerOf } from "./describers.ts";
import { eventLines } from "./lines.ts";
import { eventRef } from "../events/event-ref.ts";

const flags: readonly Flag[] = [
  ...fileFlags,
  selectorFlag,
  allNamespacesFlag,
  { name: "show-events", default: "true", about: "also what happened to it" },
  { name: "chunk-size", type: "int", default: "500", about: "accepted", hidden: true },
];

export const describe: Command = {
  usage: "(-f FILENAME | TYPE [NAME | NAME_PREFIX | -l LABELS] | TYPE/NAME) [flags]",
  about: "Shows objects in detail: their fields in words, what belongs to them, and their events.",
  examples: `windlass describe deployment web
windlass describe pods -l app=web
windlass describe node/windlass-1`,
  flags,
  completes: "objects",
  async run({ flags: given, args }, environment) {
    if (args.length === 0 && given.list("filename").length === 0 && given.string("kustomize") === "")
      throw new CommandError(
        'You must specify the type of resource to describe. Use "windlass api-resources" for a complete list of supported resources.',
      );
    const connection = await environment.connect(given);
    try {
      const selection = { ...selectionOf(args, given, flags), namelessMeansAll: true };
      const { found, errors } = await findObjects(environment, connection, selection, { fetch: true });
      if (found.length === 0 && errors.length === 1 && isNotFound(errors[0]) && args.length === 2) {
        const prefixed = await byPrefix(args[0] as string, args[1] as string, connection, environment);
        // Guessed ones each have an empty line below them.
        for (const each of prefixed)
          environment.stdout.write(`${await textOf(each, given.bool("show-events"), connection, environment)}\n`);
        if (prefixed.length > 0) return 0;
      }
      if (found.length === 0 && errors.length === 0)
        environment.stderr.write(
          given.bool("all-namespaces") ? "No resources found\n" : `No resources found in ${connection.namespace} namespace.\n`,
        );
      let isFirst = true;
      for (const each of found) {
        environment.stdout.write(`${isFirst ? "" : "\n\n"}${await textOf(each, given.bool("show-events"), connection, environment)}`);
        isFirst = false;
      }
      throwAll(errors);
      return 0;
    } finally {
      connection.close();
    }
  },
};

/** A name that is not there may be the beginning of some that are. */
async function byPrefix(type: string, prefix: string, connection: Connection, environment: Environment): Promise<Found[]> {
  const { found } = await findObjects(environment, connection, { args: [type], namelessMeansAll: true }, { fetch: true });
  return found.filter(({ name }) => name.startsWith(prefix));
}

async function textOf({ resource, object }: Found, withEvents: boolean, connection: Connection, environment: Environment): Promise<string> {
  const describer = describerOf(resource);
  const surroundings = surroundingsOf(connection, environment.world.clock.now());
  const lines = [...(await describer.lines(object as AnyObject, surroundings))];
  if (withEvents && !describer.withoutEvents)
    lines.push(...eventLines(await eventsOf(object as AnyObject, surroundings), surroundings.nowMs));
  return alignTabs(`${lines.join("\n")}\n`);
}

/** Nodes are known to events by their name in place of their uid. */
async function eventsOf({ kind, metadata }: AnyObject, { list }: Surroundings): Promise<readonly Event[]> {
  const { name = "", namespace, uid = "" } = metadata;
  const about = [`involvedObject.name=${name}`, `involvedObject.namespace=${namespace ?? ""}`, `involvedObject.kind=${kind}`];
  const events = await list(eventRef, { ...(namespace !== undefined && { namespace }), fieldSelector: about.join(",") });
  return events.filter(
    ({ involvedObject }) => involvedObject?.uid === uid || involvedObject?.uid === undefined || involvedObject.uid === name,
  );
}

const surroundingsOf = ({ client }: Connection, nowMs: number): Surroundings => ({
  nowMs,
  async list(kind, options) {
    try {
      return (await client.list(kind, options)).items;
    } catch (error) {
      if (isForbidden(error) || isNotFound(error)) return [];
      throw error;
    }
  },
  async get(kind, key) {
    try {
      return await client.get(kind, key);
    } catch (error) {
      if (isForbidden(error) || isNotFound(error)) return undefined;
      throw error;
    }
  },
});
