/**
 * The quick door: the few commands whose start is what counts, bundled by themselves. `bin/windlass` takes it when such a
 * command is the first word; anything else, and anything with flags before the command, goes through `main.ts`.
 */
import { endWithProgram } from "./cli/program.node.ts";
import { quickEntries } from "./cli/quick-commands.ts";

void endWithProgram({ version: process.env.WINDLASS_VERSION ?? "development", root: { about: "", commands: quickEntries } });
