/** `rollout pause` and `rollout resume`: hold a Deployment's rollout where it is, and let it go on (KR-30, KR-31). */
import type { AnyObject } from "../../api/meta/object.ts";
import type { Command } from "../command.ts";
import { qualifiedResource } from "../discovery/resource.ts";
import { CommandError, throwAll } from "../errors.ts";
import type { Flag } from "../flags.ts";
import { dryRunFlag } from "../objects/dry-run.ts";
import { type Change, changeObjects, fieldManagerFlag } from "../objects/local.ts";
import { fileFlags, type Found, selectionOf, selectorFlag } from "../objects/selection.ts";
import { printFlags } from "../printing/printer.ts";
import { rolloutManager } from "./rollout-manager.ts";

const flags: readonly Flag[] = [...fileFlags, selectorFlag, ...printFlags, dryRunFlag, fieldManagerFlag];

/** One of the two. */
const pausing = (isPaused: boolean, texts: Pick<Command, "about" | "examples">): Command => ({
  usage: "(TYPE NAME | TYPE/NAME ...) [flags]",
  ...texts,
  flags,
  completes: "workloads",
  async run({ flags: given, args }, environment) {
    if (args.length === 0 && given.list("filename").length === 0) throw new CommandError("required resource not specified");
    const connection = await environment.connect(given);
    try {
      const failures = await changeObjects({
        environment,
        connection,
        flags: given,
        selection: { ...selectionOf(args, given, flags), namelessMeansAll: true },
        fieldManager: rolloutManager,
        nothingFound: () => environment.stderr.write(`No resources found in ${connection.namespace} namespace.\n`),
        done: isPaused ? "paused" : "resumed",
        change: (object, found) => changeOf(object, found, isPaused),
      });
      throwAll(failures);
      return 0;
    } finally {
      connection.close();
    }
  },
});

function changeOf(object: AnyObject, { resource, name }: Found, isPaused: boolean): Change {
  const which = `${qualifiedResource(resource)} ${JSON.stringify(name)}`;
  // Of the workloads only Deployments know to pause.
  if (resource.kind !== "Deployment") throw new CommandError(`${which} ${isPaused ? "pausing" : "resuming"} is not supported`);
  if ((object["spec"]?.paused === true) === isPaused) throw new CommandError(`${which} is ${isPaused ? "already" : "not"} paused`);
  const spec = { paused: isPaused || null };
  const { paused: _, ...rest } = object["spec"] ?? {};
  return { type: "strategic", patch: { spec }, changed: { ...object, spec: isPaused ? { ...rest, paused: true } : rest } };
}

export const rolloutPause = pausing(true, {
  about: "Holds a Deployment: what runs goes on running, and changes of its template wait until it is resumed.",
  examples: `windlass rollout pause deployment/web`,
});

export const rolloutResume = pausing(false, {
  about: "Lets a Deployment that was paused go on.",
  examples: `windlass rollout resume deployment/web`,
});
