// The command itself, for `windlass controller` inside of a cluster: Node and one program, no shell, no user who may do more.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { bundleModules, version } from "../bundle.mjs";
import { root } from "../setup.mjs";
import { layer } from "./archive.mjs";
import { path } from "./base.mjs";
import { fromDebian } from "./debian.mjs";
import { addCopy, file, folder } from "./tree.mjs";

const packages = ["libstdc++6", "libgcc-s1", "libc6"];
/** The same number that distroless images call nonroot. */
const user = 65532;

function nodeTree(debian) {
  const tree = new Map();
  addCopy(tree, "usr/local/bin/node", join(root, "node_modules", `node-linux-${process.arch}`, "bin", "node"));
  debian.addLibraries(tree);
  return tree;
}

function systemTree() {
  return new Map([
    ["etc/passwd", file(`root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:${user}:${user}:nonroot:/home/nonroot:/sbin/nologin\n`)],
    ["etc/group", file(`root:x:0:\nnonroot:x:${user}:\n`)],
    ["etc/nsswitch.conf", file("hosts: files dns\n")],
    ["etc/os-release", file('ID=windlass\nNAME="Windlass"\n')],
    ["home/nonroot", folder(0o700, { uid: user, gid: user })],
    ["tmp", folder(0o1777)],
  ]);
}

async function programTree() {
  const modules = await bundleModules({ windlass: "src/main.ts" }, { sourcemap: false });
  const below = join(root, "dist");
  return new Map([
    ["app/package.json", file('{ "type": "module" }\n')],
    ...modules.map(({ path, contents }) => [`app${path.slice(below.length)}`, file(Buffer.from(contents))]),
  ]);
}

/** Every file that the program may be made of. */
const programSources = () =>
  readdirSync(join(root, "src"), { recursive: true })
    .filter((name) => /(?<!\.test|\.suite)\.ts$/.test(name))
    .sort()
    .map((name) => `../../src/${name}`);

export const recipe = {
  from: packages,
  archive: "windlass.tar",
  get sources() {
    return ["windlass.mjs", "../bundle.mjs", "../../package.json", "../../package-lock.json", ...programSources()];
  },
  async make() {
    const debian = fromDebian(packages);
    return {
      packages: debian.packages,
      images: [
        {
          tag: `windlass:${version}`,
          layers: [await layer(nodeTree(debian)), await layer(new Map([...systemTree(), ...(await programTree())]))],
          config: {
            User: `${user}:${user}`,
            Env: [path, "HOME=/home/nonroot"],
            WorkingDir: "/home/nonroot",
            Entrypoint: ["node", "--max-semi-space-size=4", "--disable-warning=ExperimentalWarning", "/app/windlass.js"],
            StopSignal: "SIGTERM",
          },
        },
      ],
    };
  },
};
