/** Cuts a stream of bytes into lines of text. */

/** A single watch event beyond this is no object of any API. */
const lineBytesMax = 64 << 20;

/** Calls back for every complete line that is not empty. `push` says false when a line grows beyond all reason. */
export function lineSplitter(line: (text: string) => void): { push(chunk: Uint8Array): boolean } {
  const decoder = new TextDecoder();
  let parts: Uint8Array[] = [];
  let length = 0;
  return {
    push(chunk) {
      let from = 0;
      for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, from)) {
        parts.push(chunk.subarray(from, at));
        const bytes = parts.length === 1 ? (parts[0] as Uint8Array) : joined(parts);
        parts = [];
        length = 0;
        from = at + 1;
        if (bytes.length > 0) line(decoder.decode(bytes));
      }
      if (from < chunk.length) {
        parts.push(chunk.subarray(from));
        length += chunk.length - from;
      }
      return length <= lineBytesMax;
    },
  };
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
