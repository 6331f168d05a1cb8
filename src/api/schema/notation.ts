/**
 * The notation of the field tables and its reader.
 *
 * A type is a record of field name to `[!]TYPE [list=KIND] [patch=STRATEGY] [struct=atomic] [#N]`:
 * `!` marks a required field; TYPE is a scalar, `[]TYPE`, `map<TYPE>` or the name of another type;
 * `list=` is `atomic`, `set` or `map:key,key` (server-side apply); `patch=` is `merge`, `merge:key`,
 * `retainKeys` or `merge,retainKeys:key` (strategic merge); `#N` is the field's number on the protobuf wire, `#N.M` that of
 * a field which stands one message deeper there than in JSON.
 * The pseudo-fields `$struct` and `$free` speak of the type itself.
 */
export type TypeTable = Readonly<Record<string, Readonly<Record<string, string>>>>;

export type Scalar =
  | "string"
  | "int32"
  | "int64"
  | "double"
  | "boolean"
  | "bytes"
  | "time"
  | "microtime"
  | "quantity"
  | "intorstring"
  /** Any JSON value; nothing inside it is checked or pruned. */
  | "any";

export type TypeExpression =
  | { readonly kind: "scalar"; readonly scalar: Scalar }
  | { readonly kind: "list"; readonly of: TypeExpression }
  | { readonly kind: "map"; readonly of: TypeExpression }
  | { readonly kind: "struct"; readonly name: string };

export interface FieldSchema {
  readonly name: string;
  readonly type: TypeExpression;
  readonly required: boolean;
  /** How server-side apply sees a list. Absent means atomic. */
  readonly listType?: "atomic" | "set" | "map";
  /** The keys of a `map` list. */
  readonly listKeys?: readonly string[];
  /** A struct or map that server-side apply owns as one value. */
  readonly atomicStruct: boolean;
  /** Strategic merge: merge element by element (or field by field) rather than replace. */
  readonly patchMerge: boolean;
  readonly patchRetainKeys: boolean;
  readonly patchMergeKey?: string;
  /** Field number on the protobuf wire, where known; several where messages lie in between that JSON does not have. */
  readonly protoPath?: readonly number[];
}

export interface StructSchema {
  readonly name: string;
  readonly fields: ReadonlyMap<string, FieldSchema>;
  /** Server-side apply owns a value of this type whole. */
  readonly atomic: boolean;
  /** A type without declared fields: any JSON value. */
  readonly free: boolean;
}

const scalars: ReadonlySet<string> = new Set<Scalar>([
  "string",
  "int32",
  "int64",
  "double",
  "boolean",
  "bytes",
  "time",
  "microtime",
  "quantity",
  "intorstring",
  "any",
]);

function parseType(text: string): TypeExpression {
  if (text.startsWith("[]")) return { kind: "list", of: parseType(text.slice(2)) };
  if (text.startsWith("map<")) return { kind: "map", of: parseType(text.slice(4, -1)) };
  if (scalars.has(text)) return { kind: "scalar", scalar: text as Scalar };
  return { kind: "struct", name: text };
}

/** Reads one field of a table. Throws on a word that the notation does not have. */
function parseField(name: string, text: string): FieldSchema {
  const [head = "", ...options] = text.split(" ");
  const required = head.startsWith("!");
  const field: { -readonly [K in keyof FieldSchema]: FieldSchema[K] } = {
    name,
    type: parseType(required ? head.slice(1) : head),
    required,
    atomicStruct: false,
    patchMerge: false,
    patchRetainKeys: false,
  };
  for (const option of options) applyOption(field, option);
  return field;
}

function applyOption(field: { -readonly [K in keyof FieldSchema]: FieldSchema[K] }, option: string): void {
  if (option.startsWith("#")) {
    field.protoPath = option.slice(1).split(".").map(Number);
    return;
  }
  const [word = "", value = ""] = option.split("=");
  const [head = "", tail] = value.split(":");
  switch (word) {
    case "list":
      field.listType = head as "atomic" | "set" | "map";
      if (tail !== undefined) field.listKeys = tail.split(",");
      return;
    case "patch":
      field.patchMerge = head.split(",").includes("merge");
      field.patchRetainKeys = head.split(",").includes("retainKeys");
      if (tail !== undefined) field.patchMergeKey = tail;
      return;
    case "struct":
      field.atomicStruct = head === "atomic";
      return;
    default:
      throw new Error(`field table: ${field.name}: unknown option "${option}"`);
  }
}

/** Reads one type of a table. */
export function parseStruct(name: string, table: Readonly<Record<string, string>>): StructSchema {
  const fields = new Map<string, FieldSchema>();
  for (const [fieldName, text] of Object.entries(table)) {
    if (!fieldName.startsWith("$") || fieldName === "$ref" || fieldName === "$schema") fields.set(fieldName, parseField(fieldName, text));
  }
  return { name, fields, atomic: table.$struct === "atomic", free: table.$free === "any" };
}
