// File trees as layers of images are made of: a path without a leading slash to a file, a link or a folder.
import { lstatSync, readdirSync, readFileSync, readlinkSync, realpathSync } from "node:fs";
import { join } from "node:path";

/** What is inside an image does not depend on when it was made: everything carries this time. */
export const madeAt = new Date("2026-01-01T00:00:00Z");

const rootOwns = { uid: 0, gid: 0 };
export const file = (data, mode = 0o644, owner = rootOwns) => ({
  type: "file",
  data: Buffer.isBuffer(data) ? data : Buffer.from(data),
  mode,
  ...owner,
});
export const link = (to) => ({ type: "symlink", linkname: to, mode: 0o777, ...rootOwns });
export const folder = (mode = 0o755, owner = rootOwns) => ({ type: "directory", mode, ...owner });

/** Adds a file of this machine, with its mode; a link is followed. */
export function addCopy(tree, to, from) {
  const path = realpathSync(from);
  tree.set(to, file(readFileSync(path), lstatSync(path).mode & 0o777));
}

/** Adds all that is below a folder of this machine, links as they are, except names that `isWanted` refuses. */
export function addFolder(tree, to, from, isWanted = () => true) {
  for (const { name, target, mode } of walk(from)) {
    if (!isWanted(name)) continue;
    tree.set(`${to}/${name}`, target === undefined ? file(readFileSync(join(from, name)), mode) : link(target));
  }
}

/** Files and links below a folder, in the order of their names: `name`, and `target` of a link or `mode` of a file. */
export function* walk(top, below = "") {
  const entries = readdirSync(join(top, below), { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    const name = below === "" ? entry.name : `${below}/${entry.name}`;
    if (entry.isDirectory()) yield* walk(top, name);
    else if (entry.isSymbolicLink()) yield { name, target: readlinkSync(join(top, name)) };
    else if (entry.isFile()) yield { name, mode: lstatSync(join(top, name)).mode & 0o777 };
  }
}

/** Gives every path of a tree the folders that it stands in, where they are not named already. */
export function withParents(tree) {
  const whole = new Map(tree);
  for (const path of tree.keys()) {
    for (let end = path.lastIndexOf("/"); end > 0; end = path.lastIndexOf("/", end - 1)) {
      const parent = path.slice(0, end);
      if (whole.has(parent)) break;
      whole.set(parent, folder());
    }
  }
  return whole;
}
