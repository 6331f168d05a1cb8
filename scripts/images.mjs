#!/usr/bin/env node
// Assembles the example images from the distribution's packages and leaves docker-save archives under images/.
// No registry is asked. What is there and made of the same things stays. Arguments are archives to make instead of all.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { writeArchive } from "./images/archive.mjs";
import { busybox } from "./images/base.mjs";
import { learnDependencies } from "./images/debian.mjs";
import { recipe as nginx } from "./images/nginx.mjs";
import { recipe as postgres } from "./images/postgres.mjs";
import { recipe as resolvers } from "./images/resolvers.mjs";
import { recipe as sleep } from "./images/sleep.mjs";
import { recipe as todoList } from "./images/todo-list.mjs";
import { recipe as vweb } from "./images/vweb.mjs";
import { recipe as windlass } from "./images/windlass.mjs";
import { cache, ensureDependencies, ensurePackages, root, step } from "./setup.mjs";

/**
 * What can be made. A recipe names its `archive`, the Debian packages that it is made `from`, its `sources` (files that the
 * result depends on, seen from the folder of the recipes), and how to `make` it: the images, and all packages they took.
 */
const recipes = [vweb, sleep, nginx, postgres, todoList, resolvers, windlass];

/** Modules that every recipe stands on. */
const shared = ["archive.mjs", "base.mjs", "debian.mjs", "elf.mjs", "tree.mjs"];

const target = join(root, "images");
const stamps = join(cache, "images");
const source = (name) => fileURLToPath(new URL(`images/${name}`, import.meta.url));

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !recipes.some(({ archive }) => archive === name));
if (unknown.length > 0)
  throw new Error(`no recipe for ${unknown.join(", ")}; there are ${recipes.map(({ archive }) => archive).join(", ")}`);

ensureDependencies();
const missing = ensurePackages(["busybox-static"]);
if (missing.length > 0) throw new Error(`the Debian package ${missing.join(", ")} is needed: apt-get install ${missing.join(" ")}`);
mkdirSync(stamps, { recursive: true });
const due = recipes.filter(({ archive }) => wanted.length === 0 || wanted.includes(archive)).filter((recipe) => !isMade(recipe));
if (due.length > 0) learnDependencies(due.flatMap(({ from }) => from));
for (const recipe of due) {
  const { images, packages } = await recipe.make();
  await writeArchive(join(target, recipe.archive), images);
  writeFileSync(stampOf(recipe), JSON.stringify({ packages, key: keyOf(recipe, packages) }));
  step(`images/${recipe.archive}: ${images.map(({ tag }) => tag).join(", ")}`);
}

function stampOf({ archive }) {
  return join(stamps, `${archive}.json`);
}

/** Whether the archive is there, made of what it would be made of now. */
function isMade(recipe) {
  if (!existsSync(stampOf(recipe)) || !existsSync(join(target, recipe.archive))) return false;
  const { key, packages } = JSON.parse(readFileSync(stampOf(recipe), "utf8"));
  return key === keyOf(recipe, packages);
}

/** A digest of all that an archive is made of: how, and of which versions of which packages. */
function keyOf(recipe, packages) {
  const hash = createHash("sha256");
  for (const path of [fileURLToPath(import.meta.url), ...[...shared, ...recipe.sources].map(source), busybox])
    hash.update(readFileSync(path));
  const folder = join(cache, "debian");
  const unpacked = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(".deb")) : [];
  for (const name of packages)
    hash.update(
      unpacked
        .filter((each) => each.startsWith(`${name}_`))
        .sort()
        .join() || name,
    );
  return hash.digest("hex");
}
