import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, stat, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { mountMemory } from "./memory-directory.node.ts";
import { podFiles } from "./pod-files.node.ts";

const tmpfsMagic = 0x01021994;
const mountsOf = async (root: string): Promise<string[]> =>
  (await readFile("/proc/self/mountinfo", "utf8")).split("\n").filter((line) => line.includes(root));

test("what must not lie on a disk is in one tmpfs, which goes with the last Pod and outlives the engine", async () => {
  const root = await mkdtemp(join(tmpdir(), "windlass-secrets-"));
  const secret = new Map([["password", { data: new TextEncoder().encode("s3cr3t"), mode: 0o400 }]]);
  try {
    const first = await podFiles(join(root, "pods"));
    const write = (uid: string, name: string) => first.writeVolume(uid, "kubernetes.io~secret", name, secret, { inMemory: true });
    const [path, another] = await Promise.all([write("uid-1", "keys"), write("uid-2", "keys"), write("uid-1", "more")]);
    assert.equal((await statfs(path)).type, tmpfsMagic);
    assert.equal((await statfs(another)).type, tmpfsMagic);
    assert.equal((await stat(join(root, "pods-in-memory"))).mode & 0o777, 0o700);
    assert.equal((await mountsOf(root)).length, 1);
    await first.removePod("uid-1");
    assert.equal(await readFile(join(another, "password"), "utf8"), "s3cr3t");

    const next = await podFiles(join(root, "pods"));
    assert.deepEqual(await next.listPods(), ["uid-2"]);
    assert.equal(await readFile(join(another, "password"), "utf8"), "s3cr3t");
    await next.removePod("uid-2");
    await next.removePod("uid-2");
    assert.deepEqual(await mountsOf(root), []);
    await assert.rejects(stat(join(root, "pods-in-memory")), { code: "ENOENT" });
  } finally {
    await rm(root, { recursive: true, force: true });
  }
});

test("an empty tmpfs that a killed engine left goes at the next start", async () => {
  const root = await mkdtemp(join(tmpdir(), "windlass-secrets-"));
  try {
    await mkdir(join(root, "pods-in-memory"));
    await mountMemory(join(root, "pods-in-memory"), []);
    await podFiles(join(root, "pods"));
    assert.deepEqual(await mountsOf(root), []);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
});

test("an emptyDir in memory is a tmpfs of its size limit, mounted once, and gone with its Pod", async () => {
  const root = await mkdtemp(join(tmpdir(), "windlass-tmpfs-"));
  try {
    const files = await podFiles(root);
    const path = await files.emptyDir("uid", "cache", { medium: "Memory", sizeLimitBytes: 1 << 20 });
    await files.emptyDir("uid", "cache", { medium: "Memory", sizeLimitBytes: 1 << 20 });
    const { type, blocks, bsize } = await statfs(path);
    assert.equal(type, tmpfsMagic);
    assert.equal(blocks * bsize, 1 << 20);
    assert.equal((await mountsOf(path)).length, 1);
    await files.removePod("uid");
    assert.deepEqual(await mountsOf(root), []);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
});
