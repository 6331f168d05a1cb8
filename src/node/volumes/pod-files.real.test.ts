import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { podFiles } from "./pod-files.node.ts";

test("an emptyDir in memory is a tmpfs of its size limit, mounted once, and gone with its Pod", async () => {
  const root = await mkdtemp(join(tmpdir(), "windlass-tmpfs-"));
  try {
    const files = await podFiles(root);
    const path = await files.emptyDir("uid", "cache", { medium: "Memory", sizeLimitBytes: 1 << 20 });
    await files.emptyDir("uid", "cache", { medium: "Memory", sizeLimitBytes: 1 << 20 });
    const tmpfsMagic = 0x01021994;
    const { type, blocks, bsize } = await statfs(path);
    assert.equal(type, tmpfsMagic);
    assert.equal(blocks * bsize, 1 << 20);
    const mounts = (await readFile("/proc/self/mountinfo", "utf8")).split("\n").filter((line) => line.includes(path));
    assert.equal(mounts.length, 1);
    await files.removePod("uid");
    assert.ok(!(await readFile("/proc/self/mountinfo", "utf8")).includes(root));
  } finally {
    await rm(root, { recursive: true, force: true });
  }
});
