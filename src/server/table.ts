/** Objects as `kubectl get` sees them: the Table form, rendered from a kind's columns (TAB-1 … TAB-5). */
import type { Column, KindDefinition } from "../api/kind.ts";
import type { AnyObject } from "../api/meta/object.ts";

/** What of each object goes along with its row (TAB-3). */
export type IncludeObject = "None" | "Metadata" | "Object";

export interface TableColumn {
  readonly name: string;
  readonly type: string;
  readonly format: string;
  readonly description: string;
  readonly priority: number;
}

export interface TableRow {
  readonly cells: readonly (string | number | boolean | null)[];
  readonly conditions?: readonly { type: string; status: string; reason?: string; message?: string }[];
  readonly object?: AnyObject;
}

export interface Table {
  readonly kind: "Table";
  readonly apiVersion: "meta.k8s.io/v1";
  readonly metadata: { readonly resourceVersion?: string; readonly continue?: string; readonly remainingItemCount?: number };
  readonly columnDefinitions: readonly TableColumn[];
  readonly rows: readonly TableRow[];
}

export interface TableOptions {
  /** Milliseconds since the epoch, for ages. */
  readonly now: number;
  /** Default Metadata. */
  readonly includeObject?: IncludeObject;
  /** The list's own metadata. Absent: that of the single object. */
  readonly metadata?: Table["metadata"];
  /** Leaves the column definitions out: every event of a watch after the first (TAB-5). */
  readonly withoutColumns?: boolean;
}

/** What a kind without columns of its own shows (TAB-4). */
const plainColumns: readonly Column<AnyObject>[] = [
  { name: "Name", type: "string", format: "name", description: "Unique within a namespace.", cell: (object) => object.metadata.name ?? "" },
  {
    name: "Created At",
    type: "date",
    description: "When the object was created.",
    cell: (object) => object.metadata.creationTimestamp ?? null,
  },
];

const columnsOf = (kind: KindDefinition): readonly Column<AnyObject>[] => kind.columns ?? plainColumns;

const definitions = new WeakMap<KindDefinition, readonly TableColumn[]>();

/** The column definitions of a kind. */
export function tableColumns(kind: KindDefinition): readonly TableColumn[] {
  let known = definitions.get(kind);
  if (!known) {
    known = columnsOf(kind).map(({ name, type, format = "", description = "", priority = 0 }) => ({
      name,
      type,
      format,
      description,
      priority,
    }));
    definitions.set(kind, known);
  }
  return known;
}

/** A table of objects. All cells are filled, the wide ones too (TAB-2). */
export function renderTable(kind: KindDefinition, objects: readonly AnyObject[], options: TableOptions): Table {
  return {
    kind: "Table",
    apiVersion: "meta.k8s.io/v1",
    metadata: options.metadata ?? singleMetadata(objects),
    columnDefinitions: options.withoutColumns ? [] : tableColumns(kind),
    rows: objects.map((object) => renderRow(kind, object, options)),
  };
}

const singleMetadata = (objects: readonly AnyObject[]): Table["metadata"] => {
  const resourceVersion = objects.length === 1 ? objects[0]?.metadata.resourceVersion : undefined;
  return resourceVersion === undefined ? {} : { resourceVersion };
};

function renderRow(kind: KindDefinition, object: AnyObject, options: TableOptions): TableRow {
  const cells = columnsOf(kind).map((column) => column.cell(object, options));
  const conditions = kind.rowConditions?.(object);
  const include = options.includeObject ?? "Metadata";
  return {
    cells,
    ...(conditions?.length && { conditions }),
    ...(include !== "None" && { object: include === "Object" ? object : partialObject(object) }),
  };
}

/** PartialObjectMetadata: only what every object has, also its own `as=` form. */
export const partialObject = (object: AnyObject): AnyObject => ({
  kind: "PartialObjectMetadata",
  apiVersion: "meta.k8s.io/v1",
  metadata: object.metadata,
});
