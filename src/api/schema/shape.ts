/**
 * Holds a JSON value against the field tables: which fields nobody knows, which values have the wrong type (in the
 * words of the API's own decoder), and what is left once unknown fields, nulls and empty optional lists are gone.
 * Runs on every write, so each type is compiled once into a closure.
 */
import { isRecord, setOwnField } from "../../base/own-field.ts";
import { parseTime } from "../../base/time.ts";
import type { FieldSchema, Scalar, TypeExpression } from "./notation.ts";
import { findStruct } from "./schema.ts";

export interface ShapeProblems {
  /** Paths of unknown fields, such as `spec.template.spec.containers[0].foo`. */
  readonly unknown: string[];
  /** Whole sentences, such as `json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32`. */
  readonly typeErrors: string[];
}

export interface Shaped extends ShapeProblems {
  /** An unfrozen copy without unknown fields, nulls and empty optional lists and maps. */
  readonly value: any;
}

/** A step of a path: a field, an index of a list, or (in a list of one) a key of a map. */
type Step = string | number | readonly [mapKey: string];

/** Where the walk is: the steps from the root, and the struct that holds the current field. */
interface Walk extends ShapeProblems {
  readonly path: Step[];
  struct: string;
}

type Shaper = (value: any, walk: Walk) => any;

/** Checks and prunes in one pass. A type that no table has takes any value. */
export function shape(schemaName: string, value: unknown): Shaped {
  const walk: Walk = { unknown: [], typeErrors: [], path: [], struct: "" };
  const pruned = structShaper(schemaName)(value, walk);
  return { value: pruned, unknown: walk.unknown, typeErrors: walk.typeErrors };
}

/** Everything that does not fit; see `shape`. */
export const checkShape = (schemaName: string, value: unknown): ShapeProblems => shape(schemaName, value);

/** The value without what its type does not have; see `shape`. */
export const prune = <T>(schemaName: string, value: T): T => shape(schemaName, value).value as T;

const compiled = new Map<string, Shaper>();

function structShaper(name: string): Shaper {
  const known = compiled.get(name);
  if (known) return known;
  const shaper = compileStruct(name);
  compiled.set(name, shaper);
  return shaper;
}

interface CompiledField {
  readonly shaper: Shaper;
  /** Scalars do not need the path unless they fail. */
  readonly scalar: Scalar | undefined;
  /** An empty list or map in this field is dropped. */
  readonly dropsEmpty: boolean;
}

const goName = (name: string): string => name.slice(name.lastIndexOf(".") + 1);
const goPackageName = (name: string): string => name.split(".").slice(-2).join(".");

function goType(type: TypeExpression): string {
  switch (type.kind) {
    case "list":
      return `[]${goType(type.of)}`;
    case "map":
      return `map[string]${goType(type.of)}`;
    case "struct":
      return goPackageName(type.name);
    default:
      return goScalars[type.scalar];
  }
}

const goScalars: Readonly<Record<Scalar, string>> = {
  string: "string",
  int32: "int32",
  int64: "int64",
  double: "float64",
  boolean: "bool",
  bytes: "[]uint8",
  time: "v1.Time",
  microtime: "v1.MicroTime",
  quantity: "resource.Quantity",
  intorstring: "intstr.IntOrString",
  any: "interface {}",
};

function copyAny(value: any): any {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(copyAny);
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(value)) setOwnField(copy, key, copyAny(value[key]));
  return copy;
}

function compileStruct(name: string): Shaper {
  const struct = findStruct(name);
  if (!struct || struct.free) return copyAny;
  const own = goName(name);
  const wrongType = typeMismatch(goPackageName(name));
  let fields: Map<string, CompiledField> | undefined;
  return (value, walk) => {
    if (value === null || value === undefined) return {};
    if (!isRecord(value)) return wrongType(value, walk);
    // Compiled on first use: types may contain themselves.
    fields ??= compileFields(struct.fields);
    const outer = walk.struct;
    walk.struct = own;
    const result: Record<string, unknown> = {};
    for (const key of Object.keys(value)) {
      const inner = value[key];
      const field = fields.get(key);
      if (!field) {
        walk.unknown.push(pathText([...walk.path, key]));
        continue;
      }
      if (inner === null || inner === undefined) continue;
      if (field.scalar === "string" && typeof inner === "string") {
        result[key] = inner;
        continue;
      }
      walk.path.push(key);
      const shaped = field.shaper(inner, walk);
      walk.path.pop();
      if (!(field.dropsEmpty && isEmptyCollection(shaped))) result[key] = shaped;
    }
    walk.struct = outer;
    return result;
  };
}

const isEmptyCollection = (value: any): boolean => {
  if (Array.isArray(value)) return value.length === 0;
  for (const key in value) if (Object.hasOwn(value, key)) return false;
  return true;
};

function compileFields(fields: ReadonlyMap<string, FieldSchema>): Map<string, CompiledField> {
  const compiledFields = new Map<string, CompiledField>();
  for (const [name, { type, required }] of fields) {
    compiledFields.set(name, {
      shaper: typeShaper(type),
      scalar: type.kind === "scalar" ? type.scalar : undefined,
      dropsEmpty: !required && (type.kind === "list" || type.kind === "map"),
    });
  }
  return compiledFields;
}

function typeShaper(type: TypeExpression): Shaper {
  switch (type.kind) {
    case "struct":
      return structShaper(type.name);
    case "list":
      return listShaper(type);
    case "map":
      return mapShaper(type);
    default:
      return scalarShapers[type.scalar];
  }
}

