import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { after, test } from "node:test";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { pack } from "tar-stream";
import { loadArchive } from "./archive.node.ts";
import { type ArchiveFile, busyboxFiles, dockerArchive } from "./busybox-archive.suite.ts";
import { imageStore } from "./image-store.node.ts";

const directories: string[] = [];
after(async () => {
  for (const directory of directories) await rm(directory, { recursive: true, force: true });
});

async function freshStore() {
  const directory = await mkdtemp(join(tmpdir(), "windlass-images-"));
  directories.push(directory);
  return imageStore(directory);
}

const load = async (bytes: Uint8Array, store?: Awaited<ReturnType<typeof freshStore>>) =>
  loadArchive(store ?? (await freshStore()), Readable.from([bytes]));

async function oneLayer(files: readonly ArchiveFile[]) {
  const store = await freshStore();
  const [image] = await load(await dockerArchive([{ tags: ["x"], layers: [files] }]), store);
  const root = await store.root(image?.id as string);
  return { store, directory: join(root.layersDirectory, root.layers[0] as string) };
}

for (const [name, compress] of [
  ["plain", (bytes: Uint8Array) => bytes],
  ["gzip", gzipSync],
  ["zstd", zstdCompressSync],
] as const) {
  test(`a docker archive loads when ${name}`, async () => {
    const store = await freshStore();
    const archive = await dockerArchive([{ tags: ["web:v1"], layers: [busyboxFiles()], config: { User: "web", StopSignal: "SIGQUIT" } }]);
    const [image] = await load(compress(archive), store);
    assert.deepEqual(image?.tags, ["web:v1"]);
    assert.equal(image?.user, "web");
    assert.equal(image?.stopSignal, "SIGQUIT");
    assert.equal((await store.status("docker.io/library/web:v1"))?.id, image?.id);
    assert.equal((await store.status(image?.id as string))?.id, image?.id);
    const root = await store.root(image?.id as string);
    const busybox = await stat(join(root.layersDirectory, root.layers[0] as string, "bin/busybox"));
    assert.equal(busybox.mode & 0o7777, 0o755);
    assert.ok(busybox.nlink > 10, "applets are hard links");
  });
}

test("owners, modes and the sticky bit are kept", async () => {
  const { directory } = await oneLayer([
    { path: "d", type: "directory", mode: 0o1777, uid: 7 },
    { path: "d/f", content: "x", mode: 0o4750, uid: 1234 },
  ]);
  assert.equal((await stat(join(directory, "d"))).mode & 0o7777, 0o1777);
  const file = await stat(join(directory, "d/f"));
  assert.deepEqual([file.mode & 0o7777, file.uid, file.gid], [0o4750, 1234, 1234]);
});

test("a whiteout becomes overlayfs' device, an opaque marker is noted", async () => {
  const { directory, store } = await oneLayer([
    { path: "d", type: "directory" },
    { path: "d/.wh..wh..opq", content: "" },
    { path: "d/kept", content: "1" },
    { path: ".wh.gone", content: "" },
  ]);
  const gone = await stat(join(directory, "gone"));
  assert.ok(gone.isCharacterDevice() && gone.rdev === 0);
  assert.deepEqual(await readdir(join(directory, "d")), ["kept"]);
  assert.match(await readFile(join(directory, "../layer.json"), "utf8"), /"opaque":\["d"\]/);
  await store.remove("x");
  assert.deepEqual(await readdir(join(store.directory, "layers")), [], "unused layers are collected");
});

test("a link within the image is followed inside it", async () => {
  const { directory } = await oneLayer([
    { path: "usr/lib", type: "directory" },
    { path: "lib", type: "symlink", linkname: "/usr/lib" },
    { path: "lib/x", content: "inside" },
  ]);
  assert.equal(await readFile(join(directory, "usr/lib/x"), "utf8"), "inside");
});

for (const [name, files, message] of [
  ["a name that climbs out", [{ path: "../../evil", content: "x" }], /leads out of the image/],
  [
    "a link that climbs out",
    [
      { path: "a", type: "symlink", linkname: "../../.." },
      { path: "a/evil", content: "x" },
    ],
    /leads out/,
  ],
  ["a hard link to the host", [{ path: "a", type: "link", linkname: "../../../etc/passwd" }], /leads out/],
  [
    "links in a circle",
    [{ path: "a", type: "symlink", linkname: "b" }, { path: "b", type: "symlink", linkname: "a" }, { path: "a/x" }],
    /leads out/,
  ],
] as [string, ArchiveFile[], RegExp][]) {
  test(`${name} is refused`, async () => {
    const store = await freshStore();
    await assert.rejects(load(await dockerArchive([{ tags: ["x"], layers: [files] }]), store), message);
    assert.deepEqual(await store.list(), []);
    assert.deepEqual(await readdir(join(store.directory, "ingest")), [], "nothing is left over");
  });
}

test("an archive that was cut off is refused with a word why", async () => {
  const archive = await dockerArchive([{ tags: ["x"], layers: [busyboxFiles()] }]);
  await assert.rejects(load(archive.subarray(0, archive.length >> 1)), /archive/);
  await assert.rejects(load(gzipSync(archive).subarray(0, 5000)), /archive cannot be read/);
});

test("what is no archive is refused", async () => {
  await assert.rejects(load(Buffer.from("hello")), /archive/);
  const writer = pack();
  writer.entry({ name: "readme" }, "x");
  writer.finalize();
  await assert.rejects(
    loadArchive(await freshStore(), Readable.from(writer as unknown as AsyncIterable<Uint8Array>)),
    /neither manifest.json nor index.json/,
  );
});

test("a layer with another content than the configuration says is refused", async () => {
  const archive = Buffer.from(await dockerArchive([{ tags: ["x"], layers: [[{ path: "f", content: "original content" }]] }]));
  archive.write("tampered", archive.indexOf("original content"));
  await assert.rejects(load(archive), /not sha256:.* as the image says/);
});

test("a tag moves to the image loaded last, the older image goes with its last tag", async () => {
  const store = await freshStore();
  const [first] = await load(await dockerArchive([{ tags: ["app:v1"], layers: [[{ path: "f", content: "1" }]] }]), store);
  const [second] = await load(await dockerArchive([{ tags: ["app:v1", "app:v2"], layers: [[{ path: "f", content: "2" }]] }]), store);
  assert.equal((await store.status("app:v1"))?.id, second?.id);
  assert.deepEqual((await store.status(first?.id as string))?.tags, []);
  await store.remove("app:v1");
  assert.deepEqual((await store.list()).find(({ id }) => id === second?.id)?.tags, ["app:v2"]);
});

test("an image on lease keeps its layers after its removal", async () => {
  const { store, directory } = await oneLayer([{ path: "f", content: "1" }]);
  await store.lease("container", (await store.list())[0]?.id as string);
  await store.remove("x");
  assert.deepEqual(await store.list(), []);
  assert.equal(await readFile(join(directory, "f"), "utf8"), "1");
  await store.release("container");
  await store.collect();
  await assert.rejects(stat(directory));
});
