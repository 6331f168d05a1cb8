/** Brings images in from registries. */
import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { ImagePullError, type ImageService, type ImageStatus, type RegistryAuth } from "../runtime.ts";
import { parseImageConfig } from "./image-config.ts";
import { type ImageStore, sha256 } from "./image-store.node.ts";
import { type Descriptor, manifestFor } from "./manifest.ts";
import { canonicalReference, type ImageReference, parseReference, repositoryName } from "./reference.ts";
import { RegistryError, type RepositoryClient, repositoryClient } from "./registry.node.ts";
import type { RegistryConfig } from "./registry-config.node.ts";

/** Layers of one image that are fetched at the same time. */
const layersAtOnce = 3;
const blobTries = 5;
const configBytesMax = 8 * 1024 * 1024;
const unauthorized = [401, 403];

/** The store as the contract's image service, pulling as `config` says. Pulls of one reference at the same time are one. */
export function imageService(store: ImageStore, config: RegistryConfig): ImageService {
  const underWay = new Map<string, Promise<ImageStatus>>();
  return {
    status: store.status,
    list: store.list,
    remove: store.remove,
    pull(reference, auths, signal) {
      const parsed = parseReference(reference);
      if (!parsed) {
        const message = `Failed to apply default image tag "${reference}": couldn't parse image name "${reference}": invalid reference format`;
        return Promise.reject(new ImagePullError("InvalidImageName", message));
      }
      // Whoever brings proof of his own must not be served by another's.
      const key = JSON.stringify([canonicalReference(parsed), auths]);
      const running = underWay.get(key);
      if (running) return running;
      const pull = pullImage(store, config, { reference, parsed, auths, signal }).finally(() => underWay.delete(key));
      underWay.set(key, pull);
      return pull;
    },
  };
}

interface Wish {
  readonly reference: string;
  readonly parsed: ImageReference;
  readonly auths: readonly RegistryAuth[];
  readonly signal: AbortSignal | undefined;
}

async function pullImage(store: ImageStore, config: RegistryConfig, wish: Wish): Promise<ImageStatus> {
  const full = canonicalReference(wish.parsed);
  let last: unknown;
  for (const client of clients(config, wish)) {
    try {
      return await pullFrom(client, store, wish);
    } catch (error) {
      if (wish.signal?.aborted) throw error;
      // Of several failures the most telling is kept: an answer says more than none.
      if (!(last instanceof RegistryError) || last.status === 0 || (error instanceof RegistryError && error.status !== 0)) last = error;
      if (!(error instanceof RegistryError)) break;
    }
  }
  throw pullError(full, last);
}

/** Every way to the image: mirrors, the registry by HTTPS, by HTTP where allowed; each with every proof there is, then with none. */
function* clients(config: RegistryConfig, { parsed, auths, signal }: Wish): Generator<RepositoryClient> {
  const { mirrors, insecure, auth } = config(parsed.registry);
  const host = parsed.registry === "docker.io" ? "registry-1.docker.io" : parsed.registry;
  const bases = [...mirrors, ...(insecure ? [`http://${host}`, `https://${host}`] : [`https://${host}`])];
  const proofs = [...auths, ...(auth ? [auth] : []), undefined];
  for (const base of bases) {
    // A mirror is not the registry: its users' passwords are not for it.
    for (const proof of mirrors.includes(base) ? [undefined] : proofs) {
      yield repositoryClient({ base, repository: parsed.repository, insecure: insecure || base.startsWith("http:"), auth: proof, signal });
    }
  }
}

