/**
 * Draws a rollout: a sentence, a tree by revision with a square per Pod, bars of old and new between floor and ceiling, how
 * availability went, and what is in the way. Pure: the same view and width give the same lines.
 */
import { humanDuration } from "../../machinery/duration.ts";
import type { Explanation } from "../explain/explanation.ts";
import type { PodView, Revision } from "../workload.ts";
import { failingPods, type PodState, podState } from "./pod-state.ts";
import { isNew, type RolloutView } from "./rollout-view.ts";
import { awaitedSentence, stateSentence } from "./sentence.ts";
import { type Line, renderLine, type Span, type Style, wrapped } from "./styled-line.ts";

export interface DrawOptions {
  /** In characters; at least 20 is assumed. */
  readonly width: number;
  readonly colour: boolean;
}

/** Shape, letter and colour say the same thing three times, for whoever lacks one of them. */
const squares: Readonly<Record<PodState, { readonly text: string; readonly style?: Style; readonly word: string }>> = {
  available: { text: "■A", style: "good", word: "available" },
  ready: { text: "▣R", style: "good", word: "ready" },
  unready: { text: "◧N", style: "busy", word: "not ready" },
  starting: { text: "◌S", style: "busy", word: "starting" },
  pending: { text: "·P", style: "busy", word: "pending" },
  failing: { text: "✗F", style: "bad", word: "failing" },
  terminating: { text: "□T", style: "faint", word: "terminating" },
  ended: { text: "◇E", style: "faint", word: "ended" },
};

/** The whole drawing. */
export function draw(view: RolloutView, { width: wanted, colour }: DrawOptions): string[] {
  const width = Math.max(20, wanted);
  const lines: Line[] = [...sentenceLines(view, width), [], ...treeLines(view, width)];
  const figures = [...(view.verdict === "complete" ? [] : barLines(view, width)), ...historyLines(view, width)];
  if (view.snapshot.counts.desired > 0 && figures.length > 0) lines.push([], ...figures);
  if (view.explanations.some(({ certainty }) => certainty !== "waiting") || view.verdict === "waiting-for-somebody")
    lines.push([], ...causeLines(view.explanations, width));
  return lines.map((line) => renderLine(line, { width, colour }));
}

/** One line, for workloads of which nothing more is to be said. */
export const drawBrief = (view: RolloutView, options: DrawOptions): string =>
  renderLine([{ text: stateSentence(view), style: verdictStyle(view) }], options);

const verdictStyle = ({ verdict }: RolloutView): Style =>
  (({ complete: "good", progressing: "strong", "likely-failing": "busy", "waiting-for-somebody": "busy", failed: "bad" }) as const)[
    verdict
  ];

function sentenceLines(view: RolloutView, width: number): Line[] {
  const style = verdictStyle(view);
  const lines: Line[] = wrapped(stateSentence(view), width, "  ").map((text) => [{ text, style }]);
  const awaited = awaitedSentence(view);
  if (awaited) for (const text of wrapped(awaited, width - 2, "")) lines.push([{ text: `  ${text}` }]);
  return lines;
}

const roleStyles = { new: "strong", stable: "good", previous: "faint" } as const;

/** Revisions with Pods, and the newest; the rest are one line. */
function treeLines({ snapshot, explanations }: RolloutView, width: number): Line[] {
  const failing = failingPods(explanations);
  const shown = snapshot.revisions.filter(({ name, role }) => role !== "previous" || snapshot.pods.some((pod) => pod.revision === name));
  const folded = snapshot.revisions.length - shown.length;
  const orphans = snapshot.pods.filter(({ revision }) => revision === undefined);
  const lines = shown.flatMap((revision) =>
    revisionLines(
      revision,
      snapshot.pods.filter((pod) => pod.revision === revision.name),
      failing,
      width,
    ),
  );
  if (!snapshot.target && snapshot.pods.length === 0)
    lines.push([{ text: "  the revision of the present template is yet to be made", style: "faint" }]);
  if (orphans.length > 0) lines.push([{ text: "  of a forgotten revision  " }], ...squareLines(orphans, failing, width));
  if (folded > 0) lines.push([{ text: `  and ${folded} earlier ${folded === 1 ? "revision" : "revisions"} without Pods`, style: "faint" }]);
  const states = new Set(snapshot.pods.map((pod) => podState(pod, failing)));
  const legend = (Object.keys(squares) as PodState[])
    .filter((state) => states.has(state))
    .map((state) => `${squares[state].text} ${squares[state].word}`);
  if (legend.length > 0) lines.push([{ text: `    ${legend.join("  ")}`, style: "faint" }]);
  return lines;
}

