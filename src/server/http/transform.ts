/** Other forms of an object that a client may ask for: a table for people, or its metadata alone (TAB-1 … TAB-5). */
import { badRequest } from "../../api/errors.ts";
import type { KindDefinition } from "../../api/kind.ts";
import type { Clock } from "../../base/clock.ts";
import type { ApiList, ApiWatchEvent, Stored } from "../api.ts";
import { type IncludeObject, partialObject, renderTable, type Table, tableColumns } from "../table.ts";
import { listMetadata, utf8 } from "./answer.ts";
import type { AnswerForm } from "./media-types.ts";
import { encodePlainEvent } from "./watch-stream.ts";

/** Renders stored objects into another document. */
export interface Transform {
  one(stored: Stored): unknown;
  list(list: ApiList): unknown;
  /** A renderer for the events of one watch. */
  events(): (event: ApiWatchEvent) => unknown;
}

const includes: readonly string[] = ["None", "Metadata", "Object"];

/** The form that was asked for; undefined when the objects go out as they are. Throws 400 for a wrong includeObject. */
export function transformOf(form: AnswerForm, kind: KindDefinition, query: URLSearchParams, clock: Clock): Transform | undefined {
  if (form.as === "Table") return tableTransform(kind, query, clock);
  if (form.as === "PartialObjectMetadata" || form.as === "PartialObjectMetadataList") return partialTransform;
  return undefined;
}

function tableTransform(kind: KindDefinition, query: URLSearchParams, clock: Clock): Transform {
  const include = query.get("includeObject") || "Metadata";
  if (!includes.includes(include)) throw badRequest(`unrecognized includeObject value: ${JSON.stringify(include)}`);
  const includeObject = include as IncludeObject;
  const options = () => ({ now: clock.now(), includeObject });
  return {
    one: ({ object }) => renderTable(kind, [object], options()),
    list: (list) =>
      renderTable(
        kind,
        list.items.map((item) => item.object),
        { ...options(), metadata: listMetadata(list) },
      ),
    events() {
      let first = true;
      return ({ type, stored }) => {
        const withoutColumns = !first;
        first = false;
        if (type !== "BOOKMARK") return renderTable(kind, [stored.object], { ...options(), withoutColumns });
        // A bookmark has nothing to fill cells with; its version and annotations travel in the row's object.
        const { resourceVersion } = stored.object.metadata;
        const table: Table = {
          kind: "Table",
          apiVersion: "meta.k8s.io/v1",
          metadata: resourceVersion === undefined ? {} : { resourceVersion },
          columnDefinitions: withoutColumns ? [] : tableColumns(kind),
          rows: [{ cells: [], object: partialObject(stored.object) }],
        };
        return table;
      };
    },
  };
}

const partialTransform: Transform = {
  one: ({ object }) => partialObject(object),
  list: (list) => ({
    kind: "PartialObjectMetadataList",
    apiVersion: "meta.k8s.io/v1",
    metadata: listMetadata(list),
    items: list.items.map((item) => partialObject(item.object)),
  }),
  events:
    () =>
    ({ stored }) =>
      partialObject(stored.object),
};

/** How the events of one watch are written. */
export function eventEncoder(transform: Transform | undefined): (event: ApiWatchEvent) => Uint8Array {
  if (!transform) return encodePlainEvent;
  const render = transform.events();
  return (event) => utf8(`${JSON.stringify({ type: event.type, object: render(event) })}\n`);
}
