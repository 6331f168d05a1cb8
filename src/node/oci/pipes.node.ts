/**
 * Pipes with names for the time it takes to open them. Node's own pipes to children are sockets, which a program
 * cannot open again as /dev/stdout, and many scripts do that.
 */
import { closeSync, constants, openSync, rmSync } from "node:fs";
import { join } from "node:path";
import { mustRun } from "./command.node.ts";

export interface Pipe {
  readonly readEnd: number;
  readonly writeEnd: number;
}

let serial = 0;

/** Makes `count` pipes; `directory` holds their names for a moment. The caller closes the ends. */
export async function makePipes(directory: string, count: number): Promise<readonly Pipe[]> {
  const paths = Array.from({ length: count }, () => join(directory, `pipe-${process.pid}-${serial++}`));
  const pipes: Pipe[] = [];
  try {
    await mustRun(["mkfifo", "-m", "600", ...paths]);
    for (const path of paths) {
      // A reader that does not wait for a writer first, so that the writer finds one.
      const readEnd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
      pipes.push({ readEnd, writeEnd: openSync(path, constants.O_WRONLY | constants.O_NONBLOCK) });
    }
    return pipes;
  } catch (error) {
    for (const { readEnd, writeEnd } of pipes) {
      closeSync(readEnd);
      closeSync(writeEnd);
    }
    throw error;
  } finally {
    for (const path of paths) rmSync(path, { force: true });
  }
}
