/** Events by what they are about, the newest first. */
import type { Event } from "../../api/types.ts";
import { parseTime } from "../../base/time.ts";

/** An event as far as explaining goes. */
export interface SeenEvent {
  readonly reason: string;
  readonly message: string;
  /** Milliseconds since the epoch of its last occurrence. */
  readonly lastMs: number;
  readonly count: number;
  /** The container it is about, where it says so. */
  readonly container?: string;
}

export interface EventIndex {
  /** Events about the object of this uid, the newest first; `reasons` picks some. */
  of(uid: string, reasons?: readonly string[]): readonly SeenEvent[];
  /** The newest that one of `reasons` gives, of this container where it names one. */
  last(uid: string, reasons: readonly string[], where?: { readonly container?: string; readonly message?: RegExp }): SeenEvent | undefined;
}

/** Files events by the uid of what they are about. */
export function indexEvents(events: readonly Event[]): EventIndex {
  const byUid = new Map<string, SeenEvent[]>();
  for (const event of events) {
    const uid = event.involvedObject?.uid;
    if (!uid) continue;
    const list = byUid.get(uid);
    if (list) list.push(seen(event));
    else byUid.set(uid, [seen(event)]);
  }
  for (const list of byUid.values()) list.sort((a, b) => b.lastMs - a.lastMs);
  const of = (uid: string, reasons?: readonly string[]): readonly SeenEvent[] => {
    const all = byUid.get(uid) ?? [];
    return reasons ? all.filter(({ reason }) => reasons.includes(reason)) : all;
  };
  return {
    of,
    last: (uid, reasons, { container, message } = {}) =>
      of(uid, reasons).find(
        (event) =>
          (container === undefined || event.container === undefined || event.container === container) &&
          (message === undefined || message.test(event.message)),
      ),
  };
}

function seen(event: Event): SeenEvent {
  const times = [event.series?.lastObservedTime, event.lastTimestamp, event.eventTime, event.metadata.creationTimestamp];
  const container = /^spec\.(?:initContainers|containers)\{(.+)\}$/.exec(event.involvedObject.fieldPath ?? "")?.[1];
  return {
    reason: event.reason ?? "",
    message: event.message ?? "",
    lastMs: times.map((time) => parseTime(time ?? undefined)).find((ms) => ms !== undefined) ?? 0,
    count: event.series?.count ?? event.count ?? 1,
    ...(container && { container }),
  };
}
