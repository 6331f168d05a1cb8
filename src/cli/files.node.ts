/** Files and addresses of the real world. */
import { mkdir, readdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Files } from "./command.ts";

/** What the system says, in the words that people know from kubectl. */
const reasons: Readonly<Record<string, string>> = {
  ENOENT: "no such file or directory",
  EACCES: "permission denied",
  EISDIR: "is a directory",
  ENOTDIR: "not a directory",
};

async function named<T>(what: string, path: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const { code = "", message } = error as NodeJS.ErrnoException;
    throw new Error(`${what} ${path}: ${reasons[code] ?? message}`, { cause: error });
  }
}

export const realFiles: Files = {
  read: (path) => named("open", path, readFile(path)),
  async write(path, content, options) {
    await mkdir(dirname(path), { recursive: true, mode: 0o750 });
    const partial = `${path}.${process.pid}.partial`;
    await named("open", path, writeFile(partial, content, { mode: options?.secret ? 0o600 : 0o644 }));
    await rename(partial, path);
  },
  async kindOf(path) {
    const found = await stat(path).catch(() => undefined);
    return found && (found.isDirectory() ? "directory" : "file");
  },
  async list(path) {
    const entries = await named("open", path, readdir(path));
    const kinds = await Promise.all(
      entries.sort().map(async (name) => ({ name, found: await stat(join(path, name)).catch(() => undefined) })),
    );
    return kinds.flatMap(({ name, found }) =>
      found ? [{ name, kind: found.isDirectory() ? ("directory" as const) : ("file" as const) }] : [],
    );
  },
  async fetch(url) {
    const answer = await fetch(url);
    if (!answer.ok)
      throw new Error(
        `unable to read URL ${JSON.stringify(url)}, server reported ${answer.status} ${answer.statusText}, status code=${answer.status}`,
      );
    return new Uint8Array(await answer.arrayBuffer());
  },
};
