/** Tables as servers make them, turned into lines of cells (TAB-1 … TAB-5). */
import type { AnyObject } from "../../api/meta/object.ts";
import { humanAge } from "../../machinery/duration.ts";
import { qualifiedKind, type Resource } from "../discovery/resource.ts";

export interface Table {
  readonly columnDefinitions: readonly { readonly name: string; readonly format?: string; readonly priority?: number }[];
  readonly rows: readonly { readonly cells: readonly unknown[]; readonly object?: AnyObject }[];
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string };
}

export interface TableStyle {
  /** Also the columns of lower priority. */
  readonly wide: boolean;
  readonly withNamespace: boolean;
  /** Names are preceded by `deployment.apps/`. */
  readonly withKind: boolean;
  readonly showLabels: boolean;
  /** A column each for these labels. */
  readonly labelColumns: readonly string[];
}

/** The accept header of a request for a table. */
export const tableMediaType =
  "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json";

/** Column titles. */
export function headerOf(table: Table, style: TableStyle): string[] {
  return [
    ...(style.withNamespace ? ["NAMESPACE"] : []),
    ...shownColumns(table, style).map((at) => (table.columnDefinitions[at]?.name ?? "").toUpperCase()),
    ...style.labelColumns.map((label) => label.slice(label.lastIndexOf("/") + 1).toUpperCase()),
    ...(style.showLabels ? ["LABELS"] : []),
  ];
}

/** The cells of each row. */
export function rowsOf(table: Table, style: TableStyle, resource: Pick<Resource, "kind" | "group">): string[][] {
  const columns = shownColumns(table, style);
  const named = table.columnDefinitions.findIndex(({ name, format }) => format === "name" || name === "Name");
  return table.rows.map(({ cells, object }) => {
    const labels = object?.metadata?.labels ?? {};
    return [
      ...(style.withNamespace ? [object?.metadata?.namespace ?? ""] : []),
      ...columns.map((at) => (style.withKind && at === named ? `${qualifiedKind(resource)}/` : "") + cellText(cells[at])),
      ...style.labelColumns.map((label) => labels[label] ?? ""),
      ...(style.showLabels ? [labelsText(labels)] : []),
    ];
  });
}

const shownColumns = (table: Table, { wide }: TableStyle): number[] =>
  table.columnDefinitions.flatMap(({ priority = 0 }, at) => (wide || priority === 0 ? [at] : []));

/** One line of it: the rest is left out and marked so. */
function cellText(value: unknown): string {
  if (value === null || value === undefined) return "<none>";
  if (typeof value !== "string") return escaped(typeof value === "object" ? JSON.stringify(value) : String(value));
  const end = value.search(/[\f\n\r]/);
  return end < 0 ? escaped(value) : `${escaped(value.slice(0, end))}...`;
}

/** What a terminal would take for a command is shown instead. */
const escaped = (text: string): string => text.replaceAll("\x1b", "^[").replaceAll("\r", "\\r");

/** `a=1,b=2`, sorted. */
function labelsText(labels: Readonly<Record<string, string>>): string {
  const keys = Object.keys(labels).sort();
  return keys.length === 0 ? "<none>" : keys.map((key) => `${key}=${labels[key]}`).join(",");
}

/** What a server sent instead of a table, as the plainest of tables. `now` is in milliseconds. */
export function tableOf(answer: any, now: number): Table {
  if (answer.kind === "Table") return { rows: [], columnDefinitions: [], ...answer, ...(answer.rows === null && { rows: [] }) };
  const objects: AnyObject[] = Array.isArray(answer.items) ? answer.items : [answer];
  return {
    columnDefinitions: [{ name: "Name", format: "name" }, { name: "Age" }],
    rows: objects.map((object) => ({ cells: [object.metadata?.name ?? "", humanAge(object.metadata?.creationTimestamp, now)], object })),
    metadata: answer.metadata ?? {},
  };
}
