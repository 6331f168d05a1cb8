/** The kind Event, in its two forms: of the core group and of events.k8s.io. They share one storage (API-110). */
import type { Event as EventObject, EventsV1Event as EventsV1EventObject } from "../../types.ts";
import { defineKind } from "../../kind.ts";

/** Event (v1). */
export const Event = defineKind<EventObject>({
  group: "",
  version: "v1",
  kind: "Event",
  plural: "events",
  scope: "Namespaced",
  schema: "core.v1.Event",
  shortNames: ["ev"],
  ttlMs: 3_600_000,
});

/** Event (events.k8s.io/v1). */
export const EventsV1Event = defineKind<EventsV1EventObject>({
  group: "events.k8s.io",
  version: "v1",
  kind: "Event",
  plural: "events",
  scope: "Namespaced",
  schema: "events.v1.Event",
  shortNames: ["ev"],
  ttlMs: 3_600_000,
});
