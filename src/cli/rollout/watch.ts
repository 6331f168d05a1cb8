/** `rollout watch`: a rollout as it goes, drawn live, line by line or as a stream, until it has ended. */
import { formatTime } from "../../base/time.ts";
import { readLogOver } from "../../release/explain/gather.ts";
import { changeLines } from "../../release/view/change-lines.ts";
import { draw, drawBrief } from "../../release/view/draw.ts";
import { followRollout, type Follower } from "../../release/view/follow.ts";
import { junitReport, markdownSummary, type RolloutEnd, workflowCommands } from "../../release/view/report.ts";
import { type RolloutView, viewDocument } from "../../release/view/rollout-view.ts";
import type { Command, Environment } from "../command.ts";
import { CommandError } from "../errors.ts";
import type { Flags } from "../flags.ts";
import { toCompactJson } from "../printing/json.ts";
import { timedOutCode, worstCode } from "./exit-codes.ts";
import { findWorkloads, type NamedWorkload, placeFlags, workloadFlags } from "./find-workloads.ts";
import { openScreen } from "./screen.ts";

const untils = ["complete", "certain", "forever"] as const;
type Until = (typeof untils)[number];
const interruptedCode = 130;

export const watchRollout: Command = {
  usage: "(TYPE NAME | TYPE/NAME ... | -l label | -A) [flags]",
  about:
    "Follows rollouts until they have ended: a live drawing on a terminal, a line per change elsewhere. The exit code is 0 when all are complete, 10 when one cannot succeed without a change, 11 when one waits for somebody, 13 when the time was over.",
  examples: `  # Watch a rollout
  windlass rollout watch deployment/web

  # In CI: lines, an end for certain, and reports
  windlass rollout watch deployment/web statefulset/db --line-mode --timeout=5m --junit=rollout.xml --github-summary

  # As a stream of JSON, one document per change
  windlass rollout watch deployment/web -o json`,
  flags: [
    ...workloadFlags,
    { name: "output", short: "o", type: "string", about: "json: a stream of documents, one per line" },
    { name: "line-mode", about: "a line per change, without moving the cursor; so it is where there is no terminal" },
    {
      name: "until",
      type: "string",
      default: "certain",
      about: "when to end: complete, certain (also when it can't succeed, or waits for somebody), forever",
    },
    { name: "timeout", type: "duration", default: "0s", about: "end after this time, with code 13; 0: never" },
    { name: "no-color", about: "no colours; so it is where NO_COLOR is set" },
    { name: "github-summary", about: "add a summary to $GITHUB_STEP_SUMMARY and print ::error lines" },
    { name: "junit", type: "string", about: "write a JUnit report into this file" },
  ],
  completes: "workloads",
  async run({ args, flags }, environment) {
    const until = flags.string("until") as Until;
    if (!untils.includes(until)) throw new CommandError(`--until must be one of ${untils.join(", ")}`);
    const output = flags.string("output");
    if (output !== "" && output !== "json")
      throw new CommandError(
        `unable to match a printer suitable for the output format ${JSON.stringify(output)}, allowed formats are: json`,
      );
    const connection = await environment.connect(flags);
    try {
      const workloads = await findWorkloads(environment, connection, args, flags);
      if (workloads.length === 0) {
        environment.stderr.write("No workloads found.\n");
        return 0;
      }
      const face =
        output === "json"
          ? jsonFace(environment)
          : flags.bool("line-mode") || !environment.stdout.isTerminal
            ? lineFace(environment)
            : liveFace(environment, flags);
      try {
        const ends = await followAll(workloads, face, {
          environment,
          until,
          timeoutMs: flags.duration("timeout"),
          follow: (workload, changed) =>
            followRollout({
              client: connection.client,
              world: environment.world,
              readLog: readLogOver(connection.transport),
              flags: placeFlags(flags),
              ...workload,
              changed,
            }),
        });
        face.close();
        await report(ends, flags, environment, output === "json");
        return codeOf(ends);
      } finally {
        face.close();
      }
    } finally {
      connection.close();
    }
  },
};

/** One way of showing what happens. */
interface Face {
  /** A view has changed, or time has passed. `all` are the newest of every workload, in order; undefined where none has come yet or it is gone. */
  show(index: number, all: readonly (RolloutView | undefined)[]): void;
  /** One is over; no more views of it come. */
  ended(end: RolloutEnd): void;
  close(): void;
}

interface FollowAllOptions {
  readonly environment: Environment;
  readonly until: Until;
  readonly timeoutMs: number;
  follow(workload: NamedWorkload, changed: (view: RolloutView | undefined) => void): Promise<Follower>;
}

