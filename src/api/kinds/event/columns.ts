/** What `kubectl get events` shows (TAB-16). */
import { humanAge } from "../../../machinery/duration.ts";
import type { Column } from "../../kind.ts";
import type { Event } from "../../types.ts";
import { textColumn, wide } from "../columns.ts";

const firstSeen = (event: Event): string | undefined => event.firstTimestamp ?? event.eventTime;
const lastSeen = (event: Event): string | undefined => event.series?.lastObservedTime ?? event.lastTimestamp ?? firstSeen(event);

function objectCell({ involvedObject }: Event): string {
  const kind = involvedObject?.kind?.toLowerCase() ?? "";
  return involvedObject?.name ? `${kind}/${involvedObject.name}` : kind;
}

function sourceCell(event: Event): string {
  const component = event.source?.component || event.reportingComponent || "";
  const instance = event.source?.host || event.reportingInstance;
  return instance ? `${component}, ${instance}` : component;
}

/** The columns, for either form of the kind. */
export function eventColumns<T>(core: (event: T) => Event): Column<T>[] {
  const text = (name: string, cell: (event: Event, now: number) => string): Column<T> =>
    textColumn(name, (event, { now }) => cell(core(event), now));
  return [
    text("Last Seen", (event, now) => humanAge(lastSeen(event), now)),
    text("Type", (event) => event.type ?? ""),
    text("Reason", (event) => event.reason ?? ""),
    text("Object", objectCell),
    text("Message", (event) => (event.message ?? "").trim()),
    wide(text("Subobject", (event) => event.involvedObject?.fieldPath ?? "")),
    wide(text("Source", sourceCell)),
    wide(text("First Seen", (event, now) => humanAge(firstSeen(event), now))),
    wide({ name: "Count", type: "integer", cell: (event: T) => core(event).series?.count ?? core(event).count ?? 1 }),
    wide({ ...text("Name", (event) => event.metadata.name ?? ""), format: "name" }),
  ];
}