function listShaper(type: TypeExpression & { kind: "list" }): Shaper {
  const element = typeShaper(type.of);
  const wrongType = typeMismatch(goType(type));
  const zero = zeroOf(type.of);
  return (value, walk) => {
    if (!Array.isArray(value)) return wrongType(value, walk);
    const result = new Array(value.length);
    for (let index = 0; index < value.length; index++) {
      walk.path.push(index);
      result[index] = value[index] === null ? zero() : element(value[index], walk);
      walk.path.pop();
    }
    return result;
  };
}

function mapShaper(type: TypeExpression & { kind: "map" }): Shaper {
  const element = typeShaper(type.of);
  const wrongType = typeMismatch(goType(type));
  const zero = zeroOf(type.of);
  const ofText = type.of.kind === "scalar" && type.of.scalar === "string";
  return (value, walk) => {
    if (!isRecord(value)) return wrongType(value, walk);
    const result: Record<string, unknown> = {};
    for (const key of Object.keys(value)) {
      const inner = value[key];
      if (ofText && typeof inner === "string") {
        setOwnField(result, key, inner);
        continue;
      }
      walk.path.push([key]);
      setOwnField(result, key, inner === null ? zero() : element(inner, walk));
      walk.path.pop();
    }
    return result;
  };
}

/** What the API's decoder makes of a null inside a list or map. */
function zeroOf(type: TypeExpression): () => unknown {
  if (type.kind === "struct") return () => ({});
  if (type.kind !== "scalar") return () => null;
  switch (type.scalar) {
    case "string":
    case "bytes":
      return () => "";
    case "boolean":
      return () => false;
    case "int32":
    case "int64":
    case "double":
    case "intorstring":
      return () => 0;
    case "quantity":
      return () => "0";
    default:
      return () => null;
  }
}

/** `spec.containers[0].name`. */
function pathText(path: readonly Step[]): string {
  let text = "";
  for (const step of path) text += typeof step === "number" ? `[${step}]` : `${text === "" ? "" : "."}${step}`;
  return text;
}

const jsonType = (value: unknown): string =>
  typeof value === "boolean" ? "bool" : Array.isArray(value) ? "array" : value === null ? "null" : typeof value;

/** The decoder's sentence; list indexes and map keys are not part of its paths. */
function typeMismatch(wanted: string): (value: unknown, walk: Walk, what?: string) => undefined {
  return (value, walk, what = jsonType(value)) => {
    const names = walk.path.filter((step) => typeof step === "string").join(".");
    walk.typeErrors.push(
      walk.path.length === 0
        ? `json: cannot unmarshal ${what} into Go value of type ${wanted}`
        : `json: cannot unmarshal ${what} into Go struct field ${walk.struct}.${names} of type ${wanted}`,
    );
    return undefined;
  };
}

const notOf: { readonly [K in Scalar]: ReturnType<typeof typeMismatch> } = Object.fromEntries(
  Object.entries(goScalars).map(([scalar, name]) => [scalar, typeMismatch(name)]),
) as { [K in Scalar]: ReturnType<typeof typeMismatch> };

const integer =
  (scalar: "int32" | "int64", limit: number): Shaper =>
  (value, walk) => {
    if (typeof value !== "number") return notOf[scalar](value, walk);
    if (!Number.isInteger(value) || value >= limit || value < -limit) return notOf[scalar](value, walk, `number ${value}`);
    return value;
  };

const timeLayout = (scalar: "time" | "microtime"): string =>
  scalar === "time" ? "2006-01-02T15:04:05Z07:00" : "2006-01-02T15:04:05.000000Z07:00";

const time =
  (scalar: "time" | "microtime"): Shaper =>
  (value, walk) => {
    if (typeof value !== "string") {
      walk.typeErrors.push(`json: cannot unmarshal ${jsonType(value)} into Go value of type string`);
    } else if (parseTime(value) === undefined) {
      walk.typeErrors.push(
        `parsing time ${JSON.stringify(value)} as ${JSON.stringify(timeLayout(scalar))}: cannot parse ${JSON.stringify(value)} as "2006"`,
      );
    }
    return value;
  };

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const quantity = /^[+-]?(\d+\.?\d*|\.\d+)(?:[KMGTPE]i|[numkMGTPE]|[eE][+-]?\d+)?$/;

const scalarShapers: { readonly [K in Scalar]: Shaper } = {
  string: (value, walk) => (typeof value === "string" ? value : notOf.string(value, walk)),
  boolean: (value, walk) => (typeof value === "boolean" ? value : notOf.boolean(value, walk)),
  int32: integer("int32", 2 ** 31),
  int64: integer("int64", 2 ** 63),
  double: (value, walk) => (typeof value === "number" ? value : notOf.double(value, walk)),
  bytes(value, walk) {
    if (typeof value !== "string") return notOf.bytes(value, walk);
    // Line breaks inside are allowed, as the decoder allows them.
    const compact = /[\r\n]/.test(value) ? value.replace(/[\r\n]/g, "") : value;
    if (!base64.test(compact)) walk.typeErrors.push(`illegal base64 data at input byte ${illegalByte(compact)}`);
    return compact;
  },
  time: time("time"),
  microtime: time("microtime"),
  quantity(value, walk) {
    if (typeof value === "number" ? Number.isFinite(value) : typeof value === "string" && quantity.test(value)) return value;
    if (typeof value === "object") return notOf.quantity(value, walk);
    walk.typeErrors.push("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'");
    return value;
  },
  intorstring(value, walk) {
    if (typeof value === "string" || Number.isInteger(value)) return value;
    walk.typeErrors.push(
      `json: cannot unmarshal ${typeof value === "number" ? `number ${value}` : jsonType(value)} into Go value of type int32`,
    );
    return value;
  },
  any: copyAny,
};

function illegalByte(text: string): number {
  const at = text.search(/[^A-Za-z0-9+/]/);
  return at < 0 ? text.length - (text.length % 4) : at;
}
