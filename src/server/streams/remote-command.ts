/**
 * exec and attach, whatever carries their streams: what is asked for, running it, and how its end is told
 * (API-100 … API-102).
 */
import { ApiError, badRequest } from "../../api/errors.ts";
import type { ByteStream, ExecStreams, TerminalSize } from "../../api/node-api.ts";
import type { Status } from "../../api/types.ts";
import { isTrue } from "../http/request-info.ts";
import { containerOf, type PodTarget } from "./pod-target.ts";

export interface RemoteCommand {
  readonly container: string;
  /** Absent: attach to what runs. */
  readonly command: readonly string[] | undefined;
  readonly tty: boolean;
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
}

/** Reads the parameters of exec or attach. Throws 400. */
export function remoteCommandOf(target: PodTarget, query: URLSearchParams, how: "exec" | "attach"): RemoteCommand {
  const { pod } = target;
  const phase = pod.status?.phase;
  if (phase === "Succeeded" || phase === "Failed") {
    throw badRequest(`cannot ${how === "exec" ? "exec into" : "attach to"} a container in a completed pod; current phase is ${phase}`);
  }
  const container = containerOf(pod, query.get("container") ?? undefined);
  const flag = (name: string): boolean => isTrue(query.get(name));
  const tty = flag("tty");
  const command = how === "exec" ? query.getAll("command") : undefined;
  if (command && (command.length === 0 || command.every((word) => word === "")))
    throw badRequest("you must specify a command for the container");
  // A terminal has one output: what is written to either goes there.
  const streams = { stdin: flag("stdin"), stdout: flag("stdout"), stderr: flag("stderr") && !tty };
  if (!streams.stdin && !streams.stdout && !streams.stderr) throw badRequest("you must specify at least 1 of stdin, stdout, stderr");
  return { container, command, tty, ...streams };
}

/** The client's streams as its connection has them. */
export interface CommandStreams {
  readonly stdin: ByteStream | undefined;
  readonly stdout: ByteStream | undefined;
  readonly stderr: ByteStream | undefined;
  /** JSON of terminal sizes, `{"Width":80,"Height":24}`, one after the other. */
  readonly resize: ByteStream | undefined;
}

/** Runs it to its end, delivers all output and returns the Status that says how it ended. Never rejects. */
export async function runRemoteCommand(
  target: PodTarget,
  command: RemoteCommand,
  streams: CommandStreams,
  signal: AbortSignal,
): Promise<Status> {
  const { container, tty, stdin, stdout, stderr } = command;
  const options = { container, tty, stdin, stdout, stderr };
  const ends: ExecStreams = {
    ...(stdin && streams.stdin && { stdin: streams.stdin }),
    ...(stdout && streams.stdout && { stdout: streams.stdout }),
    ...(stderr && streams.stderr && { stderr: streams.stderr }),
    ...(streams.resize && { onResize: resizes(streams.resize) }),
  };
  try {
    if (command.command === undefined) {
      await target.node.attach(target.ref, options, ends, signal);
      return success;
    }
    const { exitCode } = await target.node.exec(target.ref, { ...options, command: command.command }, ends, signal);
    return exitCode === 0 ? success : exitStatus(exitCode);
  } catch (error) {
    if (error instanceof ApiError) return error.status;
    return failure("InternalError", `error executing command in container: ${error instanceof Error ? error.message : String(error)}`);
  }
}

const success: Status = { metadata: {}, status: "Success" } as Status;

const failure = (reason: string, message: string): Status =>
  ({ kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message, reason, code: 500 }) as Status;

const exitStatus = (code: number): Status =>
  ({
    metadata: {},
    status: "Failure",
    message: `command terminated with non-zero exit code: exit status ${code}`,
    reason: "NonZeroExitCode",
    details: { causes: [{ reason: "ExitCode", message: String(code) }] },
  }) as Status;

/** The end as the oldest protocols tell it: nothing for success, else a sentence. */
export const statusText = (status: Status): string => (status.status === "Success" ? "" : (status.message ?? "failed"));

const sizeMaxBytes = 4096;

/** Passes terminal sizes on as they come; one that came before anybody listened is kept. */
function resizes(stream: ByteStream): (listener: (size: TerminalSize) => void) => void {
  let listener: ((size: TerminalSize) => void) | undefined;
  let last: TerminalSize | undefined;
  let text = "";
  const decoder = new TextDecoder();
  stream.read(
    (bytes) => {
      text += decoder.decode(bytes, { stream: true });
      if (text.length > sizeMaxBytes) text = "";
      for (let end = text.indexOf("}"); end >= 0; end = text.indexOf("}")) {
        const size = parseSize(text.slice(0, end + 1));
        text = text.slice(end + 1);
        if (!size) continue;
        last = size;
        listener?.(size);
      }
    },
    () => {},
  );
  return (added) => {
    listener = added;
    if (last) added(last);
  };
}

const sizeMax = 65_535;

function parseSize(text: string): TerminalSize | undefined {
  try {
    const { Width: width, Height: height } = JSON.parse(text) as { Width: unknown; Height: unknown };
    const valid = (n: unknown): n is number => Number.isInteger(n) && (n as number) > 0 && (n as number) <= sizeMax;
    return valid(width) && valid(height) ? { width, height } : undefined;
  } catch {
    return undefined;
  }
}
