/**
 * Unpacks a layer into a directory that overlayfs can use. Every entry is judged here and rewritten; the system's
 * `tar` then does the writing, since it alone can set owners, devices and extended attributes quickly.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { statfs } from "node:fs/promises";
import { type Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { extract, type Header, pack } from "tar-stream";
import { layerPath, throughLinks } from "./layer-path.ts";

export interface UnpackedLayer {
  /** Digest of the uncompressed layer. */
  readonly diffId: string;
  readonly sizeBytes: number;
  /** Directories that hide what lies below them. */
  readonly opaque: readonly string[];
}

/** Extended attributes as tar carries them. */
type PaxHeaders = Partial<Header> & { name: string; pax?: Record<string, string> | null };

const entriesMax = 2_000_000;
const whiteoutPrefix = ".wh.";
const opaqueMarker = ".wh..wh..opq";
const xattrKey = "SCHILY.xattr.";
/** Room that a layer must leave on the disk. */
const reserveBytes = 64 * 1024 * 1024;

/** Unpacks the plain tar stream `source` into the empty directory `directory`. Throws an Error that says what is wrong with the layer. */
export async function unpackLayer(source: Readable, directory: string): Promise<UnpackedLayer> {
  // Asked before anything flows: an entry that comes while nobody listens yet is lost, and the reader waits for it for ever.
  const freeBytes = await freeOn(directory);
  const hash = createHash("sha256");
  const hashing = new Transform({
    transform(chunk, _encoding, done) {
      hash.update(chunk);
      done(null, chunk);
    },
  });
  const reader = extract();
  const writer = pack();
  const tar = spawn(
    "tar",
    [
      "-x",
      "-p",
      "--same-owner",
      "--numeric-owner",
      "--xattrs",
      "--xattrs-include=*",
      "--delay-directory-restore",
      "-C",
      directory,
      "-f",
      "-",
    ],
    { stdio: ["pipe", "ignore", "pipe"], env: { ...process.env, LC_ALL: "C" } },
  );
  let complaint = "";
  tar.stderr.on("data", (chunk) => {
    if (complaint.length < 2000) complaint += chunk;
  });
  const ended = new Promise<void>((resolve, reject) => {
    tar.on("error", (cause) => reject(new Error("cannot run tar", { cause })));
    tar.on("close", (code) => (code === 0 ? resolve() : reject(new Error(`tar could not unpack the layer: ${complaint.trim()}`))));
  });
  ended.catch(() => {});
  const reading = pipeline(source, hashing, reader);
  const writing = pipeline(writer as unknown as Readable, tar.stdin).catch((error: NodeJS.ErrnoException) => {
    // A broken pipe only says that tar ended early; why is in its own words.
    if (error.code !== "EPIPE" && error.code !== "ERR_STREAM_PREMATURE_CLOSE") throw error;
  });
  reading.catch(() => {});
  writing.catch(() => {});
  try {
    const { statedBytes, opaque } = await Promise.race([rewrite(reader, writer, { directory, freeBytes }), ended.then(() => neverEnds)]);
    await reading;
    writer.finalize();
    await writing;
    await ended;
    return { diffId: `sha256:${hash.digest("hex")}`, sizeBytes: statedBytes, opaque };
  } catch (error) {
    tar.kill("SIGKILL");
    source.destroy();
    (writer as unknown as Readable).destroy();
    await reading.catch(() => {});
    throw error;
  }
}

const neverEnds: never = undefined as never;

