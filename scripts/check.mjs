#!/usr/bin/env node
// Types, floors, lint and format. Ends with a non-zero code when any of them has something to say.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { node24 } from "./node24.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const checks = [
  ["types", "node_modules/.bin/tsc", ["-p", "tsconfig.json"]],
  ["pure floors", "node_modules/.bin/tsc", ["-p", "tsconfig.pure.json"]],
  ["lint and format", "node_modules/.bin/biome", ["ci", "--colors=off", "."]],
  ["generated types", node24(), ["scripts/generate-types.mjs", "--check"]],
  ["generated reference", node24(), ["--disable-warning=ExperimentalWarning", "scripts/generate-reference.mjs", "--check"]],
];
let failed = 0;
for (const [name, command, args] of checks) {
  const { status } = spawnSync(command, args, { cwd: root, stdio: "inherit" });
  console.log(`${status === 0 ? "ok" : "FAILED"}: ${name}`);
  if (status !== 0) failed++;
}
process.exit(failed === 0 ? 0 : 1);