async function pullFrom(client: RepositoryClient, store: ImageStore, { reference, parsed, signal }: Wish): Promise<ImageStatus> {
  const wanted = parsed.digest ?? (parsed.tag as string);
  const top = await client.manifest(wanted);
  const topDigest = sha256(top.bytes);
  if (parsed.digest !== undefined && topDigest !== parsed.digest) throw new Error(`the registry gave ${topDigest} for ${parsed.digest}`);
  const documents = new Map([[topDigest, top.bytes]]);
  const { manifest } = await manifestFor({ digest: topDigest, mediaType: top.mediaType, size: top.bytes.length }, async ({ digest }) => {
    const bytes = documents.get(digest) ?? (await client.manifest(digest)).bytes;
    if (sha256(bytes) !== digest) throw new Error(`the registry gave ${sha256(bytes)} for ${digest}`);
    return JSON.parse(new TextDecoder().decode(bytes));
  });
  const directory = await store.ingest();
  try {
    if (manifest.config.size > configBytesMax) throw new Error("the image's configuration is too large");
    const configPath = await fetchBlob(client, manifest.config, directory, signal);
    const configBytes = await readWhole(configPath);
    const { diffIds } = parseImageConfig(new TextDecoder().decode(configBytes));
    if (diffIds.length !== manifest.layers.length) throw new Error("the image's manifest and configuration differ in their layers");
    const queue = manifest.layers.map((layer, i) => ({ layer, diffId: diffIds[i] as string }));
    const worker = async (): Promise<void> => {
      for (let next = queue.shift(); next; next = queue.shift()) {
        if (await store.hasLayer(next.diffId)) continue;
        const path = await fetchBlob(client, next.layer, directory, signal);
        await store.addLayer(next.diffId, () => createReadStream(path));
        await rm(path, { force: true });
      }
    };
    await Promise.all(Array.from({ length: layersAtOnce }, worker));
    return await store.addImage(configBytes, {
      tags: parsed.digest === undefined ? [reference] : [],
      digests: [`${repositoryName(parsed)}@${topDigest}`],
    });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Fetches a blob into a file and checks it. A broken connection is taken up again where it broke. */
async function fetchBlob(
  client: RepositoryClient,
  { digest, size }: Descriptor,
  directory: string,
  signal: AbortSignal | undefined,
): Promise<string> {
  const path = join(directory, digest.slice("sha256:".length));
  for (let tries = 1; ; tries++) {
    const have = await stat(path).then(
      (stats) => stats.size,
      () => 0,
    );
    try {
      if (size === 0 || have < size) {
        const { body, offset } = await client.blob(digest, have);
        let at = offset;
        const bounded = new Transform({
          transform(chunk, _encoding, done) {
            at += chunk.length;
            done(size > 0 && at > size ? new Error(`the blob ${digest} is longer than its manifest says`) : null, chunk);
          },
        });
        await pipeline(body, bounded, createWriteStream(path, { flags: offset > 0 ? "a" : "w", mode: 0o600 }), signal ? { signal } : {});
        if (size > 0 && at < size) throw new RegistryError(0, `the blob ${digest} broke off`);
      }
      break;
    } catch (error) {
      const lost = !(error instanceof RegistryError) || error.status === 0 || error.status >= 500;
      if (signal?.aborted || !lost || tries === blobTries) throw error;
    }
  }
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  const actual = `sha256:${hash.digest("hex")}`;
  if (actual !== digest) {
    await rm(path, { force: true });
    throw new Error(`the registry gave ${actual} for the blob ${digest}`);
  }
  return path;
}

async function readWhole(path: string): Promise<Uint8Array> {
  const { size } = await stat(path);
  if (size > configBytesMax) throw new Error("the image's configuration is too large");
  const pieces: Uint8Array[] = [];
  for await (const piece of createReadStream(path)) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** A failure in the words that a Pod's events show (KUB-5). */
function pullError(full: string, cause: unknown): ImagePullError {
  if (cause instanceof ImagePullError) return cause;
  const words = cause instanceof Error ? cause.message : String(cause);
  const status = cause instanceof RegistryError ? cause.status : -1;
  const head = `failed to pull and unpack image "${full}": `;
  const resolve = `failed to resolve reference "${full}": `;
  if (status === 404) return new ImagePullError("ErrImagePull", `${head}${resolve}${full}: not found`, { cause });
  if (unauthorized.includes(status)) {
    const message = `${head}${resolve}pull access denied, repository does not exist or may require authorization: ${words}`;
    return new ImagePullError("ErrImagePull", message, { cause });
  }
  // An unreachable registry is an ordinary failed pull to Kubernetes; only one that says so itself is unavailable.
  if (status === 503) return new ImagePullError("RegistryUnavailable", `${head}${resolve}${words}`, { cause });
  if (status === 0 || status >= 500) {
    return new ImagePullError("ErrImagePull", `${head}${resolve}${words}`, { cause, isUnreachable: status === 0 });
  }
  return new ImagePullError("ErrImagePull", `${head}${words}`, { cause });
}
