/** A shell as a person has it: the tools under test on the PATH, the example manifests in the working directory. */
import assert from "node:assert/strict";
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";

/** How long a line may take unless the caller says otherwise. */
const patienceMs = 180_000;

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Both streams, in the order in which they arrived. */
  readonly output: string;
}

export interface LineOptions {
  /** Text on standard input; nothing by default. */
  readonly input?: string;
  readonly patienceMs?: number;
  readonly environment?: Readonly<Record<string, string>>;
}

export interface Shell {
  /** Runs a line of sh to its end, whatever its exit code. Throws only where it does not end in time. */
  attempt(line: string, options?: LineOptions): Promise<Outcome>;
  /** Runs a line that must end with 0. Resolves with its standard output, without the last line break. */
  run(line: string, options?: LineOptions): Promise<string>;
  /** Starts a line that goes on in the background. Whoever starts it ends it. */
  start(line: string): Running;
}

export interface Running {
  readonly process: ChildProcessWithoutNullStreams;
  /** What it has written so far, both streams. */
  output(): string;
  /** Resolves when it has ended. */
  readonly ended: Promise<Outcome>;
  /** Asks the whole group of processes to end and waits for it. */
  end(signal?: NodeJS.Signals): Promise<Outcome>;
}

/** A shell in `directory` with `environment` on top of nothing but this process's own. */
export function shell(directory: string, environment: Readonly<Record<string, string>>): Shell {
  function start(line: string, options: LineOptions = {}): Running {
    // A group of its own, so that what the line has started ends with it.
    const child = spawn("sh", ["-c", line], { cwd: directory, env: { ...environment, ...options.environment }, detached: true });
    let stdout = "";
    let stderr = "";
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
      output += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
      output += text;
    });
    // A line that does not read its input may have ended before it is there.
    child.stdin.on("error", () => {});
    const ended = new Promise<Outcome>((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (code) => resolve({ code, stdout, stderr, output }));
    });
    const signalGroup = (signal: NodeJS.Signals): void => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, signal);
      } catch {
        // It has ended by itself.
      }
    };
    return {
      process: child,
      output: () => output,
      ended,
      end(signal = "SIGTERM") {
        signalGroup(signal);
        return ended;
      },
    };
  }

  async function attempt(line: string, options: LineOptions = {}): Promise<Outcome> {
    const running = start(line, options);
    running.process.stdin.end(options.input ?? "");
    const limitMs = options.patienceMs ?? patienceMs;
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      void running.end("SIGKILL");
    }, limitMs);
    const outcome = await running.ended;
    clearTimeout(timer);
    if (isLate) assert.fail(`did not end within ${limitMs / 1000} s: ${line}\n${outcome.output}`);
    return outcome;
  }

  return {
    attempt,
    async run(line, options) {
      const outcome = await attempt(line, options);
      assert.equal(outcome.code, 0, `$ ${line}\n${outcome.output}`);
      return outcome.stdout.replace(/\n$/, "");
    },
    start: (line) => {
      const running = start(line);
      running.process.stdin.end();
      return running;
    },
  };
}
