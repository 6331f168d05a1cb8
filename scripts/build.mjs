#!/usr/bin/env node
// Bundles the command and the testing library into dist/, with the types of the latter.
import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { bundleModules, bundleScripts } from "./bundle.mjs";
import { root } from "./setup.mjs";

const modules = await bundleModules({
  windlass: "src/main.ts",
  testing: "src/testing.ts",
  "load-balancer": "src/node/network/load-balancer/main.node.ts",
});
const quick = await bundleScripts({ "quick-commands": "src/quick.ts" });
// Only now: what was built before is of use for as long as the sources cannot be.
rmSync(join(root, "dist"), { recursive: true, force: true });
for (const { path, contents } of [...modules, ...quick]) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, contents);
}
// Code that is loaded after this line is kept compiled.
writeFileSync(join(root, "dist", "quick.cjs"), 'require("node:module").enableCompileCache();\nrequire("./quick-commands.cjs");\n');
const types = spawnSync(join(root, "node_modules/.bin/tsc"), ["-p", "tsconfig.types.json"], { cwd: root, stdio: "inherit" });
process.exit(types.status ?? 1);
