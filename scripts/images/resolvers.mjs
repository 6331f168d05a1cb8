// For tests: the two C libraries whose resolvers containers come with, glibc's behind `getent` and musl's behind `resolve`.
// Of musl the distribution has the library alone, so the program is compiled here, by a compiler that needs no installation.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { layer } from "./archive.mjs";
import { baseLayer, path } from "./base.mjs";
import { fromDebian } from "./debian.mjs";
import { addCopy } from "./tree.mjs";

const packages = ["libc-bin", "libc6", "musl-dev", "tcc"];

function resolverTree() {
  const debian = fromDebian(packages);
  const tree = new Map();
  addCopy(tree, "usr/bin/getent", debian.in("libc-bin", "usr/bin/getent"));
  debian.addLibraries(tree);
  const scratch = mkdtempSync(join(tmpdir(), "windlass-resolve-"));
  try {
    const program = join(scratch, "resolve");
    compile(debian, program);
    addCopy(tree, "usr/bin/resolve", program);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  return { tree, packages: debian.packages };
}

function compile(debian, program) {
  const musl = (name) => debian.in("musl-dev", `usr/lib/x86_64-linux-musl/${name}`);
  const tcc = (name) => debian.in("tcc", `usr/lib/x86_64-linux-gnu/tcc/${name}`);
  const source = fileURLToPath(new URL("resolvers/resolve.c", import.meta.url));
  const objects = [musl("crt1.o"), musl("crti.o"), source, musl("libc.a"), tcc("libtcc1.a"), musl("crtn.o")];
  const include = `-I${debian.in("musl-dev", "usr/include/x86_64-linux-musl")}`;
  const { status, stderr } = spawnSync(
    debian.in("tcc", "usr/bin/tcc"),
    ["-nostdinc", "-nostdlib", "-static", include, "-o", program, ...objects],
    { encoding: "utf8" },
  );
  if (status !== 0) throw new Error(`cannot compile ${source}: ${stderr}`);
}

export const recipe = {
  from: packages,
  archive: "test-resolvers.tar",
  sources: ["resolvers.mjs", "resolvers/resolve.c"],
  async make() {
    const { tree, packages } = resolverTree();
    const layers = [await baseLayer(), await layer(tree)];
    return { packages, images: [{ tag: "windlass-test/resolvers:1", layers, config: { Env: [path], Cmd: ["sleep", "2147483647"] } }] };
  },
};
