/**
 * From the body of a request to an object: its type, its shape and what field validation says of it (API-80, API-81).
 * The HTTP front calls this; callers of the same process hand over objects that their compiler has checked.
 */
import { badRequest } from "../api/errors.ts";
import { apiVersionOf, type KindDefinition } from "../api/kind.ts";
import type { AnyObject } from "../api/meta/object.ts";
import { parseJson } from "../api/schema/json.ts";
import { shape } from "../api/schema/shape.ts";

/** What a body is expected to be. */
export interface BodyType {
  readonly apiVersion: string;
  readonly version: string;
  readonly kind: string;
  /** Its type's name in the field tables. */
  readonly schema: string;
}

export interface DecodeOptions {
  /** Default Warn. */
  readonly fieldValidation?: "Ignore" | "Warn" | "Strict";
  warn?(text: string): void;
  /** Paths of keys that occur twice in the body's text. */
  readonly duplicates?: readonly string[];
}

/** The body that a kind takes, or one of its subresources: its own type, or Scale, Binding, Eviction, TokenRequest. */
export function bodyTypeOf(kind: KindDefinition, subresource?: string): BodyType {
  const own = { apiVersion: apiVersionOf(kind), version: kind.version, kind: kind.kind, schema: kind.schema };
  if (!subresource || subresource === "status") return own;
  if (subresource === "scale") {
    return { apiVersion: "autoscaling/v1", version: "v1", kind: "Scale", schema: "autoscaling.v1.Scale" };
  }
  const declared = kind.subresources?.find((candidate) => candidate.name === subresource)?.kind;
  if (!declared || (declared.group === kind.group && declared.version === kind.version && declared.kind === kind.kind)) return own;
  const { group, version } = declared;
  const schema = `${group === "" ? "core" : group.split(".")[0]}.${version}.${declared.kind}`;
  return { apiVersion: apiVersionOf(declared), version, kind: declared.kind, schema };
}

/** A JSON body. Throws 400 for what is no JSON, no object, of another type, of a wrong shape, or not strict when it should be. */
export function decodeJson(type: BodyType, bytes: Uint8Array, options: DecodeOptions = {}): AnyObject {
  const { value, duplicates } = parseJson(bytes, { findDuplicates: options.fieldValidation !== "Ignore" });
  return decodeValue(type, value, { ...options, duplicates });
}

/** A body that is parsed already (YAML, protobuf). The result is a copy without unknown fields and nulls. */
export function decodeValue(type: BodyType, value: unknown, options: DecodeOptions = {}): AnyObject {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw cannotHandle(type, `json: cannot unmarshal ${goKind(value)} into Go value of type ${goType(type)}`);
  }
  checkTypeOf(type, value as AnyObject);
  const shaped = shape(type.schema, value);
  if (shaped.typeErrors.length > 0) throw cannotHandle(type, shaped.typeErrors[0] as string);
  reportStrictness(type, shaped.unknown, options);
  const { apiVersion: _, kind: __, metadata, ...rest } = shaped.value as AnyObject;
  return { apiVersion: type.apiVersion, kind: type.kind, metadata: metadata ?? {}, ...rest };
}

function checkTypeOf(type: BodyType, value: { readonly apiVersion?: unknown; readonly kind?: unknown }): void {
  const { apiVersion, kind } = value;
  if (apiVersion !== undefined && apiVersion !== null && typeof apiVersion !== "string") {
    throw badRequest(
      `couldn't get version/kind; json parse error: json: cannot unmarshal ${goKind(apiVersion)} into Go struct field .apiVersion of type string`,
    );
  }
  if (kind !== undefined && kind !== null && typeof kind !== "string") {
    throw badRequest(
      `couldn't get version/kind; json parse error: json: cannot unmarshal ${goKind(kind)} into Go struct field .kind of type string`,
    );
  }
  if (kind && kind !== type.kind) {
    throw badRequest(`${kind} in version ${JSON.stringify(apiVersion || type.apiVersion)} cannot be handled as a ${type.kind}`);
  }
  if (apiVersion && apiVersion !== type.apiVersion) {
    throw badRequest(`the API version in the data (${apiVersion}) does not match the expected API version (${type.apiVersion})`);
  }
}

function reportStrictness(type: BodyType, unknown: readonly string[], options: DecodeOptions): void {
  if (options.fieldValidation === "Ignore") return;
  const problems = [
    ...(options.duplicates ?? []).map((path) => `duplicate field ${JSON.stringify(path)}`),
    ...unknown.map((path) => `unknown field ${JSON.stringify(path)}`),
  ];
  if (problems.length === 0) return;
  if (options.fieldValidation === "Strict") throw cannotHandle(type, `strict decoding error: ${problems.join(", ")}`);
  for (const problem of problems) options.warn?.(problem);
}

const cannotHandle = (type: BodyType, why: string) =>
  badRequest(`${type.kind} in version ${JSON.stringify(type.version)} cannot be handled as a ${type.kind}: ${why}`);

const goType = (type: BodyType): string => type.schema.split(".").slice(-2).join(".");

const goKind = (value: unknown): string =>
  Array.isArray(value) ? "array" : value === null || value === undefined ? "null" : typeof value === "boolean" ? "bool" : typeof value;
