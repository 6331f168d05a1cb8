/** A command in a container, joined to the terminal here: what `exec` and `attach` have in common. */
import type { Status } from "../../api/types.ts";
import type { ChannelSocket } from "../../client/channels.ts";
import type { Environment } from "../command.ts";
import type { Connection } from "../connection.ts";
import { CommandError } from "../errors.ts";

/** With half-closed input first; then what older servers speak. */
const protocols = ["v5.channel.k8s.io", "v4.channel.k8s.io"];
const stdin = 0;
const stdout = 1;
const stderr = 2;
const outcome = 3;
const terminalSize = 4;

export interface RemoteSession {
  /** Of the subresource, with its query. */
  readonly path: string;
  readonly withStdin: boolean;
  readonly withTerminal: boolean;
}

/** How a program ends that a signal ended. */
const interruptedCode = 130;

/** Resolves with the exit code of the command. Throws what the server says, and `CommandError` for a command that could not run. */
export async function runRemote(session: RemoteSession, environment: Environment, connection: Connection): Promise<number> {
  const end = Promise.withResolvers<Error | undefined>();
  let told: Status | undefined;
  const decoder = new TextDecoder();
  const socket = await connection.openChannels(session.path, protocols, {
    message(channel, bytes) {
      if (channel === stdout) environment.stdout.write(bytes);
      else if (channel === stderr) environment.stderr.write(bytes);
      else if (channel === outcome) told = statusOf(decoder.decode(bytes));
    },
    end: end.resolve,
  });
  const stop = (): void => socket.close();
  // With a terminal there, Ctrl-C is a key like any other.
  if (!session.withTerminal) environment.interrupted.addEventListener("abort", stop, { once: true });
  const release = join(session, environment, socket);
  try {
    const failure = await end.promise;
    if (!told && !session.withTerminal && environment.interrupted.aborted) return interruptedCode;
    if (!told) throw failure ?? new CommandError("the connection ended before the command did");
    return exitCodeOf(told, environment);
  } finally {
    release();
    socket.close();
  }
}

function statusOf(text: string): Status {
  try {
    return JSON.parse(text);
  } catch {
    return { apiVersion: "v1", kind: "Status", metadata: {}, status: "Failure", message: text };
  }
}

/** 0, or what the command ended with. */
function exitCodeOf({ status, reason, details, message }: Status, { stderr }: Environment): number {
  if (status === "Success") return 0;
  const code = Number(details?.causes?.find((cause) => cause.reason === "ExitCode")?.message);
  if (reason === "NonZeroExitCode" && Number.isInteger(code)) {
    stderr.write(`command terminated with exit code ${code}\n`);
    return code;
  }
  throw new CommandError(message ?? "the command could not be run");
}

/** Joins input and size of the terminal to the channels; the result lets go of both. */
function join({ withStdin, withTerminal }: RemoteSession, environment: Environment, socket: ChannelSocket): () => void {
  const { stdin: input, stdout: output } = environment;
  const encoder = new TextEncoder();
  const tellSize = (): void => {
    const size = output.size();
    if (size) socket.send(terminalSize, encoder.encode(JSON.stringify({ Width: size.columns, Height: size.rows })));
  };
  const sizes = withTerminal ? output.onResize(tellSize) : undefined;
  if (withTerminal) tellSize();
  const raw = withTerminal && withStdin && input.isTerminal ? input.raw() : undefined;
  const reading = withStdin ? input.stream({ data: (chunk) => socket.send(stdin, chunk), end: () => socket.endChannel(stdin) }) : undefined;
  return () => {
    reading?.close();
    raw?.restore();
    sizes?.close();
  };
}
