/**
 * Several engines share one machine: each claims a number, and from it follow its address ranges and the names of its
 * links and firewall tables, so that no two ever meet. The claim is a file that names the home; it is kept across a
 * crash, because what the engine made in the kernel is still there, and given back by `down`.
 */
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";

const claims = "/run/windlass";
const instancesMax = 32;

export interface Instance {
  readonly number: number;
  /** Pods of all nodes, e.g. `10.244.0.0/16`. */
  readonly podCidr: string;
  /** Service addresses, e.g. `10.96.0.0/16`. */
  readonly serviceCidr: string;
  /** Prefix of links, namespaces, control groups and tables, e.g. `wl0`. */
  readonly name: string;
  /** For sockets: short, and only its owner can enter it. */
  readonly directory: string;
}

function instance(number: number): Instance {
  return {
    number,
    podCidr: `10.${244 - number}.0.0/16`,
    serviceCidr: `10.${96 + number}.0.0/16`,
    name: `wl${number}`,
    directory: join(claims, `wl${number}`),
  };
}

/** The number that `home` holds, or else the lowest free one. Throws when all are taken. */
export function claimInstance(home: string): Instance {
  mkdirSync(claims, { recursive: true, mode: 0o755 });
  const held = findInstance(home);
  if (held) return prepared(held);
  for (let number = 0; number < instancesMax; number++) {
    const file = join(claims, `instance-${number}`);
    if (existsSync(file) && !existsSync(readFileSync(file, "utf8").trim())) rmSync(file, { force: true });
    try {
      const handle = openSync(file, "wx", 0o644);
      writeSync(handle, `${home}\n`);
      closeSync(handle);
      return prepared(instance(number));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
  }
  throw new Error(`no room for another engine: ${instancesMax} homes hold a claim under ${claims}`);
}

function prepared(claimed: Instance): Instance {
  mkdirSync(claimed.directory, { recursive: true, mode: 0o700 });
  return claimed;
}

/** The instance that `home` holds, or undefined. */
export function findInstance(home: string): Instance | undefined {
  if (!existsSync(claims)) return undefined;
  for (const name of readdirSync(claims)) {
    const match = /^instance-(\d+)$/.exec(name);
    if (match && readFileSync(join(claims, name), "utf8").trim() === home) return instance(Number(match[1]));
  }
  return undefined;
}

/** Gives the number back. Only after everything made under it is gone. */
export function releaseInstance(held: Instance): void {
  rmSync(held.directory, { recursive: true, force: true });
  rmSync(join(claims, `instance-${held.number}`), { force: true });
}
