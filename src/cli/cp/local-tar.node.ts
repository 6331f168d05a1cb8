/** Files of this machine as a tar archive, and a tar archive as files of this machine. */
import { createReadStream, createWriteStream } from "node:fs";
import { lstat, mkdir, readdir, readlink, stat } from "node:fs/promises";
import { dirname, join, relative, resolve, sep } from "node:path";
import { pipeline } from "node:stream/promises";
import { extract, pack, type Pack } from "tar-stream";
import type { LocalTar } from "../command.ts";

export const localTar: LocalTar = {
  async *pack(path, name) {
    const archive = pack();
    const adding = add(archive, path, name).then(
      () => archive.finalize(),
      (error: Error) => archive.destroy(error),
    );
    for await (const chunk of archive) yield chunk as Uint8Array;
    await adding;
  },

  async unpack(chunks, prefix, path, warn) {
    const target = resolve(path);
    const into = (await stat(target).catch(() => undefined))?.isDirectory() ? join(target, prefix.split("/").at(-1) ?? "") : target;
    const archive = extract();
    archive.on("entry", (header, stream, next) => {
      const take = async (): Promise<void> => {
        const inside = placeOf(header.name, prefix, into);
        if (inside === undefined)
          throw new Error(`tar contents corrupted: ${JSON.stringify(header.name)} is outside of what was asked for`);
        if (header.type === "directory") await mkdir(inside, { recursive: true });
        else if (header.type === "file") {
          await mkdir(dirname(inside), { recursive: true });
          await pipeline(stream, createWriteStream(inside, { mode: header.mode ?? 0o644 }));
        } else if (header.type === "symlink")
          warn(`skipping symlink: ${JSON.stringify(inside)} -> ${JSON.stringify(header.linkname ?? "")}`);
        stream.resume();
      };
      take().then(() => next(), next);
    });
    await pipeline(chunks, archive);
  },
};

async function add(archive: Pack, path: string, name: string): Promise<void> {
  const found = await lstat(path);
  const header = { name, mode: found.mode & 0o7777, mtime: found.mtime };
  const write = (more: object): Promise<void> =>
    new Promise((done, failed) => {
      archive.entry({ ...header, ...more }, (error) => (error ? failed(error) : done()));
    });
  if (found.isSymbolicLink()) return write({ type: "symlink", linkname: await readlink(path) });
  if (found.isDirectory()) {
    await write({ name: `${name}/`, type: "directory" });
    for (const entry of (await readdir(path)).sort()) await add(archive, join(path, entry), `${name}/${entry}`);
    return;
  }
  if (!found.isFile()) return;
  const entry = archive.entry({ ...header, size: found.size });
  // A file that grows meanwhile is taken as long as it was: the archive has said so already.
  if (found.size === 0) entry.end(new Uint8Array());
  else await pipeline(createReadStream(path, { end: found.size - 1 }), entry);
}

/** Where an entry belongs; undefined for one that would land elsewhere. */
function placeOf(name: string, prefix: string, into: string): string | undefined {
  const plain = name.replace(/^\/+/, "").replace(/\/+$/, "");
  if (plain !== prefix && !plain.startsWith(`${prefix}/`)) return undefined;
  const place = resolve(into, `.${sep}${plain.slice(prefix.length + 1)}`);
  return relative(into, place).startsWith("..") ? undefined : place;
}
