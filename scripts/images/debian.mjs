// What images take from the distribution: packages with the libraries they depend on, and of those libraries only what programs need.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { unpackDebianPackages } from "../setup.mjs";
import { readElf } from "./elf.mjs";
import { addCopy, link, walk } from "./tree.mjs";

/** Libraries that are depended upon for parts that no image takes. */
const leftOut = /^(libllvm|libperl)/;

/**
 * Unpacks packages and all libraries below them. A package without content of its own, such as `postgresql`, stands for the
 * one that it depends on: `name(package)` says which. `in(package, path)` is a path in one of them, and `addLibraries(tree)`
 * adds to a tree every shared library that its programs need, at `lib/`, with the loader where the programs look for it.
 */
export function fromDebian(packages) {
  const below = dependencies(packages);
  const name = (each) => (below.get(each)?.length === 1 && below.get(each)[0].startsWith(`${each}-`) ? below.get(each)[0] : each);
  const known = new Set(packages.map(name));
  for (const each of known) {
    for (const library of below.get(each) ?? []) if (/^z?lib/.test(library) && !leftOut.test(library)) known.add(library);
  }
  const names = [...known].sort();
  const folders = new Map(unpackDebianPackages(names).map((path, index) => [names[index], path]));
  return {
    packages: names,
    name,
    in: (each, path) => join(folders.get(name(each)), path),
    addLibraries: (tree) => addLibraries(tree, [...folders.values()]),
  };
}

/** What is known of packages so far: apt takes a second to answer, whatever it is asked. */
const asked = new Map();

/** What each package depends on, of alternatives the first, for packages and all below them. */
function dependencies(packages) {
  if (packages.every((each) => asked.has(each))) return asked;
  const options = "recommends suggests conflicts breaks replaces enhances".split(" ").map((each) => `--no-${each}`);
  const ask = () => spawnSync("apt-cache", ["depends", "--recurse", ...options, ...packages], { encoding: "utf8" });
  let { status, stdout, stderr } = ask();
  if (status !== 0 || packages.some((each) => !stdout.includes(`\n${each}\n`) && !stdout.startsWith(`${each}\n`))) {
    spawnSync("apt-get", ["update", "-qq"], { stdio: "ignore" });
    ({ status, stdout, stderr } = ask());
  }
  if (status !== 0) throw new Error(`cannot ask which packages ${packages.join(", ")} depend on: ${stderr}`);
  let last;
  let isAlternative = false;
  for (const line of stdout.split("\n")) {
    const depends = /^ (\||\s)(?:Pre)?Depends: <?([^\s:>]+)/.exec(line);
    if (depends) {
      if (!isAlternative) last.push(depends[2]);
      isAlternative = depends[1] === "|";
    } else if (/^\S/.test(line)) {
      last = [];
      asked.set(line.replace(/^<|>$/g, "").split(":")[0], last);
    }
  }
  return asked;
}

/** Asks for the dependencies of many packages at once, so that `fromDebian` knows them. */
export const learnDependencies = (packages) => void dependencies(packages);

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
