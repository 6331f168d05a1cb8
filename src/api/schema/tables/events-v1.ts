/** Field tables of events.v1; `notation.ts` documents the notation. */
import type { TypeTable } from "../notation.ts";

export const eventsV1: TypeTable = {
  Event: {
    action: "string",
    apiVersion: "string",
    deprecatedCount: "int32",
    deprecatedFirstTimestamp: "time",
    deprecatedLastTimestamp: "time",
    deprecatedSource: "core.v1.EventSource",
    eventTime: "!microtime",
    kind: "string",
    metadata: "meta.v1.ObjectMeta",
    note: "string",
    reason: "string",
    regarding: "core.v1.ObjectReference",
    related: "core.v1.ObjectReference",
    reportingController: "string",
    reportingInstance: "string",
    series: "events.v1.EventSeries",
    type: "string",
  },
  EventList: {
    apiVersion: "string",
    items: "![]events.v1.Event",
    kind: "string",
    metadata: "meta.v1.ListMeta",
  },
  EventSeries: {
    count: "!int32",
    lastObservedTime: "!microtime",
  },
};
