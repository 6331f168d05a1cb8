/** The command line of a real shell. */
import { basename } from "node:path";
import type { CommandGroup } from "./command.ts";
import type { EngineCommands } from "./engine-commands.ts";
import { shellEnvironment } from "./environment.node.ts";
import { runCommandLine } from "./run.ts";
import { written } from "./standard-output.node.ts";

export interface ProgramOptions {
  readonly line: readonly string[];
  /** The path of the program: one named `kubectl-…` was called as a plugin of kubectl. */
  readonly calledAs: string;
  readonly version: string;
  readonly root: CommandGroup;
  /** Absent: none of the commands is one of the engine. */
  readonly engine?: EngineCommands;
}

/** Runs the command line of this process, and ends the process with its exit code. */
export async function endWithProgram(options: Omit<ProgramOptions, "line" | "calledAs">): Promise<void> {
  try {
    process.exitCode = await runProgram({
      ...options,
      line: process.argv.slice(2),
      calledAs: process.env["WINDLASS_CALLED_AS"] ?? "windlass",
    });
  } catch (error) {
    console.error(`error: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  }
  // A command that failed half-way may have left something that keeps the process alive; what was said must get out first.
  await written();
  process.exit();
}

/** Runs one command line and resolves with its exit code. */
export async function runProgram({ line, calledAs, version, root, engine }: ProgramOptions): Promise<number> {
  const isPlugin = basename(calledAs).startsWith("kubectl-");
  let warningsCount = false;
  const warned = new Set<string>();
  const onWarning = (text: string): void => {
    if (warned.has(text)) return;
    warned.add(text);
    environment.stderr.write(`Warning: ${text}\n`);
  };
  const environment = shellEnvironment({
    version,
    engine,
    isPlugin,
    // Commands of the engine do without TLS and HTTP, which take longer to load than all else.
    async connect(flags) {
      warningsCount ||= flags.bool("warnings-as-errors");
      return (await import("./connect.node.ts")).connectWith(flags, { version, isPlugin, onWarning });
    },
  });
  const code = await runCommandLine({ name: isPlugin ? "kubectl windlass" : "windlass", root }, line, environment);
  if (code !== 0 || !warningsCount || warned.size === 0) return code;
  environment.stderr.write(`error: ${warned.size} ${warned.size === 1 ? "warning" : "warnings"} received\n`);
  return 1;
}
