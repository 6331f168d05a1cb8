/** The tree of a drawing: revisions, the newest first, and in each a square per Pod. */
import type { PodView, Revision } from "../workload.ts";
import type { Lettering } from "./lettering.ts";
import { failingPods, type PodState, podState } from "./pod-state.ts";
import type { RolloutView } from "./rollout-view.ts";
import type { Line, Span, Style } from "./styled-line.ts";

const looks: Readonly<Record<PodState, { readonly style?: Style; readonly word: string }>> = {
  available: { style: "good", word: "available" },
  ready: { style: "good", word: "ready" },
  unready: { style: "busy", word: "not ready" },
  starting: { style: "busy", word: "starting" },
  pending: { style: "busy", word: "pending" },
  failing: { style: "bad", word: "failing" },
  terminating: { style: "faint", word: "terminating" },
  ended: { style: "faint", word: "ended" },
};
const states = Object.keys(looks) as PodState[];
const roleStyles = { new: "strong", stable: "good", previous: "faint" } as const;

export interface TreeOptions {
  readonly width: number;
  readonly lettering: Lettering;
  /** So many lines of squares for each revision; where they do not fit, or for 0, the Pods are counted. */
  readonly squareLines: number;
  /** Also what the squares mean, and how many revisions are not shown. */
  readonly notes: boolean;
}

/** Revisions with Pods, and the newest. */
export function treeLines({ snapshot, explanations }: RolloutView, options: TreeOptions): Line[] {
  const failing = failingPods(explanations);
  const stateOf = (pod: PodView): PodState => podState(pod, failing);
  const shown = snapshot.revisions.filter(({ name, role }) => role !== "previous" || snapshot.pods.some((pod) => pod.revision === name));
  const folded = snapshot.revisions.length - shown.length;
  const orphans = snapshot.pods.filter(({ revision }) => revision === undefined);
  const explained = new Set<PodState>();
  const squares = (pods: readonly PodView[]): Line[] => squareLines(pods.map(stateOf), options, explained);
  const lines: Line[] = shown.flatMap((revision) => [
    headOf(revision),
    ...squares(snapshot.pods.filter((pod) => pod.revision === revision.name)),
  ]);
  if (!snapshot.target && snapshot.pods.length === 0)
    lines.push([{ text: "  the revision of the present template is yet to be made", style: "faint" }]);
  if (orphans.length > 0) lines.push([{ text: "  of a forgotten revision" }], ...squares(orphans));
  if (!options.notes) return lines;
  if (folded > 0) lines.push([{ text: `  and ${folded} earlier ${folded === 1 ? "revision" : "revisions"} without Pods`, style: "faint" }]);
  const legend = states.filter((state) => explained.has(state)).map((state) => `${options.lettering.squares[state]} ${looks[state].word}`);
  if (legend.length > 0) lines.push([{ text: `    ${legend.join("  ")}`, style: "faint" }]);
  return lines;
}

function headOf({ number, role, template, changeCause }: Revision): Line {
  const images = [...new Set((template.spec?.containers ?? []).map(({ image }) => image ?? ""))].join(", ");
  return [
    { text: `  revision ${number} ` },
    { text: role, style: roleStyles[role] },
    { text: `  ${images}` },
    ...(changeCause ? [{ text: `  ${changeCause.replace(/\s+/g, " ")}`, style: "faint" as const }] : []),
  ];
}

const indent = "    ";

function squareLines(of: readonly PodState[], options: TreeOptions, explained: Set<PodState>): Line[] {
  const { width, lettering, squareLines: linesMax } = options;
  if (of.length === 0) return [[{ text: `${indent}no Pods`, style: "faint" }]];
  const perLine = Math.max(1, Math.floor((width - indent.length) / 3));
  if (of.length > perLine * linesMax) return countLines(of, options);
  const lines: Line[] = [];
  for (let start = 0; start < of.length; start += perLine) {
    const spans: Span[] = [{ text: indent }];
    for (const state of of.slice(start, start + perLine)) {
      const { style } = looks[state];
      explained.add(state);
      spans.push({ text: lettering.squares[state], ...(style && { style }) }, { text: " " });
    }
    lines.push(spans);
  }
  return lines;
}

/** `■A 151 available  ◧N 144 not ready`, over as many lines as it takes. */
function countLines(of: readonly PodState[], { width, lettering }: TreeOptions): Line[] {
  const lines: Span[][] = [[{ text: indent }]];
  let room = width - indent.length;
  for (const state of states) {
    const count = of.filter((each) => each === state).length;
    if (count === 0) continue;
    const { style, word } = looks[state];
    const text = `${lettering.squares[state]} ${count} ${word}  `;
    if (text.length > room && room < width - indent.length) {
      lines.push([{ text: indent }]);
      room = width - indent.length;
    }
    room -= text.length;
    lines.at(-1)?.push({ text, ...(style && { style }) });
  }
  return lines;
}
