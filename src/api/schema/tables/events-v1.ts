/** Field tables of events.v1; `notation.ts` documents the notation. */
import type { TypeTable } from "../notation.ts";

export const eventsV1: TypeTable = {
  Event: {
    action: "string #6",
    apiVersion: "string",
    deprecatedCount: "int32 #15",
    deprecatedFirstTimestamp: "time #13",
    deprecatedLastTimestamp: "time #14",
    deprecatedSource: "core.v1.EventSource #12",
    eventTime: "!microtime #2",
    kind: "string",
    metadata: "meta.v1.ObjectMeta #1",
    note: "string #10",
    reason: "string #7",
    regarding: "core.v1.ObjectReference #8",
    related: "core.v1.ObjectReference #9",
    reportingController: "string #4",
    reportingInstance: "string #5",
    series: "events.v1.EventSeries #3",
    type: "string #11",
  },
  EventList: {
    apiVersion: "string",
    items: "![]events.v1.Event #2",
    kind: "string",
    metadata: "meta.v1.ListMeta #1",
  },
  EventSeries: {
    count: "!int32 #1",
    lastObservedTime: "!microtime #2",
  },
};
