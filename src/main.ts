/** The one binary: hands over to the command line, and to the engine only when a command needs it. */
import { enableCompileCache } from "node:module";
import type { EngineCommands } from "./cli/engine-commands.ts";

// Holds for what is loaded from here on, which is why everything is.
enableCompileCache();
const [{ endWithProgram }, { root }] = await Promise.all([import("./cli/program.node.ts"), import("./cli/commands.ts")]);

const version = process.env.WINDLASS_VERSION ?? "development";
const commands = (): Promise<{ readonly engineCommands: EngineCommands }> => import("./cluster/commands.node.ts");

const engine: EngineCommands = {
  up: async (options) => (await commands()).engineCommands.up(options),
  down: async (options) => (await commands()).engineCommands.down(options),
  status: async (options) => (await commands()).engineCommands.status(options),
  controller: async (options) => (await commands()).engineCommands.controller(options),
  imageLoad: async (options, files) => (await commands()).engineCommands.imageLoad(options, files),
  imageList: async (options) => (await commands()).engineCommands.imageList(options),
  imagePull: async (options, reference) => (await commands()).engineCommands.imagePull(options, reference),
  imageRemove: async (options, references) => (await commands()).engineCommands.imageRemove(options, references),
};

await endWithProgram({ version, root, engine });
