/**
 * The agent's hands on the real file system. Everything of a Pod lives under `<root>/<uid>` and goes with it, but for what
 * must not lie on a disk, which is under `<root>-in-memory/<uid>`. Payload volumes are switched by one rename, so a reader sees all of the old files or all of the new ones (KUB-72):
 *
 *   config/..2026_11_22_10_00_00.k3j2f/app.conf    the files
 *   config/..data -> ..2026_11_22_10_00_00.k3j2f   switched by rename
 *   config/app.conf -> ..data/app.conf             what the container opens
 */
import { randomBytes } from "node:crypto";
import type { Stats } from "node:fs";
import {
  chmod,
  chown,
  lstat,
  mkdir,
  open,
  readdir,
  readFile,
  readlink,
  realpath,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { dirname, join, normalize, relative, sep } from "node:path";
import { systemClock } from "../../base/system-world.node.ts";
import { formatTime } from "../../base/time.ts";
import type { PodFiles } from "../runtime.ts";
import { isMountPoint, memoryDirectory, mountMemory, mountsUnder, unmount } from "./memory-directory.node.ts";

const dataLink = "..data";
const dataLinkNew = "..data_tmp";

/** `root` is made if it is not there; nobody but its owner may look into it. */
export async function podFiles(root: string): Promise<PodFiles> {
  await mkdir(root, { recursive: true, mode: 0o700 });
  const memory = await memoryDirectory(`${root}-in-memory`);
  const podDirectory = (uid: string): string => join(root, checkedRelative(uid));
  const volumeDirectory = (uid: string, plugin: string, volume: string): string =>
    join(podDirectory(uid), "volumes", plugin, checkedRelative(volume));
  const secretDirectory = (uid: string, plugin: string, volume: string): string =>
    join(memory.path, checkedRelative(uid), plugin, checkedRelative(volume));

  return {
    async writeVolume(podUid, plugin, volume, payload, { group, inMemory = false } = {}) {
      const directory = (inMemory ? secretDirectory : volumeDirectory)(podUid, plugin, volume);
      if (inMemory) await memory.make(directory);
      else await mkdir(directory, { recursive: true, mode: 0o755 });
      for (const path of payload.keys()) checkedRelative(path);
      const present = await linkTarget(join(directory, dataLink));
      if (present !== undefined && (await isSame(join(directory, present), payload, group))) return directory;

      const fresh = `..${stamp()}.${randomBytes(4).toString("hex")}`;
      const freshDirectory = join(directory, fresh);
      await mkdir(freshDirectory, { mode: 0o755 });
      for (const [path, file] of payload) {
        const target = join(freshDirectory, path);
        await mkdir(dirname(target), { recursive: true, mode: 0o755 });
        await writeFile(target, file.data, { mode: 0o600 });
        if (group !== undefined) await chown(target, process.getuid?.() ?? 0, group);
        await chmod(target, effectiveMode(file.mode, group));
      }
      await rm(join(directory, dataLinkNew), { force: true });
      await symlink(fresh, join(directory, dataLinkNew));
      await rename(join(directory, dataLinkNew), join(directory, dataLink));
      await linkNames(directory, new Set([...payload.keys()].map((path) => path.split("/")[0] as string)));
      if (present !== undefined) await rm(join(directory, present), { recursive: true, force: true });
      return directory;
    },

    async emptyDir(podUid, volume, { medium, sizeLimitBytes, group }) {
      const directory = volumeDirectory(podUid, "kubernetes.io~empty-dir", volume);
      await mkdir(directory, { recursive: true });
      if (medium === "Memory" && !(await isMountPoint(directory)))
        await mountMemory(directory, sizeLimitBytes === undefined ? [] : [`size=${sizeLimitBytes}`]);
      if (group !== undefined) await chown(directory, process.getuid?.() ?? 0, group);
      // With a group, what is made inside belongs to it, too.
      await chmod(directory, group === undefined ? 0o777 : 0o2777);
      return directory;
    },

    hostPath,

    async subPath(volumePath, subPath) {
      const base = await realpath(volumePath);
      const wanted = join(base, checkedRelative(subPath));
      const found = await realpath(wanted).catch(() => undefined);
      if (found !== undefined) {
        if (!isWithin(base, found)) throw new Error(`subPath "${subPath}" leads out of its volume`);
        return found;
      }
      // Each missing directory is made under a parent that is known to be inside.
      let parent = base;
      for (const name of relative(base, wanted).split(sep)) {
        const next = join(parent, name);
        await mkdir(next, { mode: 0o755 }).catch((error: NodeJS.ErrnoException) => {
          if (error.code !== "EEXIST") throw error;
        });
        parent = await realpath(next);
        if (!isWithin(base, parent)) throw new Error(`subPath "${subPath}" leads out of its volume`);
      }
      return parent;
    },

    async writeFile(podUid, name, content, mode) {
      const path = join(podDirectory(podUid), "files", checkedRelative(name));
      await mkdir(dirname(path), { recursive: true });
      // In place: a container that has the file mounted sees what is written.
      await writeFile(path, content);
      await chmod(path, mode);
      return path;
    },

    async readFile(podUid, name, maxBytes) {
      const path = join(podDirectory(podUid), "files", checkedRelative(name));
      const file = await open(path, "r").catch((error: NodeJS.ErrnoException) => {
        if (error.code === "ENOENT") return undefined;
        throw error;
      });
      if (!file) return undefined;
      try {
        const buffer = Buffer.alloc(maxBytes);
        const { bytesRead } = await file.read(buffer, 0, maxBytes, 0);
        return buffer.toString("utf8", 0, bytesRead);
      } finally {
        await file.close();
      }
    },

    async removePod(podUid) {
      const directory = podDirectory(podUid);
      await memory.remove(checkedRelative(podUid));
      if (!(await exists(directory))) return;
      for (const mounted of (await mountsUnder(directory)).reverse()) await unmount(mounted);
      // What could not be unmounted belongs to somebody else: never delete through a mount.
      if ((await mountsUnder(directory)).length > 0) throw new Error(`something is still mounted under ${directory}`);
      await rm(directory, { recursive: true, force: true });
    },

    async listPods() {
      const onDisk = (await readdir(root, { withFileTypes: true })).filter((entry) => entry.isDirectory()).map((entry) => entry.name);
      return [...new Set([...onDisk, ...(await memory.list())])];
    },
  };
}

/** Refuses absolute paths and any that climb out. */
function checkedRelative(path: string): string {
  const clean = normalize(path);
  if (path === "" || clean.startsWith("/") || clean === "." || clean.split(sep).includes("..") || path.includes("\0")) {
    throw new Error(`not a path within a volume: "${path}"`);
  }
  return clean;
}

const isWithin = (base: string, path: string): boolean => path === base || path.startsWith(base + sep);

/** With an fsGroup its members may read what the owner may. */
const effectiveMode = (mode: number, group: number | undefined): number => (group === undefined ? mode : mode | 0o440);

const stamp = (): string => formatTime(systemClock.now()).slice(0, 19).replace(/[-T:]/g, "_");

const linkTarget = (path: string): Promise<string | undefined> => readlink(path).catch(() => undefined);

const exists = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    () => false,
  );

