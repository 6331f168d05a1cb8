/**
 * Makes a name server's answer smaller: a record whose owner was named before points there (RFC 1035, section 4.1.4). Forty
 * addresses of one name are forty times 16 bytes then, so that many more of them fit into a datagram.
 */

const headerBytes = 12;
/** A pointer has 14 bits for where the name stands. */
const reachBytes = 0x4000;

/** The same message, shorter or equal. It must be well-formed and hold no pointers in owner names yet. */
export function compressNames(message: Uint8Array): Uint8Array {
  const from = new DataView(message.buffer, message.byteOffset, message.byteLength);
  const made = new Uint8Array(message.length);
  const known = new Map<string, number>();
  let read = headerBytes;
  let written = headerBytes;
  made.set(message.subarray(0, headerBytes));

  const copy = (bytes: number): void => {
    made.set(message.subarray(read, read + bytes), written);
    read += bytes;
    written += bytes;
  };
  const owner = (): void => {
    const end = endOfName(message, read);
    const name = message.subarray(read, end).join();
    const before = known.get(name);
    if (before !== undefined) {
      made[written++] = 0xc0 | (before >> 8);
      made[written++] = before & 0xff;
      read = end;
      return;
    }
    // The root's name is one byte, shorter than a pointer.
    if (end - read > 1 && written < reachBytes) known.set(name, written);
    copy(end - read);
  };

  for (let left = from.getUint16(4); left > 0; left--) {
    owner();
    copy(4);
  }
  for (let left = from.getUint16(6) + from.getUint16(8) + from.getUint16(10); left > 0; left--) {
    owner();
    copy(10 + from.getUint16(read + 8));
  }
  return made.subarray(0, written);
}

function endOfName(message: Uint8Array, start: number): number {
  let at = start;
  while ((message[at] ?? 0) > 0) at += (message[at] as number) + 1;
  return at + 1;
}
