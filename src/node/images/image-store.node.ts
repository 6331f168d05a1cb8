/**
 * The images on this machine: configurations and manifests by digest, layers unpacked once each. Several processes may
 * use one store; changes happen under a lock, and readers only ever see complete files.
 *
 *     index.json            what images there are, their tags and digests
 *     blobs/<hex>           manifests and configurations
 *     layers/<short>/fs     an unpacked layer; layers/<short>/layer.json says which
 *     ingest/               what is on its way in
 *     leases/<container>    the image that a container stands on
 */
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import type { ImageStatus } from "../runtime.ts";
import { decompress } from "./decompress.node.ts";
import { type ImageConfig, parseImageConfig } from "./image-config.ts";
import { unpackLayer } from "./layer.node.ts";
import { startTime, withLock } from "./lock.node.ts";
import { canonicalReference, isDigest, parseReference } from "./reference.ts";

interface ImageRecord {
  /** Full spelling to the spelling as given. */
  tags: Record<string, string>;
  digests: string[];
  sizeBytes: number;
}

interface Index {
  images: Record<string, ImageRecord>;
}

/** What a container's root file system is made of. */
export interface ImageRoot {
  readonly config: ImageConfig;
  /** Where the layers are, relative to `layersDirectory`, uppermost first. */
  readonly layers: readonly string[];
  readonly layersDirectory: string;
}

export interface ImageStore {
  readonly directory: string;
  /** By tag, digest reference or id. Undefined: not here. */
  status(reference: string): Promise<ImageStatus | undefined>;
  list(): Promise<readonly ImageStatus[]>;
  /** Takes a tag (or, by id, the whole image) away; layers that nobody needs go too. Throws when there is no such image. */
  remove(reference: string): Promise<void>;
  /** Throws when the image is not here. */
  root(imageId: string): Promise<ImageRoot>;
  /** Keeps an image's layers until `release`, even when it is removed. */
  lease(holder: string, imageId: string): Promise<void>;
  release(holder: string): Promise<void>;
  /** Who holds leases. */
  leases(): Promise<readonly string[]>;
  /** Unpacks a layer, unless it is there already. `open` gives the bytes, compressed or not. Throws when they are not what `diffId` says. */
  addLayer(diffId: string, open: () => Readable): Promise<void>;
  hasLayer(diffId: string): Promise<boolean>;
  /** Makes an image of layers that are there. Its tags are taken from other images. */
  addImage(config: Uint8Array, names: { readonly tags: readonly string[]; readonly digests: readonly string[] }): Promise<ImageStatus>;
  /** A new directory for files on their way in. The caller removes it; a crash's remains go at the next `collect`. */
  ingest(): Promise<string>;
  /** Throws away what nobody needs: layers, configurations, remains of broken-off work. */
  collect(): Promise<void>;
}

export const sha256 = (bytes: Uint8Array): string => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

const hexOf = (digest: string): string => digest.slice("sha256:".length);
/** Short, because overlayfs takes all lower directories in one line of at most a page. */
const layerName = (diffId: string): string => hexOf(diffId).slice(0, 20);
let serial = 0;

