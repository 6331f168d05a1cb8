/**
 * The quick door: the few commands whose start is what counts, bundled by themselves. `bin/windlass` takes it when such a
 * command is the first word; anything else, and anything with flags before the command, goes through `main.ts`.
 */
import { endWithProgram } from "./cli/program.node.ts";
import { getEntry, versionEntry } from "./cli/quick-commands.ts";

// `bin/windlass` hides this from Node, which would read the authorities in that file before every command.
const hidden = process.env.WINDLASS_EXTRA_CA_CERTS;
delete process.env.WINDLASS_EXTRA_CA_CERTS;
if (hidden) process.env.NODE_EXTRA_CA_CERTS = hidden;

void endWithProgram({
  version: process.env.WINDLASS_VERSION ?? "development",
  root: { about: "", commands: [getEntry, versionEntry] },
});
