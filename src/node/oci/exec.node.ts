/** Commands beside a container's main process. */
import { spawn } from "node:child_process";
import { closeSync } from "node:fs";
import { readFile, rm, writeFile } from "node:fs/promises";
import { Socket } from "node:net";
import { join } from "node:path";
import { type Clock, sleep } from "../../base/clock.ts";
import type { ExecResult } from "../../api/node-api.ts";
import { ExecTimeoutError } from "../runtime.ts";
import { type OciEngine, engineWords } from "./engine.node.ts";
import { execProcess, type OciProcess } from "./oci-spec.ts";
import { makePipes } from "./pipes.node.ts";
import { deliver, feed, killWhenKnown } from "./process-streams.node.ts";
import { execWithTerminal, type ExecRequest } from "./terminal.node.ts";

const outputBytesMax = 16 * 1024;
const killedCode = 137;
/** How long output may come after its command has ended: a child left behind may hold it open for ever. */
const lateOutputMs = 100;
// A pipe proper for the input, which the command may open again as /dev/stdin; the exit code comes at once by the side,
// since the shell itself only ends when the client's input does.
const inputScript = 'cat 3>&- | { "$@" 3>&-; echo $? >&3; }';
let serial = 0;

/** Runs a command until it ends or the client leaves, which kills it. Throws an Error when it cannot be started. */
export async function execIn(request: ExecRequest): Promise<ExecResult> {
  if (request.options.tty) return execWithTerminal(request);
  const { streams, options, signal } = request;
  const run = await begin(
    request.engine,
    request.id,
    request.directory,
    request.main,
    options.command,
    options.stdin && streams.stdin !== undefined,
  );
  const leave = (): void => void run.kill();
  signal.addEventListener("abort", leave, { once: true });
  if (signal.aborted) leave();
  try {
    if (run.stdin && streams.stdin) feed(streams.stdin, run.stdin);
    const delivered = Promise.all([deliver(run.stdout, streams.stdout), run.stderr && deliver(run.stderr, streams.stderr)]);
    delivered.catch(leave);
    const exitCode = await run.ended;
    await delivered.catch(() => {});
    return { exitCode };
  } finally {
    signal.removeEventListener("abort", leave);
    for (const stream of [run.stdin, run.stdout, run.stderr]) stream?.destroy();
  }
}

/** Runs a command without input and collects what it says. Throws `ExecTimeoutError`. */
export async function execToEnd(request: {
  readonly engine: OciEngine;
  readonly id: string;
  readonly directory: string;
  readonly main: OciProcess;
  readonly command: readonly string[];
  readonly timeoutMs: number;
  readonly clock: Clock;
}): Promise<{ exitCode: number; output: string }> {
  const run = await begin(request.engine, request.id, request.directory, request.main, request.command, false, "one pipe");
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  run.stdout.on("data", (piece: Uint8Array) => {
    if (bytes < outputBytesMax) pieces.push(piece.subarray(0, outputBytesMax - bytes));
    bytes += piece.length;
  });
  let late = false;
  const timer = request.clock.setTimer(request.timeoutMs, () => {
    late = true;
    void run.kill();
  });
  try {
    const exitCode = await run.ended;
    if (late) throw new ExecTimeoutError(request.timeoutMs);
    await Promise.race([closed(run.stdout), sleep(request.clock, lateOutputMs)]);
    return { exitCode, output: Buffer.concat(pieces).toString("utf8") };
  } finally {
    timer.cancel();
    run.stdout.destroy();
  }
}

interface Run {
  readonly stdin: (NodeJS.WritableStream & { destroy(): void }) | undefined;
  readonly stdout: Socket;
  /** Undefined where both outputs come by one pipe, which keeps their order. */
  readonly stderr: Socket | undefined;
  /** The exit code; rejects when the command could not be started. */
  readonly ended: Promise<number>;
  kill(): Promise<void>;
}

async function begin(
  engine: OciEngine,
  id: string,
  directory: string,
  main: OciProcess,
  command: readonly string[],
  wantsInput: boolean,
  output: "one pipe" | "two pipes" = "two pipes",
): Promise<Run> {
  const base = join(directory, `exec-${process.pid}-${serial++}`);
  const files = { process: `${base}.json`, pid: `${base}.pid`, log: `${base}.err` };
  await writeFile(files.process, JSON.stringify(execProcess(main, command, false)), { mode: 0o600 });
  const [out, err = out] = await makePipes(directory, output === "one pipe" ? 1 : 2);
  if (!out || !err) throw new Error("no pipes");
  const engineCommand = engine.command(["--log", files.log, "exec", "--process", files.process, "--pid-file", files.pid, id]);
  const [program = "", ...args] = wantsInput ? ["sh", "-c", inputScript, "sh", ...engineCommand] : engineCommand;
  const child = spawn(program, args, {
    stdio: [wantsInput ? "pipe" : "ignore", out.writeEnd, err.writeEnd, wantsInput ? "pipe" : "ignore"],
  });
  for (const fd of new Set([out.writeEnd, err.writeEnd])) closeSync(fd);
  const ended = new Promise<number>((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code, signal) => void finish(code ?? (signal ? killedCode : 1)).then(resolve, reject));
    child.stdio[3]?.on("data", (text) => {
      // The shell and its cat hold the output open until there is no more input.
      child.stdin?.destroy();
      void finish(Number(text)).then(resolve, reject);
    });
  });
  // Who waits for the output first must not be struck down by a failure to start.
  ended.catch(() => {});
  let finished: Promise<number> | undefined;
  const finish = (code: number): Promise<number> => (finished ??= conclude(code));
  async function conclude(code: number): Promise<number> {
    const [started, words] = await Promise.all([readFile(files.pid, "utf8").catch(() => ""), readFile(files.log, "utf8").catch(() => "")]);
    await Promise.all(Object.values(files).map((path) => rm(path, { force: true })));
    if (started === "" || (code !== 0 && /executable file|OCI runtime exec failed|exec failed|no such file or directory/i.test(words))) {
      throw new Error(`failed to exec in container: ${engineWords(words) || `the engine ended with ${code}`}`);
    }
    return code;
  }
  return {
    stdin: child.stdin ?? undefined,
    stdout: new Socket({ fd: out.readEnd, readable: true, writable: false }),
    stderr: err === out ? undefined : new Socket({ fd: err.readEnd, readable: true, writable: false }),
    ended,
    kill: () => killWhenKnown(files.pid, ended),
  };
}

const closed = (socket: Socket): Promise<void> =>
  socket.closed || socket.readableEnded ? Promise.resolve() : new Promise((resolve) => socket.once("close", resolve));
