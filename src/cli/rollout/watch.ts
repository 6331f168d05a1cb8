/** `rollout watch`: rollouts as they go, drawn live, line by line or as a stream, until they have ended. */
import { readLogOver } from "../../release/explain/gather.ts";
import { followRollout } from "../../release/view/follow.ts";
import { followSet } from "../../release/view/follow-set.ts";
import { junitReport, markdownSummary, type RolloutEnd, workflowCommands } from "../../release/view/report.ts";
import type { Command, Environment } from "../command.ts";
import type { Connection } from "../connection.ts";
import { CommandError } from "../errors.ts";
import type { Flags } from "../flags.ts";
import { timedOutCode, worstCode } from "./exit-codes.ts";
import { jsonFace, lineFace, liveFace } from "./faces.ts";
import { findWorkloads, type NamedWorkload, placeFlags, type WorkloadSet, workloadFlags, workloadSetOf } from "./find-workloads.ts";
import { type Face, followAll, type FollowAllOptions, type Until } from "./follow-all.ts";
import { terminalFlags, terminalOf } from "./terminal.ts";

const untils: readonly Until[] = ["complete", "certain", "forever"];
const interruptedCode = 130;

export const watchRollout: Command = {
  usage: "(TYPE NAME | TYPE/NAME ... | TYPE | -l label | -A) [flags]",
  about:
    "Follows rollouts until they have ended: a live drawing on a terminal, a line per change elsewhere. With -l, -A or a type alone, workloads that appear are taken in, and those that are deleted leave. The exit code is 0 when all are complete, 10 when one cannot succeed without a change, 11 when one waits for somebody, 13 when the time was over.",
  examples: `  # Watch a rollout
  windlass rollout watch deployment/web

  # Everything in the cluster, until Ctrl-C
  windlass rollout watch -A --until=forever

  # In CI: lines, an end for certain, and reports
  windlass rollout watch deployment/web statefulset/db --line-mode --timeout=5m --junit=rollout.xml --github-summary

  # As a stream of JSON, one document per change
  windlass rollout watch deployment/web -o json`,
  flags: [
    ...workloadFlags,
    { name: "output", short: "o", type: "string", about: "json: a stream of documents, one per line" },
    { name: "line-mode", about: "a line per change, without moving the cursor; so it is where there is no terminal, or a dumb one" },
    {
      name: "until",
      type: "string",
      default: "certain",
      about: "when to end: complete, certain (also when it can't succeed, or waits for somebody), forever",
    },
    { name: "timeout", type: "duration", default: "0s", about: "end after this time, with code 13; 0: never" },
    ...terminalFlags,
    { name: "github-summary", about: "add a summary to $GITHUB_STEP_SUMMARY and print ::error lines" },
    { name: "junit", type: "string", about: "write a JUnit report into this file" },
  ],
  completes: "workloads",
  async run({ args, flags }, environment) {
    const until = untils.find((each) => each === flags.string("until"));
    if (!until) throw new CommandError(`--until must be one of ${untils.join(", ")}`);
    const isJson = flags.string("output") === "json";
    if (flags.string("output") !== "" && !isJson)
      throw new CommandError(
        `unable to match a printer suitable for the output format ${JSON.stringify(flags.string("output"))}, allowed formats are: json`,
      );
    const terminal = terminalOf(environment, flags);
    const connection = await environment.connect(flags);
    try {
      const workloads = await findWorkloads(environment, connection, args, flags);
      const set = await workloadSetOf(connection, args, flags);
      if (workloads.length === 0 && until !== "forever") {
        environment.stderr.write("No workloads found.\n");
        return 0;
      }
      const namespaces = new Set(workloads.map(({ key }) => key.namespace));
      const withNamespace = set ? set.namespace === undefined : namespaces.size > 1;
      const faceOptions = { stdout: environment.stdout, world: environment.world, withNamespace };
      const face: Face = isJson
        ? jsonFace(faceOptions)
        : flags.bool("line-mode") || !terminal.isPaintable
          ? lineFace(faceOptions, terminal)
          : liveFace(faceOptions, terminal);
      try {
        const ends = await followAll(face, {
          world: environment.world,
          interrupted: environment.interrupted,
          until,
          timeoutMs: flags.duration("timeout"),
          withNamespace,
          ...(!set && { named: workloads }),
          start: set ? startSet(set, environment, connection, flags) : startNamed(workloads, environment, connection, flags),
        });
        face.close();
        await report(ends, flags, environment, isJson);
        return codeOf(ends);
      } finally {
        face.close();
      }
    } finally {
      connection.close();
    }
  },
};

const followOptions = ({ world }: Environment, { client, transport }: Connection, flags: Flags) => ({
  client,
  world,
  readLog: readLogOver(transport),
  flags: placeFlags(flags),
});

const startSet =
  (set: WorkloadSet, environment: Environment, connection: Connection, flags: Flags): FollowAllOptions["start"] =>
  (changed) =>
    followSet({ ...followOptions(environment, connection, flags), ...set, changed });

const startNamed =
  (workloads: readonly NamedWorkload[], environment: Environment, connection: Connection, flags: Flags): FollowAllOptions["start"] =>
  async (changed) => {
    const options = followOptions(environment, connection, flags);
    const followers = await Promise.all(
      workloads.map((workload) => followRollout({ ...options, ...workload, changed: (view) => changed(workload, view) })),
    );
    return {
      close() {
        for (const follower of followers) follower.close();
      },
    };
  };

function codeOf(ends: readonly RolloutEnd[]): number {
  if (ends.some(({ outcome }) => outcome === "interrupted")) return interruptedCode;
  const verdicts = ends.map(({ outcome, view }) =>
    outcome === "failed" || outcome === "waiting-for-somebody" ? (view?.verdict ?? "progressing") : "complete",
  );
  const code = worstCode(verdicts);
  if (code > 0) return code;
  if (ends.some(({ outcome }) => outcome === "timed-out")) return timedOutCode;
  return ends.some(({ outcome }) => outcome === "gone") ? 1 : 0;
}

async function report(ends: readonly RolloutEnd[], flags: Flags, environment: Environment, isJson: boolean): Promise<void> {
  const { files, stdout, stderr } = environment;
  if (flags.string("junit") !== "") await files.write(flags.string("junit"), junitReport(ends));
  if (!flags.bool("github-summary")) return;
  for (const line of workflowCommands(ends)) (isJson ? stderr : stdout).write(`${line}\n`);
  const path = environment.variable("GITHUB_STEP_SUMMARY");
  if (!path) return;
  // The step may have written a summary of its own before.
  const present = (await files.kindOf(path)) === "file" ? new TextDecoder().decode(await files.read(path)) : "";
  await files.write(path, `${present}${markdownSummary(ends)}`);
}
