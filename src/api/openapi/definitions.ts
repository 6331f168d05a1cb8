/** The schemas of OpenAPI documents, made from the field tables: only those that are asked for and what they refer to. */
import { apiVersionOf, type KindDefinition } from "../kind.ts";
import type { FieldSchema, Scalar, StructSchema, TypeExpression } from "../schema/notation.ts";
import { findStruct } from "../schema/schema.ts";
import { definitionName, scalarDefinitions } from "./definition-names.ts";
import { descriptionOf } from "./descriptions.ts";

export type Json = Record<string, any>;

/** The two dialects differ in where definitions stand and in how types with two spellings are told. */
export type Dialect = "v2" | "v3";

export interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

const refPrefix: Readonly<Record<Dialect, string>> = { v2: "#/definitions/", v3: "#/components/schemas/" };

/** A reference to the definition of a type. */
export const schemaRef = (typeName: string, dialect: Dialect): Json => ({ $ref: refPrefix[dialect] + definitionName(typeName) });

/** Every definition that the given types need, by name, sorted. */
export function definitionsOf(typeNames: Iterable<string>, kinds: readonly KindDefinition[], dialect: Dialect): Json {
  const groupVersionKinds = kindsByType(kinds);
  const definitions: Json = {};
  const waiting = [...typeNames];
  const scalars = new Set<Scalar>();
  for (let typeName = waiting.pop(); typeName !== undefined; typeName = waiting.pop()) {
    const name = definitionName(typeName);
    const struct = findStruct(typeName);
    if (Object.hasOwn(definitions, name) || !struct) continue;
    definitions[name] = structDefinition(struct, groupVersionKinds.get(typeName), dialect);
    for (const { type } of struct.fields.values()) {
      const leaf = leafOf(type);
      if (leaf.kind === "struct") waiting.push(leaf.name);
      else if (leaf.kind === "scalar") scalars.add(leaf.scalar);
    }
  }
  for (const [scalar, name] of Object.entries(scalarDefinitions)) {
    if (scalars.has(scalar as Scalar)) definitions[name] = scalarDefinition(scalar as keyof typeof scalarDefinitions, dialect);
  }
  return Object.fromEntries(Object.entries(definitions).sort(([a], [b]) => (a < b ? -1 : 1)));
}

const leafOf = (type: TypeExpression): TypeExpression => (type.kind === "list" || type.kind === "map" ? leafOf(type.of) : type);

/** The name of the type of a kind's lists. */
export const listType = (kind: Pick<KindDefinition, "schema">): string => `${kind.schema}List`;

function kindsByType(kinds: readonly KindDefinition[]): Map<string, GroupVersionKind[]> {
  const byType = new Map<string, GroupVersionKind[]>();
  for (const { group, version, kind, schema } of kinds) {
    byType.set(schema, [{ group, version, kind }]);
    byType.set(`${schema}List`, [{ group, version, kind: `${kind}List` }]);
  }
  const versions = new Map(kinds.map((kind) => [apiVersionOf(kind), { group: kind.group, version: kind.version }]));
  byType.set(
    "meta.v1.DeleteOptions",
    [...versions.values()].map((version) => ({ ...version, kind: "DeleteOptions" })),
  );
  byType.set("meta.v1.Status", [{ group: "", version: "v1", kind: "Status" }]);
  return byType;
}

function structDefinition(struct: StructSchema, kinds: readonly GroupVersionKind[] | undefined, dialect: Dialect): Json {
  const description = descriptionOf(struct.name);
  if (struct.free) return { ...(description && { description }) };
  const properties: Json = {};
  const required: string[] = [];
  for (const field of struct.fields.values()) {
    properties[field.name] = property(struct.name, field, dialect);
    if (field.required) required.push(field.name);
  }
  return {
    ...(description && { description }),
    type: "object",
    ...(required.length > 0 && { required: required.sort() }),
    properties,
    ...(struct.atomic && { "x-kubernetes-map-type": "atomic" }),
    ...(kinds && { "x-kubernetes-group-version-kind": kinds }),
  };
}

function property(typeName: string, field: FieldSchema, dialect: Dialect): Json {
  const description = descriptionOf(typeName, field.name);
  return {
    ...(description && { description }),
    ...typeSchema(field.type, dialect, description !== undefined || hasExtensions(field)),
    ...extensions(field),
  };
}

const hasExtensions = (field: FieldSchema): boolean =>
  field.listType !== undefined || field.atomicStruct || field.patchMerge || field.patchRetainKeys;

function extensions(field: FieldSchema): Json {
  const strategies = [field.patchMerge ? "merge" : "", field.patchRetainKeys ? "retainKeys" : ""].filter((strategy) => strategy !== "");
  return {
    ...(field.listKeys && { "x-kubernetes-list-map-keys": field.listKeys }),
    ...(field.listType && { "x-kubernetes-list-type": field.listType }),
    ...(field.atomicStruct && { "x-kubernetes-map-type": "atomic" }),
    ...(field.patchMergeKey && { "x-kubernetes-patch-merge-key": field.patchMergeKey }),
    ...(strategies.length > 0 && { "x-kubernetes-patch-strategy": strategies.join(",") }),
  };
}

/** `decorated`: other words will stand beside the schema, which a plain reference does not allow in v3. */
function typeSchema(type: TypeExpression, dialect: Dialect, decorated: boolean): Json {
  switch (type.kind) {
    case "struct":
      return reference(definitionName(type.name), dialect, decorated);
    case "list":
      return { type: "array", items: typeSchema(type.of, dialect, false) };
    case "map":
      return { type: "object", additionalProperties: typeSchema(type.of, dialect, false) };
    default:
      return scalarSchema(type.scalar, dialect, decorated);
  }
}

function reference(name: string, dialect: Dialect, decorated: boolean): Json {
  const $ref = refPrefix[dialect] + name;
  return dialect === "v3" && decorated ? { allOf: [{ $ref }] } : { $ref };
}

const primitives: Readonly<Record<Exclude<Scalar, keyof typeof scalarDefinitions>, Json>> = {
  string: { type: "string" },
  int32: { type: "integer", format: "int32" },
  int64: { type: "integer", format: "int64" },
  double: { type: "number", format: "double" },
  boolean: { type: "boolean" },
  bytes: { type: "string", format: "byte" },
};

const scalarSchema = (scalar: Scalar, dialect: Dialect, decorated: boolean): Json =>
  Object.hasOwn(scalarDefinitions, scalar)
    ? reference(scalarDefinitions[scalar as keyof typeof scalarDefinitions], dialect, decorated)
    : primitives[scalar as keyof typeof primitives];

function scalarDefinition(scalar: keyof typeof scalarDefinitions, dialect: Dialect): Json {
  const description = descriptionOf(`scalar.${scalar}`);
  const described = description ? { description } : {};
  switch (scalar) {
    case "time":
    case "microtime":
      return { ...described, type: "string", format: "date-time" };
    case "quantity":
      return dialect === "v2" ? { ...described, type: "string" } : { ...described, oneOf: [{ type: "string" }, { type: "number" }] };
    case "intorstring":
      return dialect === "v2"
        ? { ...described, type: "string", format: "int-or-string" }
        : { ...described, format: "int-or-string", oneOf: [{ type: "integer" }, { type: "string" }] };
    case "any":
      return { ...described, type: "object" };
  }
}
