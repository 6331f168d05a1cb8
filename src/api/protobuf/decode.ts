/**
 * Reads objects from the protobuf form of the API (API-15, API-17): four magic bytes, then an envelope that names the type, then the
 * object in the numbers of the field tables. Fields without a number there are passed over.
 */
import { setOwnField } from "../../base/own-field.ts";
import { formatMicroTime, formatTime } from "../../base/time.ts";
import { ApiError, badRequest } from "../errors.ts";
import type { AnyObject } from "../meta/object.ts";
import { parseJson } from "../schema/json.ts";
import type { Scalar, StructSchema, TypeExpression } from "../schema/notation.ts";
import { structSchema } from "../schema/schema.ts";
import { type Slot, type Slots, slotsOf } from "./message.ts";
import { schemaOf } from "./type-name.ts";
import { MalformedProtobuf, readFields, type WireField } from "./wire.ts";

/** What every body starts with: `k8s` and a zero. */
export const protobufMagic: Uint8Array = Uint8Array.of(0x6b, 0x38, 0x73, 0x00);

const depthMax = 100;
const utf8 = new TextDecoder("utf-8", { fatal: true });

/** The object of a protobuf body. Throws `badRequest` for bytes that are none and for kinds that nobody knows. */
export function decodeProtobuf(bytes: Uint8Array): AnyObject {
  try {
    return decodeEnvelope(bytes);
  } catch (error) {
    if (error instanceof ApiError) throw error;
    throw badRequest(`unable to decode the body of the request as protobuf: ${(error as Error).message}`);
  }
}

function decodeEnvelope(bytes: Uint8Array): AnyObject {
  if (!protobufMagic.every((byte, index) => bytes[index] === byte)) {
    throw badRequest("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]");
  }
  const envelope = lastByNumber(bytes.subarray(protobufMagic.length));
  const type = lastByNumber(envelope.get(1)?.bytes ?? new Uint8Array());
  const apiVersion = text(type.get(1));
  const kind = text(type.get(2));
  const raw = envelope.get(2)?.bytes ?? new Uint8Array();
  if (text(envelope.get(4)) === "application/json") return parseJson(raw).value as AnyObject;
  const schema = schemaOf(apiVersion, kind);
  if (!schema) throw badRequest(`no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)}`);
  return { apiVersion, kind, ...decodeStruct(raw, schema, 0) } as AnyObject;
}

const lastByNumber = (bytes: Uint8Array): Map<number, WireField> => new Map(readFields(bytes).map((field) => [field.number, field]));

function text(field: WireField | undefined): string {
  return field?.bytes ? utf8.decode(field.bytes) : "";
}

function decodeStruct(bytes: Uint8Array, schema: StructSchema, depth: number): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  decodeInto(result, bytes, slotsOf(schema), depth);
  return result;
}

function decodeInto(result: Record<string, unknown>, bytes: Uint8Array, slots: Slots, depth: number): void {
  if (depth > depthMax) throw new MalformedProtobuf("nested too deeply");
  for (const field of readFields(bytes)) {
    const slot = slots.get(field.number);
    if (!slot) continue;
    if (slot.kind === "inline") decodeInto(result, messageOf(field), slot.slots, depth + 1);
    else decodeField(result, field, slot, depth);
  }
}

function decodeField(result: Record<string, unknown>, field: WireField, slot: Slot & { kind: "field" }, depth: number): void {
  const { name, type } = slot.field;
  if (type.kind === "list") {
    const list = (result[name] ??= []) as unknown[];
    list.push(decodeValue(field, type.of, depth));
    return;
  }
  if (type.kind === "map") {
    const entry = lastByNumber(messageOf(field));
    const map = (result[name] ??= {}) as Record<string, unknown>;
    setOwnField(map, text(entry.get(1)), decodeValue(entry.get(2) ?? { number: 2 }, type.of, depth));
    return;
  }
  const value = decodeValue(field, type, depth);
  if (value === undefined || (isZero(value) && !slot.keepsZero)) delete result[name];
  else result[name] = value;
}

const isZero = (value: unknown): boolean => value === 0 || value === "" || value === false;

function messageOf(field: WireField): Uint8Array {
  if (!field.bytes) {
    if (field.varint !== undefined) throw new MalformedProtobuf("expected a message");
    return new Uint8Array();
  }
  return field.bytes;
}

function decodeValue(field: WireField, type: TypeExpression, depth: number): unknown {
  switch (type.kind) {
    case "struct": {
      const schema = structSchema(type.name);
      return schema.free ? jsonOf(field) : decodeStruct(messageOf(field), schema, depth + 1);
    }
    case "list":
      // A list inside a map stands in a message of its own, under number 1.
      return readFields(messageOf(field)).map((element) => decodeValue(element, type.of, depth));
    case "map":
      throw new MalformedProtobuf("unexpected map");
    default:
      return decodeScalar(field, type.scalar);
  }
}

function decodeScalar(field: WireField, scalar: Scalar): unknown {
  switch (scalar) {
    case "string":
      return text(textual(field));
    case "int32":
    case "int64":
      return integral(field);
    case "boolean":
      return integral(field) !== 0;
    case "double": {
      const bytes = messageOf(field);
      return bytes.length === 8 ? new DataView(bytes.buffer, bytes.byteOffset, 8).getFloat64(0, true) : 0;
    }
    case "bytes":
      return base64(messageOf(field));
    case "time":
    case "microtime":
      return timeOf(field, scalar);
    case "quantity":
      return text(lastByNumber(messageOf(field)).get(1)) || "0";
    case "intorstring": {
      const parts = lastByNumber(messageOf(field));
      return (parts.get(1)?.varint ?? 0) === 1 ? text(parts.get(3)) : (parts.get(2)?.varint ?? 0);
    }
    case "any":
      return jsonOf(field);
  }
}

function textual(field: WireField): WireField {
  if (field.varint !== undefined) throw new MalformedProtobuf("expected text");
  return field;
}

function integral(field: WireField): number {
  if (field.bytes) throw new MalformedProtobuf("expected an integer");
  return field.varint ?? 0;
}

/** Any JSON value: bytes under number 1 of a message. */
function jsonOf(field: WireField): unknown {
  const raw = lastByNumber(messageOf(field)).get(1)?.bytes;
  return raw && raw.length > 0 ? parseJson(raw).value : undefined;
}

/** Seconds and nanoseconds; both zero is no time at all. */
function timeOf(field: WireField, scalar: "time" | "microtime"): string | undefined {
  const parts = lastByNumber(messageOf(field));
  const seconds = parts.get(1)?.varint ?? 0;
  const nanos = parts.get(2)?.varint ?? 0;
  if (seconds === 0 && nanos === 0) return undefined;
  if (Math.abs(seconds) > 253_402_300_799) throw new MalformedProtobuf("time out of range");
  const whole = formatTime(seconds * 1000);
  if (scalar === "time") return whole;
  const micros = Math.floor(nanos / 1000);
  return nanos % 1_000_000 === 0
    ? formatMicroTime(seconds * 1000 + nanos / 1_000_000)
    : `${whole.slice(0, -1)}.${String(micros).padStart(6, "0")}Z`;
}

function base64(bytes: Uint8Array): string {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}
