/** The protobuf wire: tags, varints and length-delimited fields, without any idea of what they mean. */

/** A field as it stands on the wire: a number for varints, bytes for everything else that the API uses. */
export interface WireField {
  readonly number: number;
  readonly varint?: number;
  readonly bytes?: Uint8Array;
}

/** Thrown for bytes that are no protobuf. */
export class MalformedProtobuf extends Error {}

const varintType = 0;
const fixed64Type = 1;
const bytesType = 2;
const fixed32Type = 5;

/** The fields of a message in the order of the wire. Throws `MalformedProtobuf`. */
export function readFields(bytes: Uint8Array): WireField[] {
  const fields: WireField[] = [];
  const reader = { bytes, at: 0 };
  while (reader.at < bytes.length) {
    const tag = readVarint(reader);
    const number = Math.floor(tag / 8);
    if (number < 1 || number > 0x1fff_ffff) throw new MalformedProtobuf("illegal tag");
    switch (tag % 8) {
      case varintType:
        fields.push({ number, varint: readVarint(reader) });
        break;
      case bytesType:
        fields.push({ number, bytes: take(reader, readVarint(reader)) });
        break;
      case fixed64Type:
        fields.push({ number, bytes: take(reader, 8) });
        break;
      case fixed32Type:
        fields.push({ number, bytes: take(reader, 4) });
        break;
      default:
        throw new MalformedProtobuf("illegal wire type");
    }
  }
  return fields;
}

interface Reader {
  readonly bytes: Uint8Array;
  at: number;
}

function take(reader: Reader, length: number): Uint8Array {
  if (length < 0 || length > reader.bytes.length - reader.at) throw new MalformedProtobuf("unexpected end");
  const part = reader.bytes.subarray(reader.at, reader.at + length);
  reader.at += length;
  return part;
}

/** A varint as the signed 64-bit integer it stands for; beyond 2^53 precision is lost. */
function readVarint(reader: Reader): number {
  let value = 0;
  let scale = 1;
  for (let count = 0; count < 10; count++) {
    const byte = reader.bytes[reader.at++];
    if (byte === undefined) throw new MalformedProtobuf("unexpected end");
    if (count < 4) value += (byte & 0x7f) * scale;
    else return readLongVarint(reader, count + 1);
    if (byte < 0x80) return value;
    scale *= 128;
  }
  throw new MalformedProtobuf("integer overflow");
}

/** Reads a varint of more than four bytes again, exactly; `consumed` bytes of it have been read. */
function readLongVarint(reader: Reader, consumed: number): number {
  reader.at -= consumed;
  let value = 0n;
  for (let count = 0; count < 10; count++) {
    const byte = reader.bytes[reader.at++];
    if (byte === undefined) throw new MalformedProtobuf("unexpected end");
    value |= BigInt(byte & 0x7f) << BigInt(7 * count);
    if (byte < 0x80) return Number(BigInt.asIntN(64, value));
  }
  throw new MalformedProtobuf("integer overflow");
}

/** Writes messages: a growing buffer with one method per wire type. */
export class WireWriter {
  #bytes = new Uint8Array(256);
  #length = 0;

  varint(number: number, value: number): void {
    this.#rawVarint(number * 8 + varintType);
    this.#rawVarint(value);
  }

  bytes(number: number, value: Uint8Array): void {
    this.#rawVarint(number * 8 + bytesType);
    this.#rawVarint(value.length);
    this.#append(value);
  }

  text(number: number, value: string): void {
    this.bytes(number, new TextEncoder().encode(value));
  }

  double(number: number, value: number): void {
    this.#rawVarint(number * 8 + fixed64Type);
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setFloat64(0, value, true);
    this.#append(bytes);
  }

  /** A nested message, written by `write`. */
  message(number: number, write: (writer: WireWriter) => void): void {
    const inner = new WireWriter();
    write(inner);
    this.bytes(number, inner.finish());
  }

  /** What has been written. */
  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  #rawVarint(value: number): void {
    if (value < 0 || value > Number.MAX_SAFE_INTEGER) {
      let rest = BigInt.asUintN(64, BigInt(value));
      while (rest >= 0x80n) {
        this.#byte(Number(rest & 0x7fn) | 0x80);
        rest >>= 7n;
      }
      this.#byte(Number(rest));
      return;
    }
    while (value >= 0x80) {
      this.#byte((value % 128) | 0x80);
      value = Math.floor(value / 128);
    }
    this.#byte(value);
  }

  #byte(byte: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = byte;
  }

  #append(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + more));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}
