/**
 * Draws a rollout: a sentence, a tree by revision with a square per Pod, bars of old and new between floor and ceiling, how
 * availability went, and what is in the way. Pure: the same view and size give the same lines.
 */
import { causeLines, noteLines } from "./draw-causes.ts";
import { barLines, historyLines } from "./draw-figures.ts";
import { treeLines } from "./draw-tree.ts";
import { type Lettering, unicodeLettering } from "./lettering.ts";
import type { RolloutView } from "./rollout-view.ts";
import { awaitedSentence, type NameOptions, stateSentence } from "./sentence.ts";
import { type Line, renderLine, type Style, wrapped } from "./styled-line.ts";

export interface DrawOptions extends NameOptions {
  /** In columns; at least 20 is assumed. */
  readonly width: number;
  /** In lines; what matters least goes first where there are too few. Absent: as many as it takes. */
  readonly height?: number;
  readonly colour: boolean;
  /** Default: of Unicode. */
  readonly lettering?: Lettering;
}

/** How much of everything is drawn. */
interface Detail {
  readonly history: boolean;
  readonly notes: boolean;
  readonly squareLines: number;
  readonly bars: boolean;
  readonly causesMax: number;
  readonly logLinesMax: number;
  readonly gaps: boolean;
  readonly tree: boolean;
}

const everything: Detail = {
  history: true,
  notes: true,
  squareLines: 4,
  bars: true,
  causesMax: 4,
  logLinesMax: 3,
  gaps: true,
  tree: true,
};

/** From everything to the least, what is given up last being what somebody needs who was woken up for it: the cause and the way out. */
const details: readonly Detail[] = [
  everything,
  ...(
    [
      { history: false },
      { squareLines: 1 },
      { notes: false },
      { bars: false },
      { causesMax: 2, logLinesMax: 2 },
      { squareLines: 0 },
      { causesMax: 1 },
      { logLinesMax: 1 },
      { gaps: false },
      { tree: false },
      { logLinesMax: 0 },
    ] as const
  ).map((_, index, steps): Detail => Object.assign({ ...everything }, ...steps.slice(0, index + 1))),
];

/** The whole drawing. */
export function draw(view: RolloutView, options: DrawOptions): string[] {
  const { height = Number.POSITIVE_INFINITY, colour, lettering = unicodeLettering } = options;
  const width = Math.max(20, options.width);
  let lines: readonly Line[] = [];
  for (const detail of details) {
    lines = compose(view, detail, { ...options, width, lettering });
    if (lines.length <= height) break;
  }
  return lines.slice(0, height).map((line) => renderLine(line, { width, colour, lettering }));
}

function compose(
  view: RolloutView,
  detail: Detail,
  options: NameOptions & { readonly width: number; readonly lettering: Lettering },
): Line[] {
  const sections = [
    [...sentenceLines(view, options), ...(detail.notes ? noteLines(view.explanations, options) : [])],
    detail.tree ? treeLines(view, { ...options, ...detail }) : [],
    view.snapshot.counts.desired === 0
      ? []
      : [
          ...(detail.bars && view.verdict !== "complete" ? barLines(view, options) : []),
          ...(detail.history ? historyLines(view, options) : []),
        ],
    causeLines(view.explanations, { ...options, ...detail }),
  ].filter((section) => section.length > 0);
  return sections.flatMap((section, index) => (detail.gaps && index > 0 ? [[], ...section] : section));
}

/** One line, for workloads of which nothing more is to be said. */
export const drawBrief = (view: RolloutView, { lettering = unicodeLettering, ...options }: DrawOptions): string =>
  renderLine([{ text: stateSentence(view, options), style: verdictStyle(view) }], { ...options, lettering });

const styles = {
  complete: "good",
  progressing: "strong",
  "likely-failing": "busy",
  "waiting-for-somebody": "busy",
  failed: "bad",
} as const;

/** By how it stands. */
export const verdictStyle = ({ verdict }: RolloutView): Style => styles[verdict];

function sentenceLines(view: RolloutView, options: NameOptions & { readonly width: number; readonly lettering: Lettering }): Line[] {
  const { width, lettering } = options;
  const style = verdictStyle(view);
  const lines: Line[] = wrapped(lettering.text(stateSentence(view, options)), width, "  ").map((text) => [{ text, style }]);
  const awaited = awaitedSentence(view);
  if (awaited) for (const text of wrapped(lettering.text(awaited), width - 2, "")) lines.push([{ text: `  ${text}` }]);
  return lines;
}