function revisionLines(revision: Revision, pods: readonly PodView[], failing: ReadonlySet<string>, width: number): Line[] {
  const images = [...new Set((revision.template.spec?.containers ?? []).map(({ image }) => image ?? ""))].join(", ");
  const head: Line = [
    { text: `  revision ${revision.number} ` },
    { text: revision.role, style: roleStyles[revision.role] },
    { text: `  ${images}` },
    ...(revision.changeCause ? [{ text: `  ${revision.changeCause.replace(/\s+/g, " ")}`, style: "faint" as const }] : []),
  ];
  return [head, ...squareLines(pods, failing, width)];
}

const squareLinesMax = 4;

/** A square per Pod; where they do not fit, a number per state. */
function squareLines(pods: readonly PodView[], failing: ReadonlySet<string>, width: number): Line[] {
  if (pods.length === 0) return [[{ text: "    no Pods", style: "faint" }]];
  const perLine = Math.max(1, Math.floor((width - 4) / 3));
  const states = pods.map((pod) => podState(pod, failing));
  if (states.length > perLine * squareLinesMax) {
    const spans: Span[] = [{ text: "    " }];
    for (const state of Object.keys(squares) as PodState[]) {
      const count = states.filter((each) => each === state).length;
      const { text, style } = squares[state];
      if (count > 0) spans.push({ text: `${text}×${count}  `, ...(style && { style }) });
    }
    return [spans];
  }
  const lines: Line[] = [];
  for (let start = 0; start < states.length; start += perLine) {
    const spans: Span[] = [{ text: "    " }];
    for (const state of states.slice(start, start + perLine)) {
      const { text, style } = squares[state];
      spans.push({ text, ...(style && { style }) }, { text: " " });
    }
    lines.push(spans);
  }
  return lines;
}

/** Old and new on one scale, and below them where floor and ceiling of their sum are. */
function barLines({ snapshot }: RolloutView, width: number): Line[] {
  const { counts, strategy, pods } = snapshot;
  const living = pods.filter((pod) => !pod.ended);
  const scale = Math.max(strategy.maxPods, counts.desired, living.filter((pod) => !pod.terminating).length, 1);
  const room = Math.min(40, width - 38);
  if (room < 10) return [];
  const cells = (count: number): number => Math.round((count / scale) * room);
  const bar = (name: string, of: readonly PodView[]): Line => {
    const available = of.filter((pod) => pod.available && !pod.terminating).length;
    const coming = of.filter((pod) => !pod.available && !pod.terminating).length;
    const leaving = of.filter((pod) => pod.terminating).length;
    const filled = cells(available);
    const grey = Math.max(coming > 0 ? 1 : 0, cells(available + coming) - filled);
    const words = [`${available} available`, coming > 0 ? `${coming} not` : "", leaving > 0 ? `${leaving} leaving` : ""]
      .filter(Boolean)
      .join(", ");
    return [
      { text: `  ${name} ` },
      { text: "█".repeat(filled), style: "good" },
      { text: "▒".repeat(grey), style: "busy" },
      { text: " ".repeat(Math.max(0, room - filled - grey) + 1) },
      { text: words },
    ];
  };
  const lines = [
    bar(
      "new",
      living.filter((pod) => isNew(snapshot, pod)),
    ),
    bar(
      "old",
      living.filter((pod) => !isNew(snapshot, pod)),
    ),
  ];
  const all = living.filter((pod) => pod.available && !pod.terminating).length;
  const marks = [...".".repeat(room + 1)];
  marks[cells(strategy.minAvailable)] = "└";
  marks[cells(strategy.maxPods)] = strategy.maxPods === strategy.minAvailable ? "┴" : "┘";
  const low = all < strategy.minAvailable;
  return [
    ...lines,
    [
      { text: `      ${marks.join("")}`, style: "faint" },
      { text: ` floor ${strategy.minAvailable}, ceiling ${strategy.maxPods}`, style: low ? "bad" : "faint" },
    ],
  ];
}

