// Reads of an ELF file which shared libraries it needs and which loader starts it (System V ABI, 64-bit little-endian).
const segment = { load: 1, dynamic: 2, interpreter: 3 };
const dynamic = { needed: 1, stringTable: 5 };

/** `{ needed, interpreter }` of an ELF file; undefined for anything else. */
export function readElf(bytes) {
  if (bytes.length < 64 || bytes.readUInt32BE(0) !== 0x7f454c46 || bytes[4] !== 2 || bytes[5] !== 1) return undefined;
  const segments = [];
  const first = Number(bytes.readBigUInt64LE(32));
  for (let index = 0; index < bytes.readUInt16LE(56); index++) {
    const at = first + index * bytes.readUInt16LE(54);
    const number = (offset) => Number(bytes.readBigUInt64LE(at + offset));
    segments.push({ type: bytes.readUInt32LE(at), offset: number(8), address: number(16), size: number(32) });
  }
  const text = (at) => bytes.toString("latin1", at, bytes.indexOf(0, at));
  const interpreter = segments.find(({ type }) => type === segment.interpreter);
  const table = segments.find(({ type }) => type === segment.dynamic);
  const entries = [];
  for (let at = table?.offset ?? 0; table && at < table.offset + table.size; at += 16) {
    entries.push([Number(bytes.readBigUInt64LE(at)), Number(bytes.readBigUInt64LE(at + 8))]);
  }
  const address = entries.find(([tag]) => tag === dynamic.stringTable)?.[1];
  const home = segments.find((each) => each.type === segment.load && address >= each.address && address < each.address + each.size);
  const strings = home && home.offset + address - home.address;
  return {
    interpreter: interpreter && text(interpreter.offset),
    needed: entries.filter(([tag]) => tag === dynamic.needed).map(([, offset]) => text(strings + offset)),
  };
}
