/** The figures of a drawing: bars of old and new between floor and ceiling, and how availability went. */
import { humanDuration } from "../../machinery/duration.ts";
import type { PodView } from "../workload.ts";
import type { Lettering } from "./lettering.ts";
import { isNew, type RolloutView } from "./rollout-view.ts";
import type { Line } from "./styled-line.ts";

export interface FigureOptions {
  readonly width: number;
  readonly lettering: Lettering;
}

/** Old and new on one scale, and below them where floor and ceiling of their sum are. */
export function barLines({ snapshot }: RolloutView, { width, lettering }: FigureOptions): Line[] {
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
      { text: lettering.full.repeat(filled), style: "good" },
      { text: lettering.part.repeat(grey), style: "busy" },
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
  const [none, floor, ceiling, both] = lettering.scale;
  const marks = [...none.repeat(room + 1)];
  marks[cells(strategy.minAvailable)] = floor;
  marks[cells(strategy.maxPods)] = cells(strategy.maxPods) === cells(strategy.minAvailable) ? both : ceiling;
  const low = all < strategy.minAvailable;
  return [
    ...lines,
    [
      { text: `      ${marks.join("")}`, style: "faint" },
      { text: ` floor ${strategy.minAvailable}, ceiling ${strategy.maxPods}`, style: low ? "bad" : "faint" },
    ],
  ];
}

/** Before this much was seen there is nothing to look back at. */
const historyMinMs = 2000;

/** How many were available over the time that was watched, one column per slice, each its lowest moment. */
export function historyLines({ history, snapshot, nowMs }: RolloutView, { width, lettering: { levels } }: FigureOptions): Line[] {
  const [first] = history;
  if (history.length < 2 || !first) return [];
  const columns = Math.min(40, width - 38);
  if (columns < 10) return [];
  const spanMs = nowMs - first.atMs;
  if (spanMs < historyMinMs) return [];
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
