// Writes docker-save archives: layers, configurations and the manifest that names them. The same trees give the same bytes.
import { createHash } from "node:crypto";
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { madeAt, withParents } from "./tree.mjs";

const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");

/** One layer: the uncompressed tar of a tree, parents before children. */
export function layer(tree) {
  const whole = withParents(tree);
  return pack(
    [...whole.keys()].sort().map((path) => {
      const { data, ...header } = whole.get(path);
      return [{ ...header, name: header.type === "directory" ? `${path}/` : path, mtime: madeAt }, data ?? ""];
    }),
  );
}

/**
 * Writes an archive of images that may share layers. An image has a `tag`, `layers` from the lowest to the topmost, and the
 * `config` that containers of it start with.
 */
export async function writeArchive(path, images) {
  const entries = new Map();
  const manifest = [];
  for (const { tag, layers, config } of images) {
    const digests = layers.map(sha256);
    digests.forEach((digest, index) => {
      entries.set(`${digest}/layer.tar`, layers[index]);
    });
    const body = JSON.stringify({
      architecture: process.arch === "x64" ? "amd64" : process.arch,
      os: "linux",
      created: madeAt.toISOString(),
      config,
      rootfs: { type: "layers", diff_ids: digests.map((digest) => `sha256:${digest}`) },
      history: layers.map(() => ({ created: madeAt.toISOString(), created_by: "npm run images" })),
    });
    const configPath = `${sha256(body)}.json`;
    entries.set(configPath, body);
    manifest.push({ Config: configPath, RepoTags: [tag], Layers: digests.map((digest) => `${digest}/layer.tar`) });
  }
  entries.set("manifest.json", JSON.stringify(manifest));
  const bytes = await pack([...entries].map(([name, data]) => [{ name, mtime: madeAt, mode: 0o644 }, data]));
  mkdirSync(dirname(path), { recursive: true });
  const partial = `${path}.${process.pid}.partial`;
  writeFileSync(partial, bytes);
  renameSync(partial, path);
}

async function pack(entries) {
  // Loaded late: this module is also imported before the npm packages are there.
  const tar = (await import("tar-stream")).default;
  const stream = tar.pack();
  const chunks = [];
  stream.on("data", (chunk) => chunks.push(chunk));
  const done = new Promise((resolve, reject) => stream.on("end", resolve).on("error", reject));
  for (const [header, data] of entries) {
    await new Promise((resolve, reject) => stream.entry(header, data, (error) => (error ? reject(error) : resolve())));
  }
  stream.finalize();
  await done;
  return Buffer.concat(chunks);
}
