/** Writes objects in the protobuf form of the API; the reverse of `decode.ts`. */
import { ownField } from "../../base/own-field.ts";
import { parseTime } from "../../base/time.ts";
import { badRequest } from "../errors.ts";
import type { AnyObject } from "../meta/object.ts";
import type { Scalar, TypeExpression } from "../schema/notation.ts";
import { structSchema } from "../schema/schema.ts";
import { protobufMagic } from "./decode.ts";
import { type Slots, slotsOf } from "./message.ts";
import { schemaOf } from "./type-name.ts";
import { WireWriter } from "./wire.ts";

/** The protobuf body of an object. Fields without a number in the tables are left out. Throws `badRequest` for kinds that nobody knows. */
export function encodeProtobuf(object: AnyObject): Uint8Array {
  const schema = schemaOf(object.apiVersion, object.kind);
  if (!schema) throw badRequest(`no kind ${JSON.stringify(object.kind)} is registered for version ${JSON.stringify(object.apiVersion)}`);
  const envelope = new WireWriter();
  envelope.message(1, (type) => {
    type.text(1, object.apiVersion);
    type.text(2, object.kind);
  });
  envelope.message(2, (writer) => writeSlots(writer, object, slotsOf(schema)));
  envelope.text(3, "");
  envelope.text(4, "");
  const body = envelope.finish();
  const bytes = new Uint8Array(protobufMagic.length + body.length);
  bytes.set(protobufMagic);
  bytes.set(body, protobufMagic.length);
  return bytes;
}

/** Whether any field that stands under these slots is there. */
const anyPresent = (object: Record<string, unknown>, slots: Slots): boolean =>
  [...slots.values()].some((slot) =>
    slot.kind === "inline" ? anyPresent(object, slot.slots) : !isNothing(ownField(object, slot.field.name)),
  );

const isNothing = (value: unknown): boolean => value === undefined || value === null;

function writeSlots(writer: WireWriter, object: Record<string, unknown>, slots: Slots): void {
  for (const [number, slot] of slots) {
    if (slot.kind === "inline") {
      if (anyPresent(object, slot.slots)) writer.message(number, (inner) => writeSlots(inner, object, slot.slots));
      continue;
    }
    const value = ownField(object, slot.field.name);
    if (!isNothing(value)) writeField(writer, number, value, slot.field.type);
  }
}

function writeField(writer: WireWriter, number: number, value: any, type: TypeExpression): void {
  if (type.kind === "list") for (const element of value) writeValue(writer, number, element, type.of);
  else if (type.kind === "map") {
    for (const key of Object.keys(value).sort()) {
      writer.message(number, (entry) => {
        entry.text(1, key);
        writeValue(entry, 2, value[key], type.of);
      });
    }
  } else writeValue(writer, number, value, type);
}

function writeValue(writer: WireWriter, number: number, value: any, type: TypeExpression): void {
  switch (type.kind) {
    case "struct": {
      const schema = structSchema(type.name);
      if (schema.free) scalarWriters.any(writer, number, value);
      else writer.message(number, (inner) => writeSlots(inner, value, slotsOf(schema)));
      return;
    }
    case "list":
      writer.message(number, (inner) => {
        for (const element of value) writeValue(inner, 1, element, type.of);
      });
      return;
    case "map":
      return;
    default:
      scalarWriters[type.scalar](writer, number, value);
  }
}

type ScalarWriter = (writer: WireWriter, number: number, value: any) => void;

const integer: ScalarWriter = (writer, number, value) => writer.varint(number, value);
const time: ScalarWriter = (writer, number, value) => writer.message(number, (inner) => writeTime(inner, value));

const scalarWriters: { readonly [K in Scalar]: ScalarWriter } = {
  string: (writer, number, value) => writer.text(number, value),
  int32: integer,
  int64: integer,
  boolean: (writer, number, value) => writer.varint(number, value ? 1 : 0),
  double: (writer, number, value) => writer.double(number, value),
  bytes: (writer, number, value) => writer.bytes(number, bytesOf(value)),
  time,
  microtime: time,
  quantity: (writer, number, value) => writer.message(number, (inner) => inner.text(1, String(value))),
  intorstring: (writer, number, value) =>
    writer.message(number, (inner) => {
      inner.varint(1, typeof value === "string" ? 1 : 0);
      inner.varint(2, typeof value === "string" ? 0 : value);
      inner.text(3, typeof value === "string" ? value : "");
    }),
  any: (writer, number, value) => writer.message(number, (inner) => inner.text(1, JSON.stringify(value))),
};

function writeTime(writer: WireWriter, value: string): void {
  const ms = parseTime(value) ?? 0;
  const seconds = Math.floor(ms / 1000);
  const fraction = /\.(\d+)/.exec(value)?.[1] ?? "";
  writer.varint(1, seconds);
  writer.varint(2, Number(fraction.padEnd(9, "0").slice(0, 9)));
}

function bytesOf(base64: string): Uint8Array {
  const binary = atob(base64);
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}
