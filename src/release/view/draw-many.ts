/**
 * Draws several rollouts one below the other. Where they do not fit, what is in trouble comes first and in full, what is under way has
 * a line each, and what is complete has one for all: fifty workloads fit into twenty-four lines. Pure.
 */
import type { Verdict } from "../explain/explain.ts";
import { draw, drawBrief, type DrawOptions, verdictStyle } from "./draw.ts";
import { unicodeLettering } from "./lettering.ts";
import { isNew, type RolloutView } from "./rollout-view.ts";
import { awaitedSentence, shownName } from "./sentence.ts";
import { columnsOf, renderLine } from "./styled-line.ts";

const worstFirst: readonly Verdict[] = ["failed", "likely-failing", "waiting-for-somebody", "progressing", "complete"];
/** Of one, of several. */
const words: Readonly<Record<Verdict, readonly [string, string]>> = {
  failed: ["cannot succeed as it is", "cannot succeed as they are"],
  "likely-failing": ["is held up", "are held up"],
  "waiting-for-somebody": ["waits for somebody", "wait for somebody"],
  progressing: ["is under way", "are under way"],
  complete: ["is complete", "are complete"],
};
/** Less than this says less than its line in the list. */
const detailMinLines = 4;
const nameMaxColumns = 32;

/** All of them; `options.height` is for all together. */
export function drawMany(views: readonly RolloutView[], options: DrawOptions): string[] {
  const { height = Number.POSITIVE_INFINITY } = options;
  const [only] = views;
  if (views.length === 1 && only) return draw(only, options);
  const whole = views.flatMap((view, index) => {
    if (view.verdict === "complete") return [drawBrief(view, options)];
    return [...(index > 0 ? [""] : []), ...draw(view, { ...options, height: Number.POSITIVE_INFINITY })];
  });
  return whole.length <= height ? whole : inLittleRoom(views, height, options);
}

function inLittleRoom(views: readonly RolloutView[], height: number, options: DrawOptions): string[] {
  const ordered = [...views].sort((a, b) => worstFirst.indexOf(a.verdict) - worstFirst.indexOf(b.verdict));
  const open = ordered.filter(({ verdict }) => verdict !== "complete");
  const done = ordered.slice(open.length);
  const lines = [headLine(views, options)];
  const last = done.length > 0 ? [completeLine(done, options)] : [];
  const room = Math.max(1, height - lines.length - last.length);
  if (open.length >= room) {
    const shown = open.slice(0, room === open.length ? room : room - 1);
    const left = open.length - shown.length;
    lines.push(...shown.map((view) => lineOf(view, nameColumns(shown, options), options)));
    if (left > 0) lines.push(plainLine(`and ${left} more`, options));
  } else lines.push(...detailed(open, room, options));
  return [...lines, ...last].slice(0, height);
}

/** A line for each, and for the first ones the whole drawing, as long as there is room. */
function detailed(open: readonly RolloutView[], room: number, options: DrawOptions): string[] {
  let spare = room - open.length;
  const columns = nameColumns(open, options);
  return open.flatMap((view) => {
    // A drawing takes the place of its line, and is set apart by an empty one.
    if (spare - 1 < detailMinLines - 1) return [lineOf(view, columns, options)];
    const drawing = draw(view, { ...options, height: spare });
    spare -= drawing.length;
    return [...drawing, ""];
  });
}

function headLine(views: readonly RolloutView[], options: DrawOptions): string {
  const counts = worstFirst.map((verdict) => [verdict, views.filter((view) => view.verdict === verdict).length] as const);
  const parts = counts.filter(([, count]) => count > 0).map(([verdict, count]) => `${count} ${words[verdict][count === 1 ? 0 : 1]}`);
  return renderLine([{ text: `${views.length} workloads: ${parts.join(", ")}`, style: "strong" }], lineOptions(options));
}

const glyphs: Readonly<Record<Verdict, string>> = {
  failed: "✗",
  "likely-failing": "!",
  "waiting-for-somebody": "…",
  progressing: " ",
  complete: "✓",
};

/** `✗ deploy/web  0/10  Pod web-1 can't pull image …`. */
function lineOf(view: RolloutView, columns: number, options: DrawOptions): string {
  const { snapshot, explanations, verdict } = view;
  const wanted = snapshot.counts.desired - snapshot.strategy.keptBack;
  const available = snapshot.pods.filter((pod) => isNew(snapshot, pod) && pod.available && !pod.terminating).length;
  const trouble = explanations.find(({ certainty, needsPerson }) => certainty !== "waiting" || needsPerson);
  const name = shownName(snapshot, options);
  const numbers = `${Math.min(available, wanted)}/${wanted}`;
  const style = verdictStyle(view);
  return renderLine(
    [
      { text: `${glyphs[verdict]} `, style },
      { text: name + " ".repeat(Math.max(0, columns - columnsOf(name))), style },
      { text: `  ${numbers.padStart(7)}  ` },
      { text: trouble?.sentence ?? awaitedSentence(view) ?? "", ...(!trouble && { style: "faint" as const }) },
    ],
    lineOptions(options),
  );
}

const nameColumns = (views: readonly RolloutView[], options: DrawOptions): number =>
  Math.min(nameMaxColumns, Math.max(...views.map(({ snapshot }) => columnsOf(shownName(snapshot, options)))));

const completeLine = (done: readonly RolloutView[], options: DrawOptions): string =>
  renderLine(
    [
      { text: `✓ ${done.length} complete: `, style: "good" },
      { text: done.map(({ snapshot }) => shownName(snapshot, options)).join(", "), style: "faint" },
    ],
    lineOptions(options),
  );

const plainLine = (text: string, options: DrawOptions): string => renderLine([{ text, style: "faint" }], lineOptions(options));

const lineOptions = ({ lettering = unicodeLettering, width, colour }: DrawOptions) => ({ lettering, width, colour });
