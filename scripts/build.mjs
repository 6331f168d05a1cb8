#!/usr/bin/env node
// Bundles the command and the testing library into dist/, with the types of the latter.
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { root } from "./setup.mjs";

const { build } = await import("esbuild");
const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
/**
 * Node's own modules, taken as they are. An `import` of one reads all of its exports, and so loads what a start never
 * needs: of `node:http` a whole fetch, a tenth of the time until the engine answers.
 */
const builtins = {
  name: "builtins",
  setup(bundle) {
    // What is imported late is taken by an import as it stands: wrapped, it would have no names but `default`.
    bundle.onResolve({ filter: /^node:/ }, ({ path, kind }) =>
      kind === "dynamic-import" ? { path, external: true } : { path, namespace: "builtin" },
    );
    bundle.onLoad({ filter: /.*/, namespace: "builtin" }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)});`,
    }));
  },
};
const { outputFiles } = await build({
  absWorkingDir: root,
  entryPoints: { windlass: "src/main.ts", testing: "src/testing.ts", "load-balancer": "src/node/network/load-balancer/main.node.ts" },
  outdir: "dist",
  write: false,
  bundle: true,
  splitting: true,
  platform: "node",
  target: "node24",
  format: "esm",
  sourcemap: "linked",
  legalComments: "none",
  chunkNames: "chunks/[name]-[hash]",
  define: { "process.env.WINDLASS_VERSION": JSON.stringify(version) },
  // CommonJS packages inside an ES module bundle ask for these.
  banner: {
    js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);',
  },
  plugins: [builtins],
  logLevel: "warning",
});
// The quick door is one file of CommonJS, which loads in a third of the time that modules take.
const quick = await build({
  absWorkingDir: root,
  entryPoints: { "quick-commands": "src/quick.ts" },
  outdir: "dist",
  outExtension: { ".js": ".cjs" },
  write: false,
  bundle: true,
  minify: true,
  keepNames: true,
  platform: "node",
  target: "node24",
  format: "cjs",
  sourcemap: "linked",
  legalComments: "none",
  define: { "process.env.WINDLASS_VERSION": JSON.stringify(version) },
  plugins: [builtins],
  logLevel: "warning",
});
// Only now: what was built before is of use for as long as the sources cannot be.
rmSync(join(root, "dist"), { recursive: true, force: true });
for (const { path, contents } of [...outputFiles, ...quick.outputFiles]) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, contents);
}
// Code that is loaded after this line is kept compiled.
writeFileSync(join(root, "dist", "quick.cjs"), 'require("node:module").enableCompileCache();\nrequire("./quick-commands.cjs");\n');
const types = spawnSync(join(root, "node_modules/.bin/tsc"), ["-p", "tsconfig.types.json"], { cwd: root, stdio: "inherit" });
process.exit(types.status ?? 1);