async function rewrite(
  reader: ReturnType<typeof extract>,
  writer: ReturnType<typeof pack>,
  disk: { readonly directory: string; readonly freeBytes: number },
): Promise<{ statedBytes: number; opaque: string[] }> {
  const links = new Map<string, string>();
  const directories = new Map<string, PaxHeaders>();
  const opaque = new Set<string>();
  let statedBytes = 0;
  let entries = 0;
  let { freeBytes } = disk;
  for await (const entry of reader) {
    const header = entry.header as unknown as PaxHeaders;
    if (++entries > entriesMax) throw new Error(`the layer has more than ${entriesMax} entries`);
    const clean = layerPath(header.name);
    if (clean === undefined) throw new Error(`the layer's entry ${JSON.stringify(header.name)} leads out of the image`);
    const path = throughLinks(clean, links);
    if (path === undefined)
      throw new Error(`the layer's entry ${JSON.stringify(header.name)} goes through a link that leads out of the image`);
    const slash = path.lastIndexOf("/");
    const parent = path.slice(0, Math.max(slash, 0));
    const base = path.slice(slash + 1);
    const common: PaxHeaders = {
      name: path === "" ? "./" : path,
      mode: (header.mode ?? 0o755) & 0o7777,
      uid: header.uid ?? 0,
      gid: header.gid ?? 0,
      ...(header.mtime ? { mtime: header.mtime } : {}),
      pax: attributes(header.pax),
    };
    if (base === opaqueMarker) {
      opaque.add(parent);
      const known = directories.get(parent);
      await put(writer, {
        ...(known ?? { name: parent || "./", mode: 0o755, uid: 0, gid: 0, ...(common.mtime ? { mtime: common.mtime } : {}) }),
        type: "directory",
        pax: opaquePax(known?.pax),
      });
    } else if (base.startsWith(".wh..wh.")) {
      // Bookkeeping of old aufs stores; nothing of the image.
    } else if (base.startsWith(whiteoutPrefix)) {
      const hidden = base.slice(whiteoutPrefix.length);
      if (hidden === "" || hidden === "." || hidden === "..")
        throw new Error(`the layer's entry ${JSON.stringify(header.name)} is no whiteout`);
      await put(writer, {
        ...common,
        name: parent === "" ? hidden : `${parent}/${hidden}`,
        type: "character-device",
        devmajor: 0,
        devminor: 0,
        mode: 0,
      });
    } else {
      links.delete(path);
      switch (header.type) {
        case "directory":
          directories.set(path, common);
          await put(writer, { ...common, type: "directory", pax: opaque.has(path) ? opaquePax(common.pax) : common.pax });
          break;
        case "symlink":
          links.set(path, header.linkname ?? "");
          await put(writer, { ...common, type: "symlink", linkname: header.linkname ?? "" });
          break;
        case "link": {
          const target = layerPath(header.linkname ?? "");
          const resolved = target ? throughLinks(target, links) : undefined;
          if (!resolved) throw new Error(`the layer's hard link ${JSON.stringify(header.name)} leads out of the image`);
          await put(writer, { ...common, type: "link", linkname: resolved });
          break;
        }
        case "character-device":
        case "block-device":
          await put(writer, { ...common, type: header.type, devmajor: header.devmajor ?? 0, devminor: header.devminor ?? 0 });
          break;
        case "fifo":
          await put(writer, { ...common, type: "fifo" });
          break;
        case "file":
        case "contiguous-file": {
          const size = header.size ?? 0;
          statedBytes += size;
          freeBytes -= size;
          if (freeBytes < reserveBytes) {
            freeBytes = (await freeOn(disk.directory)) - size;
            if (freeBytes < reserveBytes) throw new Error("no room on the disk for the layer");
          }
          await copy(entry as unknown as AsyncIterable<Uint8Array>, writer, { ...common, type: "file", size });
          break;
        }
        default:
          throw new Error(`the layer's entry ${JSON.stringify(header.name)} is of an unknown sort`);
      }
    }
    entry.resume();
  }
  return { statedBytes, opaque: [...opaque] };
}

/** Keeps file capabilities and user attributes. Anything else could change what overlayfs makes of the layer. */
function attributes(pax: Record<string, string> | null | undefined): Record<string, string> | null {
  if (!pax) return null;
  const kept: Record<string, string> = {};
  for (const [key, value] of Object.entries(pax)) {
    const wanted = key === `${xattrKey}security.capability` || key.startsWith(`${xattrKey}user.`);
    // A value that is no UTF-8 has been mangled on the way in; a wrong capability is worse than none.
    if (wanted && !value.includes("\ufffd")) kept[key] = value;
  }
  return Object.keys(kept).length > 0 ? kept : null;
}

const opaquePax = (pax: Record<string, string> | null | undefined): Record<string, string> => ({
  ...(pax ?? {}),
  [`${xattrKey}trusted.overlay.opaque`]: "y",
});

function put(writer: ReturnType<typeof pack>, header: PaxHeaders): Promise<void> {
  return new Promise((resolve, reject) => writer.entry(plain(header), (error) => (error ? reject(error) : resolve())));
}

async function copy(source: AsyncIterable<Uint8Array>, writer: ReturnType<typeof pack>, header: PaxHeaders): Promise<void> {
  if (header.size === 0) return put(writer, header);
  let sink: NodeJS.WritableStream | undefined;
  const written = new Promise<void>((resolve, reject) => {
    sink = writer.entry(plain(header), (error) => (error ? reject(error) : resolve()));
  });
  for await (const chunk of source) {
    if (!sink?.write(chunk)) await new Promise<void>((resolve) => sink?.once("drain", resolve));
  }
  sink?.end();
  await written;
}

/** Without the key at all where there are no attributes: tar-stream writes a longer form whenever it is there. */
function plain(header: PaxHeaders): Header {
  if (header.pax) return header as Header;
  const { pax: _none, ...rest } = header;
  return rest as Header;
}

async function freeOn(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory);
  return bavail * bsize;
}