/** Whether a data directory holds exactly the payload. */
async function isSame(directory: string, payload: Parameters<PodFiles["writeVolume"]>[3], group: number | undefined): Promise<boolean> {
  const found = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => undefined);
  if (!found) return false;
  const files = found.filter((entry) => entry.isFile());
  if (files.length !== payload.size) return false;
  for (const entry of files) {
    const path = join(entry.parentPath, entry.name);
    const file = payload.get(relative(directory, path));
    if (!file) return false;
    const { mode, gid } = await stat(path);
    if ((mode & 0o7777) !== effectiveMode(file.mode, group) || (group !== undefined && gid !== group)) return false;
    if (Buffer.compare(await readFile(path), file.data) !== 0) return false;
  }
  return true;
}

/** One link per top-level name; links to names that are gone go. */
async function linkNames(directory: string, names: ReadonlySet<string>): Promise<void> {
  for (const name of names) {
    const link = join(directory, name);
    if ((await linkTarget(link)) === join(dataLink, name)) continue;
    await rm(link, { recursive: true, force: true });
    await symlink(join(dataLink, name), link);
  }
  for (const entry of await readdir(directory)) {
    if (!entry.startsWith("..") && !names.has(entry)) await rm(join(directory, entry), { recursive: true, force: true });
  }
}

const hostPathChecks: Readonly<Record<string, { readonly check: (found: Stats) => boolean; readonly what: string }>> = {
  Directory: { check: (found) => found.isDirectory(), what: "a directory" },
  DirectoryOrCreate: { check: (found) => found.isDirectory(), what: "a directory" },
  File: { check: (found) => found.isFile(), what: "a file" },
  FileOrCreate: { check: (found) => found.isFile(), what: "a file" },
  Socket: { check: (found) => found.isSocket(), what: "a socket file" },
  CharDevice: { check: (found) => found.isCharacterDevice(), what: "a character device" },
  BlockDevice: { check: (found) => found.isBlockDevice(), what: "a block device" },
};

async function hostPath(path: string, type: string): Promise<string> {
  let found = await stat(path).catch(() => undefined);
  if (!found && (type === "" || type === "DirectoryOrCreate")) {
    await mkdir(path, { recursive: true, mode: 0o755 });
    found = await stat(path);
  }
  if (!found && type === "FileOrCreate") {
    await (await open(path, "a", 0o644)).close();
    found = await stat(path);
  }
  const expected = hostPathChecks[type];
  if (expected && !(found && expected.check(found))) throw new Error(`hostPath type check failed: ${path} is not ${expected.what}`);
  return path;
}
