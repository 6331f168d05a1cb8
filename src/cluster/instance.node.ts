/**
 * Several engines share one machine: each claims a number, and from it follow its address ranges and the names of its
 * links and firewall tables, so that no two ever meet. The claim is a file that names the home; it is kept across a
 * crash, because what the engine made in the kernel is still there, and given back by `down`.
 */
import { existsSync, linkSync, lstatSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const instancesMax = 32;

/** Where this user's claims are. Engines of other users than root make nothing in the kernel, so theirs need not be told apart from root's. */
export function claimsDirectory(): string {
  const uid = process.getuid?.() ?? 0;
  if (uid === 0) return "/run/windlass";
  const own = process.env.XDG_RUNTIME_DIR;
  return own ? join(own, "windlass") : join(tmpdir(), `windlass-${uid}`);
}

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

function instanceOf(number: number, claims: string): Instance {
  return {
    number,
    podCidr: `10.${244 - number}.0.0/16`,
    serviceCidr: `10.${96 + number}.0.0/16`,
    name: `wl${number}`,
    directory: join(claims, `wl${number}`),
  };
}

/**
 * The number that `home` holds, else `preferred` (the one it had last, which its Services' addresses are from), else the
 * lowest free one. Throws when all are taken.
 */
export function claimInstance(home: string, preferred?: number, claims: string = claimsDirectory()): Instance {
  prepareClaims(claims);
  const held = findInstance(home, claims);
  if (held) return prepared(held);
  const all = Array.from({ length: instancesMax }, (_, number) => number);
  const numbers = preferred !== undefined && all.includes(preferred) ? [preferred, ...all] : all;
  // A claim appears with its content, or another engine could take it for an abandoned one.
  const mine = join(claims, `claim-of-${process.pid}`);
  writeFileSync(mine, `${home}\n`, { mode: 0o644 });
  try {
    for (const number of numbers) {
      const file = join(claims, `instance-${number}`);
      removeAbandoned(file);
      if (linked(mine, file)) return prepared(instanceOf(number, claims));
    }
  } finally {
    rmSync(mine, { force: true });
  }
  throw new Error(`no room for another engine: ${instancesMax} homes hold a claim under ${claims}`);
}

/** Makes the folder; refuses one that somebody else could have put there. */
function prepareClaims(claims: string): void {
  mkdirSync(claims, { recursive: true, mode: 0o755 });
  const { uid, mode } = lstatSync(claims);
  if (uid !== (process.getuid?.() ?? uid) || (mode & 0o170022) !== 0o040000)
    throw new Error(`${claims} must be a folder that belongs to you and that nobody else can write to`);
}

/** Whether `file` is now another name of `mine`; false where it is taken. */
function linked(mine: string, file: string): boolean {
  try {
    linkSync(mine, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    return false;
  }
}

/** Takes away the claim of a home that is no more. It is looked at again once nobody else can get at it. */
function removeAbandoned(file: string): void {
  const isAbandoned = (path: string): boolean => {
    const home = homeIn(path);
    return home !== undefined && !existsSync(home);
  };
  if (!isAbandoned(file)) return;
  const aside = `${file}.${process.pid}`;
  try {
    renameSync(file, aside);
  } catch {
    return; // Somebody else was faster.
  }
  if (!isAbandoned(aside)) linked(aside, file);
  rmSync(aside, { force: true });
}

/** The home that a claim names; undefined where there is no claim. */
function homeIn(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8").trim();
  } catch {
    return undefined;
  }
}

function prepared(claimed: Instance): Instance {
  mkdirSync(claimed.directory, { recursive: true, mode: 0o700 });
  return claimed;
}

/** The instance that `home` holds, or undefined. */
export function findInstance(home: string, claims: string = claimsDirectory()): Instance | undefined {
  if (!existsSync(claims)) return undefined;
  for (const name of readdirSync(claims)) {
    const match = /^instance-(\d+)$/.exec(name);
    if (match && homeIn(join(claims, name)) === home) return instanceOf(Number(match[1]), claims);
  }
  return undefined;
}

/** Gives the number back. Only after everything made under it is gone. */
export function releaseInstance(held: Instance): void {
  rmSync(held.directory, { recursive: true, force: true });
  rmSync(join(dirname(held.directory), `instance-${held.number}`), { force: true });
}
