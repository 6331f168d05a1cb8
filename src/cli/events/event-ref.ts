/** Events, as a client addresses them. */
import type { KindRef } from "../../api/kind.ts";
import type { Event } from "../../api/types.ts";

export const eventRef: KindRef<Event> = { group: "", version: "v1", kind: "Event", plural: "events", scope: "Namespaced" };
