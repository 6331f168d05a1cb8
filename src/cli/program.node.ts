/** The command line of a real shell. */
import { basename } from "node:path";
import { root } from "./commands.ts";
import type { EngineCommands } from "./engine-commands.ts";
import { shellEnvironment } from "./environment.node.ts";
import { runCommandLine } from "./run.ts";

/**
 * Runs one command line and resolves with its exit code. `calledAs` is the path of the program: one named `kubectl-…`
 * was called as a plugin of kubectl.
 */
export async function runProgram(
  { line, calledAs, version }: { readonly line: readonly string[]; readonly calledAs: string; readonly version: string },
  engine: EngineCommands,
): Promise<number> {
  const isPlugin = basename(calledAs).startsWith("kubectl-");
  const environment = shellEnvironment({
    version,
    engine,
    isPlugin,
    // Commands of the engine do without TLS and HTTP, which take longer to load than all else.
    connect: async (flags) => (await import("./connect.node.ts")).connectWith(flags, { version, isPlugin }),
  });
  return runCommandLine({ name: isPlugin ? "kubectl windlass" : "windlass", root }, line, environment);
}
