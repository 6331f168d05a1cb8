/** Joining a container's main process. */
import type { ExecOptions, ExecStreams } from "../../api/node-api.ts";

export async function attachTo(_request: {
  directory: string;
  options: Omit<ExecOptions, "container" | "command">;
  streams: ExecStreams;
  signal: AbortSignal;
  ended: Promise<void>;
  tty: boolean;
}): Promise<void> {
  throw new Error("not yet");
}
