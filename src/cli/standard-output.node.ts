/**
 * Standard output and standard error. Most commands write once and end: their text goes straight to the descriptor, and
 * Node's streams, which take milliseconds to make, are made for terminals' sizes and for readers that are not ready.
 */
import { fstatSync, writeSync } from "node:fs";
import type { Output } from "./command.ts";

/** Streams that were made, and may still hold text. */
const made = new Set<NodeJS.WriteStream>();

/** The output with this descriptor. A reader that went away, as `head` does, ends the program with success. */
export function standardOutput(descriptor: 1 | 2): Output {
  let stream: NodeJS.WriteStream | undefined;
  const streamed = (): NodeJS.WriteStream => {
    if (stream) return stream;
    stream = descriptor === 1 ? process.stdout : process.stderr;
    made.add(stream);
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EPIPE") process.exit(0);
    });
    return stream;
  };
  // Only a device can be a terminal; asking for more loads what knows of terminals.
  const isDevice = (): boolean => {
    try {
      return fstatSync(descriptor).isCharacterDevice();
    } catch {
      return false;
    }
  };
  return {
    write(text) {
      const rest = stream ? text : writeNow(descriptor, text);
      if (rest.length > 0) streamed().write(rest);
    },
    get isTerminal() {
      return isDevice() && streamed().isTTY === true;
    },
    size() {
      if (!this.isTerminal) return undefined;
      const { columns, rows } = streamed();
      return { columns, rows };
    },
    onResize(handler) {
      const resized = streamed();
      resized.on("resize", handler);
      return { close: () => resized.off("resize", handler) };
    },
  };
}

/** Resolves when everything that was written has gone to whoever reads it. */
export async function written(): Promise<void> {
  for (const stream of made) await new Promise<void>((resolve) => stream.write("", () => resolve()));
}

/** Writes what can be written at once; returns the rest. */
function writeNow(descriptor: number, text: string | Uint8Array): Uint8Array {
  let rest: Uint8Array = typeof text === "string" ? Buffer.from(text) : text;
  try {
    while (rest.length > 0) rest = rest.subarray(writeSync(descriptor, rest));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EPIPE") process.exit(0);
    // EAGAIN: somebody else made the pipe one that does not wait. A stream knows how to; and how to tell of anything else.
  }
  return rest;
}
