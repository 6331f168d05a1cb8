// What images take from the distribution: packages with the libraries they depend on, and of those libraries only what programs need.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { unpackDebianPackages } from "../setup.mjs";
import { readElf } from "./elf.mjs";
import { addCopy, link, walk } from "./tree.mjs";

/** Libraries that are depended upon for parts that no image takes. */
const leftOut = /^(libllvm|libperl)/;

/**
 * Unpacks packages and all libraries below them. `in(name, path)` is a path in one of them, and `addLibraries(tree)` adds
 * to a tree every shared library that its programs need, at `lib/`, with the loader where the programs look for it.
 */
export function fromDebian(packages) {
  const names = withLibraries(packages);
  const folders = new Map(unpackDebianPackages(names).map((path, index) => [names[index], path]));
  return {
    packages: names,
    in: (name, path) => join(folders.get(name), path),
    addLibraries: (tree) => addLibraries(tree, [...folders.values()]),
  };
}

/** The package that a package without content of its own stands for, such as `postgresql-15` for `postgresql`. */
export function standsFor(name) {
  const [depends] = dependenciesOf([name]).values();
  if (depends?.[0] === undefined) throw new Error(`the Debian package ${name} is not known here`);
  return depends[0];
}

function withLibraries(packages) {
  const known = new Set(packages);
  for (let last = packages; last.length > 0; ) {
    const below = [...dependenciesOf(last).values()].flat().filter((name) => /^z?lib/.test(name) && !leftOut.test(name));
    last = [...new Set(below)].filter((name) => !known.has(name));
    for (const name of last) known.add(name);
  }
  return [...known].sort();
}

/** Names that each package depends on, of alternatives the first. */
function dependenciesOf(names) {
  const show = () => spawnSync("apt-cache", ["show", "--no-all-versions", ...names], { encoding: "utf8" }).stdout ?? "";
  let text = show();
  if (!text.includes("Package: ")) {
    spawnSync("apt-get", ["update", "-qq"], { stdio: "ignore" });
    text = show();
  }
  const found = new Map();
  for (const stanza of text.split(/\n\n+/)) {
    const name = /^Package: (\S+)$/m.exec(stanza)?.[1];
    const depends = [...stanza.matchAll(/^(?:Pre-)?Depends: (.*)$/gm)].flatMap(([, list]) => list.split(/,\s*/));
    if (name) found.set(name, depends.map((each) => each.split(/[\s:|(]/)[0]));
  }
  return found;
}

function addLibraries(tree, folders) {
  const libraries = new Map();
  for (const top of folders) {
    for (const { name } of walk(top)) {
      const base = name.slice(name.lastIndexOf("/") + 1);
      if (/^(usr\/)?lib(64)?\/([^/]*-linux-gnu\/)?[^/]+$/.test(name) && base.includes(".so")) libraries.set(base, join(top, name));
    }
  }
  const waiting = [...tree.values()].filter(({ type }) => type === "file");
  for (let program = waiting.pop(); program; program = waiting.pop()) {
    const elf = readElf(program.data);
    for (const name of elf?.needed ?? []) {
      const to = `lib/${name}`;
      if (tree.has(to) || [...tree.keys()].some((path) => path.startsWith("lib") && path.endsWith(`/${name}`))) continue;
      if (!libraries.has(name)) throw new Error(`no package has the library ${name}`);
      addCopy(tree, to, libraries.get(name));
      waiting.push(tree.get(to));
    }
    const loader = elf?.interpreter;
    if (loader) {
      const base = loader.slice(loader.lastIndexOf("/") + 1);
      if (!tree.has(`lib/${base}`)) addCopy(tree, `lib/${base}`, libraries.get(base));
      if (loader !== `/lib/${base}`) tree.set(loader.slice(1), link(`/lib/${base}`));
    }
  }
}
