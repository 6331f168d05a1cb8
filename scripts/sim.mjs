#!/usr/bin/env node
// `npm run sim`: the simulated world, from the sources, on the project's Node.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { node24 } from "./node24.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const args = ["--disable-warning=ExperimentalWarning", join(root, "src", "sim", "main.node.ts"), ...process.argv.slice(2)];
process.exit(spawnSync(node24(), args, { cwd: root, stdio: "inherit" }).status ?? 1);
