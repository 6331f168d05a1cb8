/** Brings images in from an archive: what `docker save` writes, or an OCI image layout in a tar file; plain, gzip or zstd. */
import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { type Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { extract } from "tar-stream";
import type { ImageStatus } from "../runtime.ts";
import { decompress } from "./decompress.node.ts";
import { parseImageConfig } from "./image-config.ts";
import type { ImageStore } from "./image-store.node.ts";
import { layerPath, throughLinks } from "./layer-path.ts";
import { manifestFor, type Descriptor } from "./manifest.ts";
import { parseReference, repositoryName } from "./reference.ts";

interface SpooledFile {
  readonly path: string;
  readonly digest: string;
  readonly sizeBytes: number;
}

interface Spool {
  find(name: string): SpooledFile | undefined;
  json(name: string): Promise<any>;
}

const filesMax = 100_000;
const documentBytesMax = 8 * 1024 * 1024;

/** Reads every image of the archive into the store. Throws an Error that says what is wrong with the archive. */
export async function loadArchive(store: ImageStore, source: Readable): Promise<readonly ImageStatus[]> {
  const directory = await store.ingest();
  try {
    const spool = await spoolArchive(source, directory);
    // Newer archives of docker are both; only the docker part carries the tags in full.
    if (spool.find("manifest.json")) return await loadDocker(store, spool);
    if (spool.find("index.json")) return await loadLayout(store, spool);
    throw new Error("this is no image archive: it has neither manifest.json nor index.json");
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function spoolArchive(source: Readable, directory: string): Promise<Spool> {
  const files = new Map<string, SpooledFile>();
  const links = new Map<string, string>();
  const aliases = new Map<string, string>();
  const reader = extract();
  const reading = pipeline(decompress(source), reader);
  reading.catch(() => {});
  try {
    for await (const entry of reader) {
      const name = layerPath(entry.header.name);
      if (name === undefined) throw new Error(`the entry ${JSON.stringify(entry.header.name)} leads out of the archive`);
      if (files.size >= filesMax) throw new Error(`the archive has more than ${filesMax} files`);
      if (entry.header.type === "file" || entry.header.type === "contiguous-file") {
        const path = join(directory, String(files.size));
        const hash = createHash("sha256");
        let sizeBytes = 0;
        const hashing = new Transform({
          transform(chunk, _encoding, done) {
            hash.update(chunk);
            sizeBytes += chunk.length;
            done(null, chunk);
          },
        });
        await pipeline(entry as unknown as Readable, hashing, createWriteStream(path, { mode: 0o600 }));
        files.set(name, { path, digest: `sha256:${hash.digest("hex")}`, sizeBytes });
      } else {
        // Old archives of docker link a layer that occurs twice.
        if (entry.header.type === "symlink") links.set(name, entry.header.linkname ?? "");
        if (entry.header.type === "link") aliases.set(name, entry.header.linkname ?? "");
        entry.resume();
      }
    }
    await reading;
  } catch (cause) {
    source.destroy();
    const { message } = cause as Error;
    // The library's advice about compression does not apply: archives are decompressed on the way.
    if ((cause as NodeJS.ErrnoException).code === "ENOSPC") throw new Error("no room on the disk for the archive", { cause });
    throw new Error(`the archive cannot be read: ${message.replace(/ Maybe the tar is corrupted.*$/s, "")}`, { cause });
  }
  const find = (name: string): SpooledFile | undefined => {
    const clean = layerPath(name);
    if (clean === undefined) return undefined;
    const target = links.get(clean);
    // The parents' links are followed by the same rule, so a link's own target is made a parent of nothing.
    const resolved = target === undefined ? clean : throughLinks(`${clean}/.`, links)?.replace(/\/?\.$/, "");
    const alias = aliases.get(resolved ?? "");
    return files.get(alias === undefined ? (resolved ?? "") : (layerPath(alias) ?? ""));
  };
  return {
    find,
    async json(name) {
      const file = find(name);
      if (!file) throw new Error(`the archive lacks ${name}`);
      if (file.sizeBytes > documentBytesMax) throw new Error(`${name} in the archive is too large`);
      try {
        return JSON.parse(await readFile(file.path, "utf8"));
      } catch (cause) {
        throw new Error(`${name} in the archive is not JSON`, { cause });
      }
    },
  };
}

async function loadDocker(store: ImageStore, spool: Spool): Promise<readonly ImageStatus[]> {
  const manifests = await spool.json("manifest.json");
  if (!Array.isArray(manifests)) throw new Error("manifest.json in the archive is no list");
  const loaded: ImageStatus[] = [];
  for (const manifest of manifests) {
    const configFile = spool.find(String(manifest?.Config));
    if (!configFile) throw new Error(`the archive lacks the configuration ${manifest?.Config}`);
    const claimed = /([0-9a-f]{64})(?:\.json)?$/.exec(String(manifest.Config))?.[1];
    if (claimed !== undefined && configFile.digest !== `sha256:${claimed}`) {
      throw new Error(`the configuration ${manifest.Config} in the archive does not have the digest in its name`);
    }
    const layers: unknown[] = Array.isArray(manifest.Layers) ? manifest.Layers : [];
    const tags: string[] = Array.isArray(manifest.RepoTags) ? manifest.RepoTags.map(String) : [];
    loaded.push(
      await addImage(
        store,
        configFile,
        layers.map((layer) => spool.find(String(layer)) ?? missing(String(layer))),
        tags,
      ),
    );
  }
  return loaded;
}

async function loadLayout(store: ImageStore, spool: Spool): Promise<readonly ImageStatus[]> {
  const index = await spool.json("index.json");
  const blob = (descriptor: Descriptor): SpooledFile => {
    const name = `blobs/${descriptor.digest.replace(":", "/")}`;
    const file = spool.find(name) ?? missing(name);
    if (file.digest !== descriptor.digest) throw new Error(`${name} in the archive does not have the digest in its name`);
    return file;
  };
  const document = (descriptor: Descriptor): Promise<any> => {
    blob(descriptor);
    return spool.json(`blobs/${descriptor.digest.replace(":", "/")}`);
  };
  const loaded: ImageStatus[] = [];
  for (const entry of Array.isArray(index?.manifests) ? index.manifests : []) {
    const { manifest } = await manifestFor(entry, document);
    const annotations = entry.annotations ?? {};
    const name: string | undefined = annotations["io.containerd.image.name"] ?? annotations["org.opencontainers.image.ref.name"];
    // A bare tag, as some tools write, names no image.
    const tags = name !== undefined && parseReference(name) ? [name] : [];
    const parsed = name === undefined ? undefined : parseReference(name);
    const digests = parsed ? [`${repositoryName(parsed)}@${entry.digest}`] : [];
    loaded.push(await addImage(store, blob(manifest.config), manifest.layers.map(blob), tags, digests));
  }
  if (loaded.length === 0) throw new Error("the archive's index lists no image");
  return loaded;
}

async function addImage(
  store: ImageStore,
  configFile: SpooledFile,
  layers: readonly SpooledFile[],
  tags: readonly string[],
  digests: readonly string[] = [],
): Promise<ImageStatus> {
  if (configFile.sizeBytes > documentBytesMax) throw new Error("the image's configuration is too large");
  const config = await readFile(configFile.path);
  const { diffIds } = parseImageConfig(config.toString("utf8"));
  if (diffIds.length !== layers.length) throw new Error(`the image has ${layers.length} layers, its configuration ${diffIds.length}`);
  for (const [i, layer] of layers.entries()) await store.addLayer(diffIds[i] as string, () => createReadStream(layer.path));
  return store.addImage(config, { tags, digests });
}

function missing(name: string): never {
  throw new Error(`the archive lacks ${name}`);
}
