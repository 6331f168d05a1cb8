/** `rollout undo`: back to an earlier revision, after saying what that will change and whether it can still run. */
import { isForbidden } from "../../api/errors.ts";
import type { Client } from "../../client/client.ts";
import { observe } from "../../release/observe.ts";
import { readHistory } from "../../release/records/history-store.ts";
import { emptyHistory, type ReleaseHistory } from "../../release/records/release.ts";
import { carryOut } from "../../release/undo/carry-out.ts";
import { gatherFacts } from "../../release/undo/gather.ts";
import { planUndo, refusePaused } from "../../release/undo/plan.ts";
import { prepareUndo, type Preparation } from "../../release/undo/prepare.ts";
import type { WorkloadSnapshot } from "../../release/workload.ts";
import type { Command, Environment } from "../command.ts";
import type { Connection } from "../connection.ts";
import { CommandError, failuresOf, throwAll } from "../errors.ts";
import type { Flags } from "../flags.ts";
import { type DryRun, dryRunFlag, dryRunOf, dryRunSuffix } from "../objects/dry-run.ts";
import { doneLine } from "../printing/printer.ts";
import { toYamlText } from "../printing/yaml.ts";
import { refusedCode } from "./exit-codes.ts";
import { findWorkloads, type NamedWorkload, workloadFlags } from "./find-workloads.ts";
import { describePodTemplate, revisionTemplate } from "../printing/pod-template.ts";
import { changesText, isColoured } from "./print-changes.ts";

export const rolloutUndo: Command = {
  usage: "(TYPE NAME | TYPE/NAME) [flags]",
  about:
    "Goes back to an earlier revision. Before it acts it prints the difference that it makes, warns of what will surprise, and checks that the revision can still run: ConfigMaps, Secrets and their keys, claims, service account, classes, images. What can't run is refused by name with exit code 14; --force insists. Where the release recorder knows what was in the revision's ConfigMaps, their content comes back with the workload. The line on standard output is kubectl's; everything else goes to standard error.",
  examples: `  # Back to the revision before
  windlass rollout undo deployment/web

  # What would change?
  windlass rollout undo deployment/web --to-revision=3 --dry-run=server

  # Back to the last release that was proven good
  windlass rollout undo deployment/web --to-last-good`,
  flags: [
    ...workloadFlags,
    { name: "to-revision", type: "int", default: "0", about: "the revision to go back to; 0: the one before" },
    { name: "to-last-good", about: "back to the last release that was complete and stayed available" },
    { name: "force", about: "even if the revision can't run as things are" },
    { name: "keep-configuration", about: "leave ConfigMaps as they are" },
    { name: "quiet", short: "q", about: "print no difference" },
    dryRunFlag,
    { name: "output", short: "o", type: "string", hidden: true, about: "accepted; undo prints its line" },
  ],
  completes: "workloads",
  async run({ args, flags }, environment) {
    if (flags.given("to-revision") && flags.bool("to-last-good"))
      throw new CommandError("--to-revision and --to-last-good say two different things: give one of them");
    const dryRun = dryRunOf(flags, environment);
    const connection = await environment.connect(flags);
    try {
      let code = 0;
      throwAll(
        await failuresOf(await findWorkloads(environment, connection, args, flags), async (workload) => {
          code = Math.max(code, await undo(workload, { flags, dryRun, environment, connection }));
        }),
      );
      return code;
    } finally {
      connection.close();
    }
  },
};

interface Context {
  readonly flags: Flags;
  readonly dryRun: DryRun;
  readonly environment: Environment;
  readonly connection: Connection;
}

async function undo({ kind, key }: NamedWorkload, { flags, dryRun, environment, connection }: Context): Promise<number> {
  const { client } = connection;
  const { stdout, stderr } = environment;
  const snapshot = await observe(client, kind, key, environment.world.clock.now());
  const history = await historyOf(client, snapshot);
  const plan = planUndo(snapshot, history, { toRevision: flags.int("to-revision"), toLastGood: flags.bool("to-last-good") });
  const done = (what: string, suffix = ""): void => stdout.write(doneLine(kind.ref, key.name, what, suffix));
  if (dryRun !== "client") refusePaused(snapshot);
  if (plan.isCurrent && dryRun !== "client") {
    done(`skipped rollback (current template already matches revision ${plan.named})`, dryRunSuffix(dryRun));
    return 0;
  }
  const facts = await gatherFacts(client, snapshot, plan);
  const preparation = prepareUndo(
    snapshot,
    history,
    { plan, facts },
    { keepsConfiguration: flags.bool("keep-configuration"), toText: toYamlText },
  );
  if (!flags.bool("quiet")) {
    stderr.write(`What changes with revision ${plan.number}:\n${changesText(preparation.changes, isColoured(stderr, environment))}`);
  }
  const isRefused = tellFindings(preparation, environment, flags.bool("force"));
  if (isRefused) {
    stderr.write(`error: revision ${plan.number} can't run as things are, and nothing was changed; --force insists\n`);
    return refusedCode;
  }
  if (dryRun === "client") {
    const template = describePodTemplate(plan.revision ? revisionTemplate(plan.revision) : plan.template);
    const what = kind.podsBelongTo === "revision" ? template : `will roll back to ${template}`;
    done(what, dryRunSuffix(dryRun));
    return 0;
  }
  const { restorations } = preparation;
  const work = { client, snapshot, plan, restorations, configMaps: facts.configMaps };
  // What the server refuses is found out before anything is changed.
  await carryOut({ ...work, dryRun: true });
  if (dryRun === "none") {
    await carryOut({ ...work, dryRun: false });
    for (const { name } of restorations) stderr.write(`configmap/${name} restored\n`);
  }
  done("rolled back", dryRunSuffix(dryRun));
  return 0;
}

/** Who may not read what is recorded can still undo as kubectl does. */
async function historyOf(client: Client, snapshot: WorkloadSnapshot): Promise<ReleaseHistory> {
  try {
    return await readHistory(client, snapshot.object);
  } catch (error) {
    if (isForbidden(error)) return emptyHistory;
    throw error;
  }
}

/** Says what was found; true where it stands in the way. */
function tellFindings({ findings }: Preparation, { stderr }: Environment, isForced: boolean): boolean {
  let isRefused = false;
  for (const { severity, text } of findings) {
    const blocks = severity === "refuse" && !isForced;
    isRefused ||= blocks;
    stderr.write(`${blocks ? "error" : "Warning"}: ${text}\n`);
  }
  return isRefused;
}
