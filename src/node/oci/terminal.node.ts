/** Commands with a terminal. conmon makes and holds the terminal; its socket is spoken to as in an attach. */
import { spawn } from "node:child_process";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import type { ExecOptions, ExecResult, ExecStreams } from "../../api/node-api.ts";
import { joinConmon, passResizes } from "./conmon-socket.node.ts";
import type { OciTools } from "./detect.node.ts";
import { engineWords, type OciEngine } from "./engine.node.ts";
import { execProcess, type OciProcess } from "./oci-spec.ts";
import { deliver, feed, killWhenKnown } from "./process-streams.node.ts";

/** For a command whose keeper died before it. */
const unknownExitCode = 255;
/** A command to run in a container for a client. */
export interface ExecRequest {
  readonly engine: OciEngine;
  readonly tools: OciTools;
  readonly id: string;
  /** The container's directory. */
  readonly directory: string;
  readonly main: OciProcess;
  readonly options: Omit<ExecOptions, "container">;
  readonly streams: ExecStreams;
  readonly signal: AbortSignal;
}

let serial = 0;

/** See `execIn`. */
export async function execWithTerminal(request: ExecRequest): Promise<ExecResult> {
  const { engine, tools, id, options, streams, signal } = request;
  const directory = join(request.directory, `terminal-${process.pid}-${serial++}`);
  await mkdir(directory, { mode: 0o700 });
  const specPath = join(directory, "process.json");
  const wordsPath = join(directory, "engine.err");
  await writeFile(specPath, JSON.stringify(execProcess(request.main, options.command, true)), { mode: 0o600 });
  const [program = "", ...args] = engine.within([
    tools.conmonPath,
    ...["--api-version", "1", "--exec", "--exec-attach", "--exec-process-spec", specPath, "--terminal"],
    ...(options.stdin ? ["--stdin"] : []),
    ...["--cid", id, "--cuuid", id, "--name", id, "--runtime", tools.enginePath, "--runtime-arg", `--root=${engine.directory}`],
    // With a terminal there is no pipe on which conmon could hear what the engine complains of.
    ...["--runtime-arg", `--log=${wordsPath}`],
    ...[
      "--bundle",
      directory,
      "--container-pidfile",
      join(directory, "pid"),
      "--full-attach",
      "--log-level",
      "error",
      "--log-path",
      "none",
    ],
  ]);
  const conmon = spawn(program, args, {
    env: { PATH: process.env["PATH"], TZ: "UTC", LC_ALL: "C", _OCI_SYNCPIPE: "3", _OCI_STARTPIPE: "4", _OCI_ATTACHPIPE: "5" },
    stdio: ["ignore", "ignore", "ignore", "pipe", "pipe", "pipe"],
  });
  const [, , , sync, start, attach] = conmon.stdio as unknown as [null, null, null, Readable, Writable, Readable];
  start.on("error", () => {});
  const conmonEnded = new Promise<void>((resolve) => sync.once("close", resolve));
  const leave = (): Promise<void> => killWhenKnown(join(directory, "pid"), conmonEnded);
  const onLeave = (): void => void leave();
  try {
    conmon.on("error", (error) => sync.destroy(error));
    const answers = linesOf(sync);
    // conmon first waits to be let on, then says that its socket is there, then waits for the client to be on it.
    start.write("1");
    await linesOf(attach).next();
    const joined = await joinConmon(directory);
    signal.addEventListener("abort", onLeave, { once: true });
    passResizes(directory, streams);
    if (options.stdin && streams.stdin) feed(streams.stdin, joined.stdin);
    const delivered = deliver(joined.stdout, streams.stdout);
    delivered.catch(onLeave);
    joined.stderr.resume();
    start.write("2");
    if ((await numberOf(answers)) < 0) {
      joined.kill("SIGKILL");
      const words = await readFile(wordsPath, "utf8").catch(() => "");
      throw new Error(`failed to exec in container: ${engineWords(words) || "conmon could not start the command"}`);
    }
    if (signal.aborted) onLeave();
    const exitCode = await numberOf(answers);
    await delivered.catch(() => {});
    return { exitCode: exitCode < 0 ? unknownExitCode : exitCode };
  } finally {
    signal.removeEventListener("abort", onLeave);
    for (const stream of [sync, start, attach]) stream.destroy();
    await rm(directory, { recursive: true, force: true });
  }
}

async function* linesOf(stream: Readable): AsyncGenerator<string, undefined> {
  let text = "";
  for await (const chunk of stream) {
    text += chunk;
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n")) {
      yield text.slice(0, end);
      text = text.slice(end + 1);
    }
  }
  return undefined;
}

/** The number of conmon's next answer: first the process, then the exit code; -1 when it failed or ended without a word. */
async function numberOf(lines: AsyncGenerator<string, undefined>): Promise<number> {
  for (let next = await lines.next(); !next.done; next = await lines.next()) {
    if (next.value.trim() === "") continue;
    const { data } = JSON.parse(next.value) as { data?: unknown };
    return typeof data === "number" ? data : -1;
  }
  return -1;
}