const levels = " ▁▂▃▄▅▆▇█";

/** How many were available over the time that was watched, one column per slice, each its lowest moment. */
function historyLines({ history, snapshot, nowMs }: RolloutView, width: number): Line[] {
  const [first] = history;
  if (history.length < 2 || !first) return [];
  const columns = Math.min(40, width - 38);
  if (columns < 10) return [];
  const spanMs = Math.max(1, nowMs - first.atMs);
  const top = Math.max(snapshot.counts.desired, ...history.map((sample) => sample.availableNew + sample.availableOld), 1);
  let lowest = Number.POSITIVE_INFINITY;
  const slices: number[] = [];
  let at = 0;
  for (let column = 0; column < columns; column++) {
    const endMs = first.atMs + (spanMs * (column + 1)) / columns;
    let low = Number.POSITIVE_INFINITY;
    // What held at the slice's beginning, and every change within it.
    for (let i = at; i < history.length; i++) {
      const sample = history[i];
      if (!sample || (sample.atMs > endMs && i > at)) break;
      if (sample.atMs > endMs) break;
      low = Math.min(low, sample.availableNew + sample.availableOld);
      at = i;
    }
    if (!Number.isFinite(low)) low = slices.at(-1) ?? 0;
    slices.push(low);
    lowest = Math.min(lowest, low);
  }
  const text = slices.map((value) => levels[value === 0 ? 0 : Math.max(1, Math.round((value / top) * 8))] ?? " ").join("");
  const isBelow = lowest < snapshot.strategy.minAvailable;
  return [
    [
      { text: "      " },
      { text, style: isBelow ? "busy" : "good" },
      { text: `  available in ${humanDuration(spanMs)}, lowest ${lowest}`, style: isBelow ? "bad" : "faint" },
    ],
  ];
}

const causesMax = 4;
const logLinesMax = 3;
const certaintyMarks = {
  certain: { glyph: "✗", style: "bad" },
  likely: { glyph: "!", style: "busy" },
  waiting: { glyph: "…", style: "faint" },
} as const;

/** What is in the way, the worst first, with the end of its log and the ways out. */
function causeLines(explanations: readonly Explanation[], width: number): Line[] {
  const told = explanations.filter(({ certainty, needsPerson }) => certainty !== "waiting" || needsPerson);
  const lines: Line[] = [];
  for (const { certainty, sentence, evidence, wayOut } of told.slice(0, causesMax)) {
    const { glyph, style } = certaintyMarks[certainty];
    for (const [index, text] of wrapped(sentence, width - 4).entries())
      lines.push([
        { text: index === 0 ? `  ${glyph} ` : "    ", style },
        { text, ...(index === 0 && { style }) },
      ]);
    const log = evidence.find(({ at }) => at.startsWith("log of "));
    for (const text of log?.text.split("\n").slice(-logLinesMax) ?? []) lines.push([{ text: `    | ${text}`, style: "faint" }]);
    for (const { about, command } of wayOut) {
      for (const text of command === undefined ? wrapped(`→ ${about}`, width - 6, "  ") : commandLines(command, width))
        lines.push([{ text: `    ${text}` }]);
    }
  }
  if (told.length > causesMax) lines.push([{ text: `    and ${told.length - causesMax} more`, style: "faint" }]);
  return lines;
}

/** A command that stays one when it is pasted, however narrow the terminal is. */
function commandLines(command: string, width: number): string[] {
  const lines = wrapped(`→ ${command}`, width - 8, "    ");
  return lines.map((line, index) => (index < lines.length - 1 ? `${line} \\` : line));
}
