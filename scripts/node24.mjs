// The Node that runs the project: the system's when it is new enough, else the one that came from npm.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Path of a Node of at least version 24. Throws when none is installed. */
export function node24() {
  if (Number(process.versions.node.split(".")[0]) >= 24) return process.execPath;
  const bundled = fileURLToPath(new URL(`../node_modules/node-${process.platform}-${process.arch}/bin/node`, import.meta.url));
  if (existsSync(bundled)) return bundled;
  throw new Error(`Node 24 is needed: this is ${process.version}, and ${bundled} is not installed (run npm ci)`);
}
