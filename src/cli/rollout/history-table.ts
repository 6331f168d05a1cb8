/** The table of `rollout history`: REVISION first and CHANGE-CAUSE last, as kubectl has them, and between them what is remembered. */
import { formatTime } from "../../base/time.ts";
import { humanDuration } from "../../machinery/duration.ts";
import { durationMs, type Release } from "../../release/records/release.ts";
import type { Revision } from "../../release/workload.ts";
import { whoText } from "./who.ts";

/** Texts of others stand in cells; they are cut here, and shown whole with `-o wide`. */
const cellMax = 28;
const digestChars = 12;

/** kubectl's own table (KR-10), from the revisions that are there. */
export function plainTable(revisions: readonly Revision[]): string {
  const rows = revisions.toReversed().map(({ number, changeCause }) => [String(number), changeCause ?? "<none>"]);
  return aligned([["REVISION", "CHANGE-CAUSE"], ...rows]);
}

export interface HistoryTableOptions {
  /** Milliseconds since the epoch. */
  readonly nowMs: number;
  /** Leaves nothing out. */
  readonly wide: boolean;
  /** Also tell until when each was the newest. */
  readonly until?: boolean;
}

/** The releases, some of `all` that is remembered, the oldest first. */
export function historyTable(
  releases: readonly Release[],
  all: readonly Release[],
  { nowMs, wide, until = false }: HistoryTableOptions,
): string {
  const cut = (text: string): string => (wide || text.length <= cellMax ? text : `${text.slice(0, cellMax - 1)}…`);
  const rows = releases.map((release) => {
    const before = all[all.indexOf(release) - 1];
    return [
      String(release.number),
      whenCell(release.startedMs, nowMs, wide),
      ...(until ? [release.leftMs === undefined ? "now" : whenCell(release.leftMs, nowMs, wide)] : []),
      cut(whoText(release, before, { wide })),
      ...(wide ? [release.manager ?? "<unknown>"] : []),
      cut(imageCell(release, wide)),
      cut(configurationCell(release, before)),
      outcomeCell(release),
      durationCell(release, nowMs),
      ...(wide
        ? [
            release.provenMs === undefined ? "<no>" : formatTime(release.provenMs),
            release.template.slice(0, digestChars),
            release.reason ?? "<none>",
          ]
        : []),
      release.changeCause ?? "<none>",
    ];
  });
  const header = [
    "REVISION",
    "WHEN",
    ...(until ? ["UNTIL"] : []),
    "WHO",
    ...(wide ? ["MANAGER"] : []),
    "IMAGE",
    "CONFIG",
    "OUTCOME",
    "DURATION",
    ...(wide ? ["PROVEN", "TEMPLATE", "REASON"] : []),
    "CHANGE-CAUSE",
  ];
  return aligned([header, ...rows]);
}

const whenCell = (ms: number, nowMs: number, wide: boolean): string =>
  wide ? formatTime(ms) : `${humanDuration(Math.max(0, nowMs - ms))} ago`;

function imageCell({ images, imageIds = {} }: Release, wide: boolean): string {
  const entries = Object.entries(images);
  if (entries.length === 0) return "<none>";
  return entries
    .map(([container, image]) => (wide ? withDigest(image, imageIds[container]) : image.slice(image.lastIndexOf("/") + 1)))
    .join(",");
}

function withDigest(image: string, id: string | undefined): string {
  const digest = id?.slice(id.lastIndexOf("@") + 1);
  return digest?.startsWith("sha256:") && !image.includes("@") ? `${image}@${digest.slice(0, "sha256:".length + digestChars)}` : image;
}

/** The names of what it is configured by; a star says that the content is another than the release before had. */
function configurationCell({ configuration }: Release, before: Release | undefined): string {
  if (configuration.length === 0) return "<none>";
  return configuration
    .map(({ kind, name, digest }) => {
      const was = before?.configuration.find((use) => use.kind === kind && use.name === name);
      return was !== undefined && was.digest !== digest ? `${name}*` : name;
    })
    .join(",");
}

/** With the number under which the same template was last known. */
function outcomeCell({ outcome, formerNumbers = [] }: Release): string {
  const former = formerNumbers.at(-1);
  return former === undefined ? outcome : `${outcome} (as ${former})`;
}

function durationCell(release: Release, nowMs: number): string {
  const ms = durationMs(release);
  if (ms !== undefined) return precise(ms);
  return release.outcome === "progressing" ? `${precise(Math.max(0, nowMs - release.startedMs))}…` : "<unknown>";
}

/** A duration in milliseconds, with a tenth of a second where that matters. */
export const precise = (ms: number): string => (ms < 10_000 ? `${(ms / 1000).toFixed(1)}s` : humanDuration(ms));

/** Two spaces between columns, nothing behind the last, an empty line at the end (KR-10). */
function aligned(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  const lines = rows.map((row) =>
    row.map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0))).join("  "),
  );
  return `${lines.join("\n")}\n\n`;
}
