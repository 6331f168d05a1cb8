/** Port forwarding, whatever carries it: one connection into the Pod per pair of a data and an error stream (API-103). */
import type { ByteStream } from "../../api/node-api.ts";
import type { PodTarget } from "./pod-target.ts";

const encoder = new TextEncoder();

/** A port's number from text, or undefined. */
export function portOf(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,5}$/.test(text)) return undefined;
  const port = Number(text);
  return port >= 1 && port <= 65_535 ? port : undefined;
}

/** Copies one way, with back-pressure; half-closes the other side at the end. */
function pump(from: ByteStream, to: ByteStream): Promise<void> {
  return new Promise((resolve) => {
    from.read(
      async (bytes) => {
        try {
          await to.write(bytes);
        } catch {
          // The reader is gone: nothing that still comes is wanted.
          from.destroy();
        }
      },
      (error) => {
        if (error) to.destroy(error);
        else to.end();
        resolve();
      },
    );
  });
}

/** Joins the client's stream with a port of the Pod until both directions are over. What fails is told on `errors`. */
export async function forwardPort(target: PodTarget, port: number, data: ByteStream, errors: ByteStream): Promise<void> {
  let inside: ByteStream;
  try {
    inside = await target.node.portForward(target.ref, port);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    await errors.write(encoder.encode(`error forwarding port ${port} to pod ${target.ref.uid}, uid : ${why}`)).catch(() => {});
    errors.end();
    data.end();
    return;
  }
  await Promise.all([pump(data, inside), pump(inside, data)]);
  inside.destroy();
  errors.end();
}
