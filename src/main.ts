/** The one binary: hands over to the command line, and to the engine only when a command needs it. */
import { enableCompileCache } from "node:module";
import type { EngineCommands } from "./cli/engine-commands.ts";

// Holds for what is loaded from here on, which is why everything is.
enableCompileCache();
const { runProgram } = await import("./cli/program.node.ts");

const version = process.env.WINDLASS_VERSION ?? "development";
const commands = (): Promise<{ readonly engineCommands: EngineCommands }> => import("./cluster/commands.node.ts");

const engine: EngineCommands = {
  up: async (options) => (await commands()).engineCommands.up(options),
  down: async (options) => (await commands()).engineCommands.down(options),
  status: async (options) => (await commands()).engineCommands.status(options),
  controller: async (options) => (await commands()).engineCommands.controller(options),
  imageLoad: async (options, file) => (await commands()).engineCommands.imageLoad(options, file),
  imageList: async (options) => (await commands()).engineCommands.imageList(options),
  imagePull: async (options, reference) => (await commands()).engineCommands.imagePull(options, reference),
  imageRemove: async (options, references) => (await commands()).engineCommands.imageRemove(options, references),
};

try {
  process.exitCode = await runProgram({ line: process.argv.slice(2), calledAs: process.env.WINDLASS_CALLED_AS ?? "windlass", version }, engine);
} catch (error) {
  console.error(`error: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
// A command that failed half-way may have left something that keeps the process alive; what was said must get out first.
process.stdout.write("", () => process.stderr.write("", () => process.exit()));
