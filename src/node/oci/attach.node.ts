/** Joining a container's main process. */
import type { ExecOptions, ExecStreams } from "../../api/node-api.ts";
import { joinConmon, passResizes } from "./conmon-socket.node.ts";
import { deliver, feed } from "./process-streams.node.ts";

export interface AttachRequest {
  /** The container's directory. */
  readonly directory: string;
  readonly options: Omit<ExecOptions, "container" | "command">;
  readonly streams: ExecStreams;
  readonly signal: AbortSignal;
  /** Whether the container takes input at all. */
  readonly takesInput: boolean;
}

/** Passes output and input on until the process ends or the client leaves. Only what is written from now on is seen. */
export async function attachTo({ directory, options, streams, signal, takesInput }: AttachRequest): Promise<void> {
  const join = await joinConmon(directory);
  const leave = (): void => void join.kill("SIGKILL");
  signal.addEventListener("abort", leave, { once: true });
  if (signal.aborted) leave();
  try {
    passResizes(directory, streams);
    // Without input the socket stays open, for its end would be the end of the container's input.
    if (options.stdin && takesInput && streams.stdin) feed(streams.stdin, join.stdin);
    const over = new Promise((resolve) => join.once("close", resolve));
    await Promise.all([deliver(join.stdout, streams.stdout), deliver(join.stderr, streams.stderr), over]);
  } finally {
    signal.removeEventListener("abort", leave);
    leave();
  }
}
