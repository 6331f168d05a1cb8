/** Joins a client's streams to those of a program, and ends the program when the client leaves. */
import { readFile } from "node:fs/promises";
import type { ByteStream } from "../../api/node-api.ts";
import { sleep } from "../../base/clock.ts";
import { systemClock } from "../../base/system-world.node.ts";

const pidLookMs = 5;

/** Kills the process whose number stands, or will soon stand, in a file: the engine writes it when the process is under way already. */
export async function killWhenKnown(pidPath: string, ended: Promise<unknown>): Promise<void> {
  let over = false;
  const end = (): void => {
    over = true;
  };
  ended.then(end, end);
  while (!over) {
    const pid = Number(await readFile(pidPath, "utf8").catch(() => "0"));
    if (pid > 0) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It ended by itself.
      }
      return;
    }
    await sleep(systemClock, pidLookMs);
  }
}

/** Hands the client's input to a program; its end is passed on. */
export function feed(from: ByteStream, to: NodeJS.WritableStream): void {
  to.on("error", () => {});
  let proceed = (): void => {};
  // One listener each, however often the program is slow.
  to.on("drain", () => proceed());
  to.on("close", () => proceed());
  from.read(
    (bytes) =>
      !to.writable || to.write(bytes)
        ? undefined
        : new Promise<void>((resolve) => {
            proceed = resolve;
          }),
    () => to.end(),
  );
}

/** Hands a program's output to the client, as fast as the client takes it. Resolves when all is delivered. */
export async function deliver(from: AsyncIterable<Uint8Array> & { resume(): unknown }, to: ByteStream | undefined): Promise<void> {
  if (!to) {
    from.resume();
    return;
  }
  for await (const bytes of from) await to.write(bytes);
}
