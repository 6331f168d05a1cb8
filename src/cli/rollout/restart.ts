/** `rollout restart`: new Pods of the same template, by the workload's own strategy (KR-31). */
import type { AnyObject } from "../../api/meta/object.ts";
import { formatTime } from "../../base/time.ts";
import { workloadKindOf } from "../../release/workload-kinds.ts";
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

const restartedAtAnnotation = "kubectl.kubernetes.io/restartedAt";

export const rolloutRestart: Command = {
  usage: "(TYPE NAME | TYPE/NAME ... | TYPE -l LABELS) [flags]",
  about: "Replaces the Pods of workloads by new ones of the same template, as the strategy of each allows: a rollout like any other.",
  examples: `windlass rollout restart deployment/web
windlass rollout restart statefulset -l app=db`,
  flags,
  completes: "workloads",
  async run({ flags: given, args }, environment) {
    if (args.length === 0 && given.list("filename").length === 0) throw new CommandError("required resource not specified");
    const connection = await environment.connect(given);
    const now = formatTime(environment.world.clock.now());
    try {
      const failures = await changeObjects({
        environment,
        connection,
        flags: given,
        selection: { ...selectionOf(args, given, flags), namelessMeansAll: true },
        fieldManager: rolloutManager,
        nothingFound: () => environment.stderr.write(`No resources found in ${connection.namespace} namespace.\n`),
        done: "restarted",
        change: (object, found) => changeOf(object, found, now),
      });
      throwAll(failures);
      return 0;
    } finally {
      connection.close();
    }
  },
};

function changeOf(object: AnyObject, { resource, name }: Found, now: string): Change {
  const which = `${qualifiedResource(resource)} ${JSON.stringify(name)}`;
  if (!workloadKindOf(resource)) throw new CommandError(`${which} restarting is not supported`);
  const { spec } = object;
  if (spec["paused"] === true) throw new CommandError(`${which} can't restart paused deployment (run rollout resume first)`);
  const present = spec.template.metadata?.annotations ?? {};
  if (present[restartedAtAnnotation] === now) {
    throw new CommandError(
      `failed to create patch for ${name}: if restart has already been triggered within the past second, please wait before attempting to trigger another`,
    );
  }
  const metadata = { annotations: { [restartedAtAnnotation]: now } };
  const template = { ...spec.template, metadata: { ...spec.template.metadata, annotations: { ...present, ...metadata.annotations } } };
  return { type: "strategic", patch: { spec: { template: { metadata } } }, changed: { ...object, spec: { ...spec, template } } };
}
