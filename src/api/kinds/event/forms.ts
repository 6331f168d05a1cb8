/** The two forms of an Event, and how each field of one is called in the other (API-110). */
import type { Event, EventsV1Event } from "../../types.ts";

/** Sets a field unless there is nothing to set: absent fields stay absent. */
function put<T extends object, K extends keyof T>(object: T, name: K, value: T[K] | undefined): void {
  if (value !== undefined) object[name] = value;
}

/** The core form, in which Events are stored. */
export function toCoreEvent(event: EventsV1Event): Event {
  const core: Event = { apiVersion: "v1", kind: "Event", metadata: event.metadata, involvedObject: event.regarding ?? {} };
  put(core, "reason", event.reason);
  put(core, "message", event.note);
  put(core, "type", event.type);
  put(core, "action", event.action);
  put(core, "related", event.related);
  put(core, "eventTime", event.eventTime);
  put(core, "series", event.series);
  put(core, "reportingComponent", event.reportingController);
  put(core, "reportingInstance", event.reportingInstance);
  put(core, "source", event.deprecatedSource);
  put(core, "count", event.deprecatedCount);
  put(core, "firstTimestamp", event.deprecatedFirstTimestamp);
  put(core, "lastTimestamp", event.deprecatedLastTimestamp);
  return core;
}

/** The form of events.k8s.io. */
export function fromCoreEvent(core: Event): EventsV1Event {
  const event = { apiVersion: "events.k8s.io/v1", kind: "Event", metadata: core.metadata } as EventsV1Event;
  put(event, "eventTime", core.eventTime);
  put(event, "regarding", core.involvedObject);
  put(event, "reason", core.reason);
  put(event, "note", core.message);
  put(event, "type", core.type);
  put(event, "action", core.action);
  put(event, "related", core.related);
  put(event, "series", core.series as EventsV1Event["series"]);
  put(event, "reportingController", core.reportingComponent);
  put(event, "reportingInstance", core.reportingInstance);
  put(event, "deprecatedSource", core.source);
  put(event, "deprecatedCount", core.count);
  put(event, "deprecatedFirstTimestamp", core.firstTimestamp);
  put(event, "deprecatedLastTimestamp", core.lastTimestamp);
  return event;
}
