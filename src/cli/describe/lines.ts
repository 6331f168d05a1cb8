/** Parts that descriptions of all kinds are made of. Every line is without its line break; cells end with tabs. */
import type { AnyObject } from "../../api/meta/object.ts";
import type { Event } from "../../api/types.ts";
import { parseTime } from "../../base/time.ts";
import { humanDuration } from "../../machinery/duration.ts";
import { annotation, listed, pairs } from "../printing/pod-template.ts";

const lastApplied = "kubectl.kubernetes.io/last-applied-configuration";

export const labelLines = (title: string, labels: Readonly<Record<string, string>> | undefined): string[] => listed(title, pairs(labels));

export const annotationLines = ({ metadata }: AnyObject): string[] =>
  listed(
    "Annotations",
    Object.entries(metadata.annotations ?? {})
      .filter(([key]) => key !== lastApplied)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(annotation),
  );

const weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** `Sun, 22 Nov 2026 18:55:58 +0000`; `<unset>` for none. */
export function longTime(text: string | undefined): string {
  const ms = parseTime(text);
  if (ms === undefined || text === undefined) return "<unset>";
  const [date = "", clock = ""] = text.split(/[Tt]/);
  const [year, month, day] = date.split("-");
  const weekday = weekdays[(Math.floor(ms / 86_400_000) + 4) % 7];
  return `${weekday}, ${day} ${months[Number(month) - 1]} ${year} ${clock.slice(0, 8)} +0000`;
}

/** `Controlled By:` where somebody does. */
export function controllerLines({ metadata }: AnyObject): string[] {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller);
  return owner ? [`Controlled By:\t${owner.kind}/${owner.name}`] : [];
}

/** The events of an object, oldest first. */
export function eventLines(events: readonly Event[], nowMs: number): string[] {
  if (events.length === 0) return ["Events:\t<none>"];
  const rows = [...events].sort(byLastTime).map((event) => {
    const when = timesOf(event, nowMs);
    const from = event.source?.component || event.reportingComponent || "";
    const path = event.involvedObject?.fieldPath;
    return `  ${event.type}\t${event.reason}\t${when}\t${from}\t${path ? `${path}: ` : ""}${(event.message ?? "").trim()}`;
  });
  return ["Events:", "  Type\tReason\tAge\tFrom\tMessage", "  ----\t------\t----\t----\t-------", ...rows];
}

/** How long ago, and how often since when: `5s`, `10s (x3 over 2m)`. */
export function timesOf(event: Event, nowMs: number): string {
  const age = (text: string | undefined): string => {
    const ms = parseTime(text);
    return ms === undefined ? "<unknown>" : humanDuration(nowMs - ms);
  };
  const first = event.firstTimestamp ?? event.eventTime;
  const seen = (event.series?.count ?? event.count ?? 0) > 1;
  const last = event.series?.lastObservedTime ?? event.lastTimestamp;
  return seen ? `${age(last)} (x${event.series?.count ?? event.count} over ${age(first)})` : age(first);
}

const lastOf = (event: Event): number =>
  parseTime(event.series?.lastObservedTime ?? event.lastTimestamp ?? event.eventTime ?? event.metadata.creationTimestamp) ?? 0;
/** The one that was seen earlier goes first. */
export const byLastTime = (a: Event, b: Event): number => lastOf(a) - lastOf(b);

/** `3 Running / 0 Waiting / 0 Succeeded / 0 Failed` */
export function podCounts(pods: readonly AnyObject[]): string {
  const count = (phase: string): number => pods.filter(({ status }) => status?.phase === phase).length;
  return `${count("Running")} Running / ${count("Pending")} Waiting / ${count("Succeeded")} Succeeded / ${count("Failed")} Failed`;
}
