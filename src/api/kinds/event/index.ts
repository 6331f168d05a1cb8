/**
 * The kind Event: what happened to an object. It has two forms, of the core group and of events.k8s.io, and one storage:
 * both list the same objects (API-110).
 */
import { type FieldError, field } from "../../errors.ts";
import { defineKind } from "../../kind.ts";
import type { Event as EventObject, EventsV1Event as EventsV1EventObject } from "../../types.ts";
import type { Errors } from "../field-rules.ts";
import { eventColumns } from "./columns.ts";
import { fromCoreEvent, toCoreEvent } from "./forms.ts";

const hourMs = 3_600_000;

/** Event (v1). */
export const Event = defineKind<EventObject>({
  group: "",
  version: "v1",
  kind: "Event",
  plural: "events",
  scope: "Namespaced",
  schema: "core.v1.Event",
  shortNames: ["ev"],
  ttlMs: hourMs,
  createOnUpdate: true,
  validate: validateEvent,
  columns: eventColumns<EventObject>((event) => event),
  fieldSelectors: selectors<EventObject>("involvedObject", (event) => event),
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
  ttlMs: hourMs,
  createOnUpdate: true,
  storage: { as: "/events", toStorage: toCoreEvent, fromStorage: (object) => fromCoreEvent(object as unknown as EventObject) },
  validate: validateEventsV1Event,
  columns: eventColumns<EventsV1EventObject>(toCoreEvent),
  fieldSelectors: selectors<EventsV1EventObject>("regarding", toCoreEvent),
});

/** API-112. Either form also answers to the other's names. */
function selectors<T>(object: "involvedObject" | "regarding", core: (event: T) => EventObject): Record<string, (event: T) => string> {
  const result: Record<string, (event: T) => string> = {
    reason: (event) => core(event).reason ?? "",
    type: (event) => core(event).type ?? "",
    source: (event) => core(event).source?.component || core(event).reportingComponent || "",
    reportingComponent: (event) => core(event).reportingComponent ?? "",
    reportingController: (event) => core(event).reportingComponent ?? "",
  };
  for (const name of ["kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath"] as const) {
    const value = (event: T): string => core(event).involvedObject?.[name] ?? "";
    result[`${object}.${name}`] = value;
    result[`involvedObject.${name}`] = value;
  }
  return result;
}

function validateEvent(event: EventObject): FieldError[] {
  const errors: Errors = [];
  ruleNamespace(errors, "involvedObject.namespace", event.involvedObject?.namespace, event.metadata.namespace, "event.namespace");
  return errors;
}

/** An event about something without a namespace is kept in `default` (or `kube-system`). */
function ruleNamespace(errors: Errors, path: string, about: string | undefined, own: string | undefined, what: string): void {
  const fits = about ? about === own : own === "default" || own === "kube-system";
  if (!fits && own !== undefined) errors.push(field.invalid(path, about ?? "", `does not match ${what}`));
}

function validateEventsV1Event(event: EventsV1EventObject): FieldError[] {
  const errors: Errors = [];
  ruleNamespace(errors, "involvedObject.namespace", event.regarding?.namespace, event.metadata.namespace, "event.namespace");
  if (!event.eventTime && !event.deprecatedFirstTimestamp && !event.deprecatedLastTimestamp) errors.push(field.required("eventTime"));
  if (event.eventTime && !event.deprecatedCount) {
    if (!event.reportingController) errors.push(field.required("reportingController"));
    if (!event.reportingInstance) errors.push(field.required("reportingInstance"));
    if (!event.action) errors.push(field.required("action"));
    if (!event.reason) errors.push(field.required("reason"));
    if (event.type !== "Normal" && event.type !== "Warning") {
      errors.push(field.invalid("type", event.type ?? "", "has invalid value: must be Normal or Warning"));
    }
  }
  return errors;
}
