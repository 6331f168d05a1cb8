/** How a rollout ended, for CI: a Markdown summary, workflow commands and JUnit. Pure. */
import { humanDuration } from "../../machinery/duration.ts";
import { verdictWords } from "../explain/render.ts";
import type { RolloutView } from "./rollout-view.ts";

/** How a followed rollout ended: its last view, or the fact that it went away. */
export interface RolloutEnd {
  readonly name: string;
  readonly view?: RolloutView;
  readonly outcome: "complete" | "failed" | "waiting-for-somebody" | "timed-out" | "gone" | "interrupted";
  readonly tookMs: number;
}

const outcomeWords: Readonly<Record<RolloutEnd["outcome"], string>> = {
  complete: "complete",
  failed: "cannot succeed as it is",
  "waiting-for-somebody": "waits for somebody",
  "timed-out": "not complete in time",
  gone: "deleted meanwhile",
  interrupted: "no longer followed",
};

const marks: Readonly<Record<RolloutEnd["outcome"], string>> = {
  complete: "✅",
  failed: "❌",
  "waiting-for-somebody": "⏸️",
  "timed-out": "⌛",
  gone: "❔",
  interrupted: "❔",
};

const isError = ({ outcome }: RolloutEnd): boolean => outcome === "gone" || outcome === "interrupted";

const causesOf = ({ view }: RolloutEnd) =>
  view?.explanations.filter(({ certainty, needsPerson }) => certainty !== "waiting" || needsPerson) ?? [];

const cell = (text: string): string => text.replaceAll("|", "\\|").replace(/\s+/g, " ");
/** Text of containers must not become Markdown or HTML of ours. */
const plain = (text: string): string =>
  text.replace(/[&<>]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[c] as string).replace(/([`*_[\]])/g, "\\$1");

/** For $GITHUB_STEP_SUMMARY. */
export function markdownSummary(ends: readonly RolloutEnd[]): string {
  const lines = [
    "## Rollouts",
    "",
    "| | Workload | Revision | Outcome | Updated | Available | Took |",
    "| --- | --- | --- | --- | --- | --- | --- |",
  ];
  for (const { name, view, outcome, tookMs } of ends) {
    const counts = view?.snapshot.counts;
    const wanted = counts && counts.desired - (view?.snapshot.strategy.keptBack ?? 0);
    lines.push(
      `| ${marks[outcome]} | ${cell(plain(name))} | ${view?.snapshot.target?.number ?? ""} | ${outcomeWords[outcome]} | ${counts ? `${counts.updated}/${wanted}` : ""} | ${counts ? `${counts.available}/${counts.desired}` : ""} | ${humanDuration(tookMs)} |`,
    );
  }
  for (const end of ends) {
    const causes = causesOf(end);
    if (causes.length === 0) continue;
    lines.push("", `### ${plain(end.name)}`, "");
    for (const { sentence, evidence, wayOut } of causes) {
      lines.push(`- ${plain(sentence)}`);
      for (const { about, command } of wayOut) lines.push(`  - ${plain(about)}${command === undefined ? "" : `: \`${command}\``}`);
      const log = evidence.find(({ at }) => at.startsWith("log of "));
      if (log)
        lines.push(
          "",
          `  <details><summary>${plain(log.at)}</summary>`,
          "",
          `  <pre>${plain(log.text).replaceAll("\n", "<br>")}</pre>`,
          "  </details>",
          "",
        );
    }
  }
  return `${lines.join("\n")}\n`;
}

const workflowValue = (text: string): string => text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
const workflowProperty = (text: string): string => workflowValue(text).replaceAll(":", "%3A").replaceAll(",", "%2C");

/** `::error title=…::…` for what failed. */
export function workflowCommands(ends: readonly RolloutEnd[]): string[] {
  return ends.flatMap((end) => {
    if (end.outcome === "complete") return [];
    const title = workflowProperty(`${end.name}: ${outcomeWords[end.outcome]}`);
    const causes = causesOf(end);
    const texts = causes.length > 0 ? causes.map(({ sentence }) => sentence) : [`${end.name} is ${outcomeWords[end.outcome]}.`];
    return texts.map((text) => `::error title=${title}::${workflowValue(text)}`);
  });
}

/** What XML 1.0 has no way to say is left out. */
const xml = (text: string): string =>
  text
    .replace(
      /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g,
      "",
    )
    .replace(/[&<>"']/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" })[c] as string);

/**
 * A test suite with a case per workload, with the elements and attributes that Jenkins, GitLab and the actions of GitHub read. Who has
 * to act is a failure; what was not followed to its end is an error.
 */
export function junitReport(ends: readonly RolloutEnd[]): string {
  const seconds = (ms: number): string => (ms / 1000).toFixed(3);
  const errors = ends.filter(isError).length;
  const failures = ends.filter(({ outcome }) => outcome !== "complete").length - errors;
  const total = Math.max(0, ...ends.map(({ tookMs }) => tookMs));
  const cases = ends.map((end) => {
    const head = `    <testcase classname="rollout" name="${xml(end.name)}" time="${seconds(end.tookMs)}"`;
    if (end.outcome === "complete") return `${head}/>`;
    const causes = causesOf(end);
    const message = causes[0]?.sentence ?? (end.view ? verdictWords[end.view.verdict] : outcomeWords[end.outcome]);
    const body = causes
      .flatMap(({ sentence, evidence, wayOut }) => [
        sentence,
        ...evidence.map(({ at, text }) => `  ${at}: ${text}`),
        ...wayOut.map(({ about, command }) => `  → ${about}${command === undefined ? "" : `: ${command}`}`),
      ])
      .join("\n");
    const element = isError(end) ? "error" : "failure";
    return `${head}>\n      <${element} type="${end.outcome}" message="${xml(message)}">${xml(body)}</${element}>\n    </testcase>`;
  });
  const counts = `name="rollouts" tests="${ends.length}" failures="${failures}" errors="${errors}" time="${seconds(total)}"`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites ${counts}>`,
    `  <testsuite ${counts} skipped="0">`,
    ...cases,
    "  </testsuite>",
    "</testsuites>",
    "",
  ].join("\n");
}
