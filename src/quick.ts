/**
 * The quick door: the few commands whose start is what counts, bundled by themselves. `bin/windlass` takes it when such a
 * command is the first word; anything else, and anything with flags before the command, goes through `main.ts`.
 */
import { endWithProgram } from "./cli/program.node.ts";
import { getEntry, versionEntry } from "./cli/quick-commands.ts";

// `bin/windlass` hides these from Node, which would read the authorities that they name before every command.
for (const name of ["NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE"]) {
  const kept = process.env[`WINDLASS_KEPT_${name}`];
  delete process.env[`WINDLASS_KEPT_${name}`];
  if (kept) process.env[name] = kept;
}

void endWithProgram({
  version: process.env.WINDLASS_VERSION ?? "development",
  root: { about: "", commands: [getEntry, versionEntry] },
});