/** Opens the store in `directory`, making it if need be. */
export async function imageStore(directory: string): Promise<ImageStore> {
  for (const part of ["blobs", "layers", "ingest", "leases"]) await mkdir(join(directory, part), { recursive: true, mode: 0o700 });
  const indexPath = join(directory, "index.json");
  const layersDirectory = join(directory, "layers");
  const locked = <T>(work: () => Promise<T>): Promise<T> => withLock(join(directory, "lock"), work);
  const unpacking = new Map<string, Promise<void>>();
  const configs = new Map<string, ImageConfig>();

  async function readIndex(): Promise<Index> {
    try {
      return JSON.parse(await readFile(indexPath, "utf8"));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return { images: {} };
      throw new Error(`the index of images ${indexPath} cannot be read`, { cause: error });
    }
  }

  async function configOf(id: string): Promise<ImageConfig> {
    let config = configs.get(id);
    if (!config) {
      config = parseImageConfig(await readFile(join(directory, "blobs", hexOf(id)), "utf8"));
      configs.set(id, config);
    }
    return config;
  }

  async function statusOf(id: string, record: ImageRecord): Promise<ImageStatus> {
    const config = await configOf(id);
    return {
      id,
      tags: Object.values(record.tags),
      digests: record.digests,
      sizeBytes: record.sizeBytes,
      user: config.user,
      ...(config.stopSignal ? { stopSignal: config.stopSignal } : {}),
    };
  }

  async function hasLayer(diffId: string): Promise<boolean> {
    try {
      const record = JSON.parse(await readFile(join(layersDirectory, layerName(diffId), "layer.json"), "utf8"));
      return record.diffId === diffId;
    } catch {
      return false;
    }
  }

  async function ingest(): Promise<string> {
    const path = join(directory, "ingest", `${process.pid}-${startTime(process.pid)}-${serial++}`);
    await mkdir(path, { mode: 0o700 });
    return path;
  }

  async function unpack(diffId: string, open: () => Readable): Promise<void> {
    if (await hasLayer(diffId)) return;
    const work = await ingest();
    try {
      await mkdir(join(work, "layer", "fs"), { recursive: true });
      const layer = await unpackLayer(decompress(open()), join(work, "layer", "fs"));
      if (layer.diffId !== diffId) throw new Error(`the layer is ${layer.diffId}, not ${diffId} as the image says`);
      await writeFile(join(work, "layer", "layer.json"), JSON.stringify(layer));
      await locked(async () => {
        if (await hasLayer(diffId)) return;
        await rm(join(layersDirectory, layerName(diffId)), { recursive: true, force: true });
        await rename(join(work, "layer"), join(layersDirectory, layerName(diffId)));
      });
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  }

  async function leaseFiles(): Promise<Map<string, string>> {
    const found = new Map<string, string>();
    for (const holder of await readdir(join(directory, "leases"))) {
      const id = await readFile(join(directory, "leases", holder), "utf8").catch(() => "");
      if (isDigest(id)) found.set(holder, id);
    }
    return found;
  }

  /** Under the lock only. */
  async function sweep(index: Index): Promise<void> {
    const held = new Set((await leaseFiles()).values());
    const blobs = new Set<string>();
    const layers = new Set<string>();
    for (const id of new Set([...Object.keys(index.images), ...held])) {
      blobs.add(hexOf(id));
      try {
        for (const diffId of (await configOf(id)).diffIds) layers.add(layerName(diffId));
      } catch {
        // A lease on an image whose configuration is gone keeps nothing.
      }
    }
    // Somebody's pull in progress brings layers before their image is there: nothing is collected meanwhile.
    let busy = false;
    for (const name of await readdir(join(directory, "ingest"))) {
      const [pid = "", started = ""] = name.split("-");
      if (startTime(Number(pid)) === started) busy = true;
      else await rm(join(directory, "ingest", name), { recursive: true, force: true });
    }
    if (busy) return;
    for (const name of await readdir(layersDirectory)) {
      if (!layers.has(name)) await rm(join(layersDirectory, name), { recursive: true, force: true });
    }
    for (const name of await readdir(join(directory, "blobs"))) {
      if (!blobs.has(name)) await rm(join(directory, "blobs", name), { force: true });
    }
  }

  const store: ImageStore = {
    directory,
    async status(reference) {
      const index = await readIndex();
      const id = find(index, reference);
      return id === undefined ? undefined : statusOf(id, index.images[id] as ImageRecord);
    },
    async list() {
      const { images } = await readIndex();
      return Promise.all(
        Object.keys(images)
          .sort()
          .map((id) => statusOf(id, images[id] as ImageRecord)),
      );
    },
    remove: (reference) =>
      locked(async () => {
        const index = await readIndex();
        const id = find(index, reference);
        if (id === undefined) throw new Error(`no such image: ${reference}`);
        const record = index.images[id] as ImageRecord;
        const parsed = parseReference(reference);
        const canonical = isDigest(reference) || !parsed ? undefined : canonicalReference(parsed);
        if (canonical !== undefined && canonical in record.tags) delete record.tags[canonical];
        else record.tags = {};
        if (Object.keys(record.tags).length === 0) delete index.images[id];
        await writeAtomic(indexPath, JSON.stringify(index));
        await sweep(index);
      }),
    async root(imageId) {
      const index = await readIndex();
      if (!(imageId in index.images)) throw new Error(`no such image: ${imageId}`);
      const config = await configOf(imageId);
      for (const diffId of config.diffIds) {
        if (!(await hasLayer(diffId))) throw new Error(`the layer ${diffId} of image ${imageId} is missing`);
      }
      return { config, layers: config.diffIds.map((diffId) => `${layerName(diffId)}/fs`).reverse(), layersDirectory };
    },
    lease: (holder, imageId) => writeAtomic(join(directory, "leases", holder), imageId),
    release: (holder) => rm(join(directory, "leases", holder), { force: true }),
    leases: () => readdir(join(directory, "leases")),
    hasLayer,
    addLayer(diffId, open) {
      const running = unpacking.get(diffId);
      if (running) return running;
      const work = unpack(diffId, open).finally(() => unpacking.delete(diffId));
      unpacking.set(diffId, work);
      return work;
    },
    addImage: (bytes, names) =>
      locked(async () => {
        const config = parseImageConfig(new TextDecoder().decode(bytes));
        const id = sha256(bytes);
        let sizeBytes = bytes.length;
        for (const diffId of new Set(config.diffIds)) {
          if (!(await hasLayer(diffId))) throw new Error(`the layer ${diffId} of image ${id} is missing`);
          sizeBytes += JSON.parse(await readFile(join(layersDirectory, layerName(diffId), "layer.json"), "utf8")).sizeBytes;
        }
        await writeAtomic(join(directory, "blobs", hexOf(id)), bytes);
        const index = await readIndex();
        const record: ImageRecord = index.images[id] ?? { tags: {}, digests: [], sizeBytes };
        for (const shown of names.tags) {
          const parsed = parseReference(shown);
          if (!parsed) throw new Error(`${JSON.stringify(shown)} is no image name`);
          const canonical = canonicalReference(parsed);
          for (const [otherId, other] of Object.entries(index.images)) {
            if (otherId !== id) delete other.tags[canonical];
          }
          record.tags[canonical] = shown;
        }
        record.digests = [...new Set([...record.digests, ...names.digests])];
        index.images[id] = record;
        await writeAtomic(indexPath, JSON.stringify(index));
        return statusOf(id, record);
      }),
    ingest,
    collect: () => locked(async () => sweep(await readIndex())),
  };
  return store;
}

function find(index: Index, reference: string): string | undefined {
  if (isDigest(reference)) return reference in index.images ? reference : undefined;
  const parsed = parseReference(reference);
  if (!parsed) return undefined;
  const canonical = canonicalReference(parsed);
  for (const [id, record] of Object.entries(index.images)) {
    if (canonical in record.tags || record.digests.includes(canonical)) return id;
  }
  return undefined;
}

async function writeAtomic(path: string, content: string | Uint8Array): Promise<void> {
  const temporary = `${path}.${process.pid}.${serial++}`;
  // On the disk before it takes the old one's place: an index lost with the power would lose every image.
  await writeFile(temporary, content, { mode: 0o600, flush: true });
  await rename(temporary, path);
}
