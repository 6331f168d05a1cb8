import assert from "node:assert/strict";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, createServer as createPortServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { ImagePullError } from "../runtime.ts";
import { loadArchive } from "./archive.node.ts";
import { dockerArchive, layerTar } from "./busybox-archive.suite.ts";
import { imageStore } from "./image-store.node.ts";
import { imageService } from "./pull.node.ts";
import { readRegistryConfig } from "./registry-config.node.ts";

const run = promisify(execFile);
let directory: string;
let registry: ChildProcess;
let address: string;
const servers: Server[] = [];

before(async () => {
  directory = await mkdtemp(join(tmpdir(), "windlass-pull-"));
  address = `127.0.0.1:${await freePort()}`;
  const config = join(directory, "registry.yml");
  await writeFile(
    config,
    `version: 0.1\nstorage: {filesystem: {rootdirectory: ${directory}/registry}}\nhttp: {addr: "${address}"}\nlog: {level: error}\n`,
  );
  registry = spawn("docker-registry", ["serve", config], { stdio: "ignore" });
  const deadline = performance.now() + 5000;
  while (!(await fetch(`http://${address}/v2/`).catch(() => undefined))?.ok) {
    if (performance.now() > deadline) throw new Error("the registry does not come up");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const layers = [1, 2, 3, 4].map((n) => [{ path: `file${n}`, content: `layer ${n} ${"x".repeat(n * 1000)}` }]);
  await writeFile(join(directory, "app.tar"), await dockerArchive([{ tags: ["app:v1"], layers, config: { User: "1000" } }]));
  await run("skopeo", [
    "copy",
    "-q",
    "--insecure-policy",
    "--dest-tls-verify=false",
    `docker-archive:${directory}/app.tar`,
    `docker://${address}/team/app:v1`,
  ]);
});
after(async () => {
  registry.kill("SIGKILL");
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
  await rm(directory, { recursive: true, force: true });
});

async function freshService(registries?: unknown) {
  const home = await mkdtemp(join(directory, "store-"));
  if (registries) await writeFile(join(home, "registries.json"), JSON.stringify({ registries }));
  const store = await imageStore(join(home, "images"));
  return { store, service: imageService(store, await readRegistryConfig(home)) };
}

test("an image comes from a registry by tag, then by digest, with all its layers", async () => {
  const { store, service } = await freshService();
  const image = await service.pull(`${address}/team/app:v1`, []);
  assert.deepEqual([image.tags, image.user], [[`${address}/team/app:v1`], "1000"]);
  assert.match(image.digests[0] as string, new RegExp(`^${address}/team/app@sha256:[0-9a-f]{64}$`));
  assert.equal((await store.root(image.id)).layers.length, 4);
  const other = await freshService();
  const again = await other.service.pull(image.digests[0] as string, []);
  assert.deepEqual([again.id, again.tags], [image.id, []]);
  assert.equal((await other.service.status(image.digests[0] as string))?.id, image.id);
});

test("an archive in the layout of OCI loads", async () => {
  const path = join(directory, "layout.tar");
  await run("skopeo", [
    "copy",
    "-q",
    "--insecure-policy",
    "--src-tls-verify=false",
    `docker://${address}/team/app:v1`,
    `oci-archive:${path}:team/app:v2`,
  ]);
  const { store } = await freshService();
  const [image] = await loadArchive(store, createReadStream(path));
  assert.deepEqual([image?.tags, image?.user], [["team/app:v2"], "1000"]);
  assert.equal((await store.root(image?.id as string)).layers.length, 4);
});

test("pulls of one image at the same time are one", async () => {
  const { store, service } = await freshService();
  const images = await Promise.all([1, 2, 3].map(() => service.pull(`${address}/team/app:v1`, [])));
  assert.equal(new Set(images).size, 1);
  assert.deepEqual(await readdir(join(store.directory, "ingest")), []);
});

for (const [name, reference, kind, words] of [
  ["a tag that is not there", () => `${address}/team/app:v9`, "ErrImagePull", /team\/app:v9: not found/],
  ["a repository that is not there", () => `${address}/none:v1`, "ErrImagePull", /none:v1: not found/],
  ["a registry that does not listen", () => "127.0.0.1:1/x:v1", "ErrImagePull", /dial tcp 127.0.0.1:1: connect: connection refused/],
  ["a registry that has no address", () => "registry.invalid/x:v1", "ErrImagePull", /lookup registry.invalid: no such host/],
  ["a name that is none", () => "UPPER/x:v1:v2", "InvalidImageName", /couldn't parse image name/],
] as const) {
  test(`${name} is ${kind}`, async () => {
    const { service } = await freshService();
    await assert.rejects(
      service.pull(reference(), []),
      (error) => error instanceof ImagePullError && error.kind === kind && words.test(error.message),
    );
  });
}

test("a mirror stands in for the registry it mirrors", async () => {
  const { service } = await freshService({ "registry.invalid": { mirrors: ["http://127.0.0.1:1", `http://${address}`] } });
  const image = await service.pull("registry.invalid/team/app:v1", []);
  assert.deepEqual(image.tags, ["registry.invalid/team/app:v1"]);
});

test("a registry that wants a token, sends elsewhere for blobs, and breaks off half way still gives its image", async () => {
  const plain = await layerTar([{ path: "f", content: Buffer.alloc(20_000, "ab") }]);
  const layer = gzipSync(plain, { level: 0 });
  const config = Buffer.from(
    JSON.stringify({ os: "linux", architecture: "amd64", config: {}, rootfs: { type: "layers", diff_ids: [digest(plain)] } }),
  );
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      config: { digest: digest(config), size: config.length },
      layers: [{ digest: digest(layer), size: layer.length }],
    }),
  );
  const index = Buffer.from(
    JSON.stringify({
      manifests: [
        { digest: digest(Buffer.from("arm")), size: 3, platform: { os: "linux", architecture: "arm64" } },
        { digest: digest(manifest), size: manifest.length, platform: { os: "linux", architecture: "amd64" } },
      ],
    }),
  );
  const contents = new Map([config, manifest, index, layer].map((bytes) => [digest(bytes), bytes]));
  const seen: string[] = [];
  const storage = await serve((request, response) => {
    seen.push(`storage ${request.headers.range ?? "whole"} ${request.headers.authorization ?? "no proof"}`);
    const bytes = contents.get((request.url as string).slice(1)) as Buffer;
    const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
    response.writeHead(from > 0 ? 206 : 200, { "content-length": bytes.length - from });
    if (bytes === layer && from === 0) response.write(bytes.subarray(0, 15_000), () => setImmediate(() => response.destroy()));
    else response.end(bytes.subarray(from));
  });
  const tokens = await serve((request, response) => {
    seen.push(`token ${request.url} ${request.headers.authorization}`);
    if (request.headers.authorization !== `Basic ${btoa("me:secret")}`) return void response.writeHead(401).end();
    response.end(JSON.stringify({ token: "pass" }));
  });
  const guarded = await serve((request, response) => {
    if (request.headers.authorization !== "Bearer pass") {
      return void response
        .writeHead(401, { "www-authenticate": `Bearer realm="http://${tokens}/token",service="reg",scope="repository:app:pull"` })
        .end();
    }
    const [, sort, reference = ""] = /\/v2\/app\/(manifests|blobs)\/(.*)/.exec(request.url as string) ?? [];
    if (sort === "blobs") return void response.writeHead(307, { location: `http://${storage}/${reference}` }).end();
    response.end(reference === "v1" ? index : contents.get(reference));
  });
  const { service, store } = await freshService();
  await assert.rejects(service.pull(`${guarded}/app:v1`, [{ username: "me", password: "wrong" }]), /may require authorization/);
  const image = await service.pull(`${guarded}/app:v1`, [
    { username: "you", password: "x" },
    { username: "me", password: "secret" },
  ]);
  assert.equal(image.id, digest(config));
  assert.equal((await store.root(image.id)).layers.length, 1);
  assert.ok(seen.some((line) => /^token \/token\?service=reg&scope=repository%3Aapp%3Apull Basic/.test(line)));
  assert.ok(
    seen.some((line) => /^storage bytes=\d+- no proof$/.test(line)),
    "the blob was taken up where it broke off, without the token",
  );
});

test("bytes with another digest than asked for are refused", async () => {
  const liar = await serve((request, response) => {
    const config = { digest: digest(Buffer.from("config")), size: 6 };
    response.end(request.url?.includes("manifests") ? JSON.stringify({ config, layers: [] }) : "other!");
  });
  const { service, store } = await freshService();
  await assert.rejects(service.pull(`${liar}/app:v1`, []), /the registry gave sha256:\w+ for the blob sha256/);
  await assert.rejects(service.pull(`${liar}/app@${digest(Buffer.from("x"))}`, []), /the registry gave sha256:\w+ for sha256/);
  assert.deepEqual(await store.list(), []);
});

const digest = (bytes: Uint8Array): string => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

async function serve(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const server = createServer(answer);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function freePort(): Promise<number> {
  const server = createPortServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