/** Follows all of them until the last has ended. Rejects where one cannot be followed at all. */
async function followAll(workloads: readonly NamedWorkload[], face: Face, options: FollowAllOptions): Promise<RolloutEnd[]> {
  const { environment, until, timeoutMs } = options;
  const { clock } = environment.world;
  const startedMs = clock.now();
  const views: (RolloutView | undefined)[] = workloads.map(() => undefined);
  const ends: (RolloutEnd | undefined)[] = workloads.map(() => undefined);
  const followers: Follower[] = [];
  let finish = (): void => {};
  let fail = (_: unknown): void => {};
  const all = new Promise<void>((resolve, reject) => {
    finish = resolve;
    fail = reject;
  });
  const end = (index: number, outcome: RolloutEnd["outcome"]): void => {
    if (ends[index]) return;
    const view = views[index];
    const { kind, key } = workloads[index] as NamedWorkload;
    ends[index] = { name: `${kind.ref.kind.toLowerCase()}/${key.name}`, outcome, tookMs: clock.now() - startedMs, ...(view && { view }) };
    followers[index]?.close();
    face.ended(ends[index]);
    if (ends.every((each) => each !== undefined)) finish();
  };
  const changed = (index: number, view: RolloutView | undefined): void => {
    if (ends[index]) return;
    if (!view) {
      end(index, "gone");
      return;
    }
    views[index] = view;
    face.show(index, views);
    const outcome = outcomeOf(view, until);
    if (outcome) end(index, outcome);
  };
  const endAll = (outcome: RolloutEnd["outcome"]): void => {
    for (const index of workloads.keys()) end(index, outcome);
  };
  const timer = timeoutMs > 0 ? clock.setTimer(timeoutMs, () => endAll("timed-out")) : undefined;
  const interrupted = (): void => endAll("interrupted");
  environment.interrupted.addEventListener("abort", interrupted, { once: true });
  for (const [index, workload] of workloads.entries())
    options
      .follow(workload, (view) => changed(index, view))
      .then((follower) => {
        followers[index] = follower;
        if (ends[index]) follower.close();
      }, fail);
  try {
    await all;
    return ends.filter((each) => each !== undefined);
  } finally {
    timer?.cancel();
    environment.interrupted.removeEventListener("abort", interrupted);
    for (const follower of followers) follower?.close();
  }
}

/** Whether this is the end that was asked for. */
function outcomeOf({ verdict }: RolloutView, until: Until): RolloutEnd["outcome"] | undefined {
  if (until === "forever") return undefined;
  if (verdict === "complete") return "complete";
  if (until === "certain" && (verdict === "failed" || verdict === "waiting-for-somebody")) return verdict;
  return undefined;
}

function codeOf(ends: readonly RolloutEnd[]): number {
  const verdicts = ends.map(({ outcome, view }) =>
    outcome === "failed" || outcome === "waiting-for-somebody" ? (view?.verdict ?? "progressing") : "complete",
  );
  if (ends.some(({ outcome }) => outcome === "interrupted")) return interruptedCode;
  const code = worstCode(verdicts);
  if (code > 0) return code;
  if (ends.some(({ outcome }) => outcome === "timed-out")) return timedOutCode;
  return ends.some(({ outcome }) => outcome === "gone") ? 1 : 0;
}

function jsonFace({ stdout, world }: Environment): Face {
  const told = new Map<number, string>();
  return {
    show(index, all) {
      const view = all[index];
      if (!view) return;
      const { time, estimate, ...document } = viewDocument(view);
      // Sentences tell ages: that time has passed is no change.
      const { explanations, ...facts } = document;
      const text = toCompactJson([facts, explanations.map(({ code, certainty, pods }) => [code, certainty, pods])]);
      if (told.get(index) === text) return;
      told.set(index, text);
      stdout.write(`${toCompactJson({ time: formatTime(time), ...document, estimate })}\n`);
    },
    ended: ({ name, outcome, tookMs }) => {
      stdout.write(`${toCompactJson({ time: formatTime(world.clock.now()), ended: name, outcome, tookMs })}\n`);
    },
    close() {},
  };
}

function lineFace({ stdout, world }: Environment): Face {
  const before = new Map<number, RolloutView>();
  return {
    show(index, all) {
      const view = all[index];
      if (!view) return;
      for (const line of changeLines(view, before.get(index))) stdout.write(`${line}\n`);
      before.set(index, view);
    },
    ended: ({ name, outcome }) => {
      stdout.write(`${formatTime(world.clock.now()).slice(11)} ${name} ${outcome}\n`);
    },
    close() {},
  };
}

function liveFace({ stdout, variable }: Environment, flags: Flags): Face {
  const colour = !flags.bool("no-color") && !variable("NO_COLOR") && variable("TERM") !== "dumb";
  const screen = openScreen(stdout);
  const gone: string[] = [];
  let picture: readonly string[] = [];
  return {
    show(_, all) {
      const options = { width: screen.width, colour };
      const lines = all.flatMap((view, index) => {
        if (!view) return [];
        const isBrief = all.length > 1 && view.verdict === "complete";
        return [...(index > 0 && !isBrief ? [""] : []), ...(isBrief ? [drawBrief(view, options)] : draw(view, options))];
      });
      picture = lines;
      screen.paint([...picture, ...gone]);
    },
    ended({ name, outcome }) {
      if (outcome !== "gone") return;
      gone.push(`${name} was deleted`);
      screen.paint([...picture, ...gone]);
    },
    close: () => screen.close(),
  };
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
