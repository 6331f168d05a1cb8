/** The entry of `npm run sim`. */
import { runCommand } from "./command.node.ts";

process.exitCode = await runCommand(process.argv.slice(2), { write: (text) => process.stdout.write(text) });
