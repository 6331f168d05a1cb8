/** A layer whose first entry came while the disk was still being asked for its room was never unpacked to its end. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { test } from "node:test";
import { pack } from "tar-stream";
import { unpackLayer } from "./layer.node.ts";

/** More than the threads that Node keeps for files. */
const busyThreads = 4;

test("a layer is unpacked although the disk is slow to answer", { timeout: 60_000 }, async (t) => {
  const scratch = mkdtempSync(join(tmpdir(), "windlass-layer-"));
  t.after(() => rmSync(scratch, { recursive: true, force: true }));
  const directory = join(scratch, "layer");
  mkdirSync(directory);
  const layer = pack();
  layer.entry({ name: "first" }, "1");
  layer.entry({ name: "second" }, "2");
  layer.finalize();
  const bytes: Buffer[] = [];
  for await (const chunk of layer) bytes.push(chunk as Buffer);

  // Whoever opens a pipe to read waits for somebody who writes: all threads are taken, and questions about files wait.
  const pipe = join(scratch, "pipe");
  execFileSync("mkfifo", [pipe]);
  const waiting = Array.from({ length: busyThreads }, () => open(pipe, "r"));
  const unpacked = unpackLayer(Readable.from([Buffer.concat(bytes)]), directory);
  for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => setImmediate(resolve));
  execFileSync("sh", ["-c", `: > ${pipe}`]);
  for (const handle of waiting) await (await handle).close();

  await unpacked;
  assert.deepEqual([existsSync(join(directory, "first")), existsSync(join(directory, "second"))], [true, true]);
});
