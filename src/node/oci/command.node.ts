/** Runs a program of the system to its end. */
import { spawn } from "node:child_process";

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const outputMax = 64 * 1024;

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** What the command reads; nothing when absent. */
  readonly input?: string;
}

/** Runs a command and answers with how it ended; 127 when there is no such program. */
export function runCommand(command: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  const { input, ...rest } = options;
  return new Promise((resolve) => {
    const child = spawn(command[0] as string, command.slice(1), {
      ...rest,
      stdio: [input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
    });
    // A command that ends before it has read everything says why by its exit code.
    child.stdin?.on("error", () => {}).end(input);
    let stdout = "";
    let stderr = "";
    child.stdout?.setEncoding("utf8").on("data", (text) => {
      if (stdout.length < outputMax) stdout += text;
    });
    child.stderr?.setEncoding("utf8").on("data", (text) => {
      if (stderr.length < outputMax) stderr += text;
    });
    child.on("error", (error) => resolve({ code: 127, stdout, stderr: error.message }));
    child.on("close", (code, signal) => resolve({ code: code ?? (signal ? 128 : 1), stdout, stderr }));
  });
}

/** Runs a command that has to succeed. Throws an Error with what it said. */
export async function mustRun(command: readonly string[], options?: CommandOptions): Promise<string> {
  const { code, stdout, stderr } = await runCommand(command, options);
  if (code !== 0) throw new Error(`${command[0]} ended with ${code}: ${stderr.trim()}`);
  return stdout;
}
