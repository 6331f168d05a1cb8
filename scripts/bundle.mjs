// How the sources become files that Node starts fast: for dist/, and for the image of the command.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./setup.mjs";

/** The version of everything that is made here. */
export const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

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

const usual = {
  absWorkingDir: root,
  outdir: "dist",
  write: false,
  bundle: true,
  platform: "node",
  target: "node24",
  sourcemap: "linked",
  legalComments: "none",
  define: { "process.env.WINDLASS_VERSION": JSON.stringify(version) },
  plugins: [builtins],
  logLevel: "warning",
};

/** ES modules that share chunks, from entry points by name. Resolves with `path` and `contents` of each file, below dist/. */
export async function bundleModules(entryPoints, more = {}) {
  // Loaded late: this module is also imported before the npm packages are there.
  const { build } = await import("esbuild");
  const { outputFiles } = await build({
    ...usual,
    entryPoints,
    splitting: true,
    format: "esm",
    chunkNames: "chunks/[name]-[hash]",
    // CommonJS packages inside an ES module bundle ask for these.
    banner: {
      js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);',
    },
    ...more,
  });
  return outputFiles;
}

/** One file of CommonJS per entry point, which loads in a third of the time that modules take. */
export async function bundleScripts(entryPoints) {
  const { build } = await import("esbuild");
  const { outputFiles } = await build({
    ...usual,
    entryPoints: { ...entryPoints, ...Object.fromEntries(packagesApart.map((name) => [fileApart(name), name])) },
    plugins: [builtins, apart],
    outExtension: { ".js": ".cjs" },
    // Names stay: classes and errors go by them.
    minifyWhitespace: true,
    minifySyntax: true,
    format: "cjs",
  });
  return outputFiles;
}

/** Packages that few commands need stand in files of their own, which are read when they are asked for. */
const packagesApart = ["yaml", "ws"];
const fileApart = (name) => `package-${name}`;
const apart = {
  name: "apart",
  setup(bundle) {
    bundle.onResolve({ filter: new RegExp(`^(${packagesApart.join("|")})$`) }, ({ path, kind }) =>
      kind === "entry-point" ? undefined : { path: `./${fileApart(path)}.cjs`, external: true },
    );
  },
};
