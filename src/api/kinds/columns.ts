/** Columns that several kinds print alike (TAB-1 … TAB-19). */
import { humanAge } from "../../machinery/duration.ts";
import { labelSelectorText } from "../../machinery/selectors.ts";
import type { Column } from "../kind.ts";
import type { KubeObject } from "../meta/object.ts";
import type { LabelSelector, PodTemplateSpec } from "../types.ts";

/** The first column of every kind. */
export const nameColumn: Column<KubeObject> = {
  name: "Name",
  type: "string",
  format: "name",
  description: "Unique within the namespace.",
  cell: (object) => object.metadata.name ?? "",
};

/** Time since creation. */
export const ageColumn: Column<KubeObject> = {
  name: "Age",
  type: "string",
  description: "Time since creation.",
  cell: (object, context) => humanAge(object.metadata.creationTimestamp, context.now),
};

/** A column of text. */
export const textColumn = <T>(name: string, cell: (object: T, context: { readonly now: number }) => string): Column<T> => ({
  name,
  type: "string",
  cell,
});

/** A column of whole numbers; an absent one reads 0. */
export const numberColumn = <T>(name: string, value: (object: T) => number | undefined): Column<T> => ({
  name,
  type: "integer",
  cell: (object) => value(object) ?? 0,
});

/** The same column, shown only with `-o wide`. */
export const wide = <T>(column: Column<T>): Column<T> => ({ ...column, priority: 1 });

/** CONTAINERS and IMAGES of a Pod template. */
export const templateColumns = <T>(template: (object: T) => PodTemplateSpec | undefined): Column<T>[] => [
  wide(textColumn("Containers", (object) => (template(object)?.spec?.containers ?? []).map((c) => c.name).join(","))),
  wide(textColumn("Images", (object) => (template(object)?.spec?.containers ?? []).map((c) => c.image ?? "").join(","))),
];

/** A label selector as a cell; an empty or absent one is `<none>`, one that cannot be read `<error>`. */
export function selectorCell(selector: LabelSelector | undefined): string {
  if (selector === undefined) return "<none>";
  try {
    return labelSelectorText(selector) || "<none>";
  } catch {
    // A listing must not fail because of one object.
    return "<error>";
  }
}

/** A map of labels as a cell, sorted by key; `<none>` when there are none. */
export function labelsCell(labels: Readonly<Record<string, string>> | undefined): string {
  const keys = Object.keys(labels ?? {}).sort();
  return keys.length === 0 ? "<none>" : keys.map((key) => `${key}=${labels![key]}`).join(",");
}

/** The first `max` items joined by commas, then how many more there are (TAB-17). */
export const shortList = (items: readonly string[], max: number): string =>
  items.length <= max ? items.join(",") : `${items.slice(0, max).join(",")} + ${items.length - max} more...`;
