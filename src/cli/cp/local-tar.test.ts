/** Archives of local files: what goes in comes out, under the name that is asked for, and nothing lands elsewhere. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { pack } from "tar-stream";
import { localTar } from "./local-tar.node.ts";

const fail = (text: string): never => assert.fail(text);

test("a folder goes in under another name and comes out as it was", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "windlass-tar-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const from = join(directory, "from");
  mkdirSync(join(from, "inner"), { recursive: true });
  writeFileSync(join(from, "empty"), "");
  writeFileSync(join(from, "inner", "run.sh"), "#!/bin/sh\n", { mode: 0o755 });
  writeFileSync(join(from, "large"), new Uint8Array(300_000).fill(7));
  await localTar.unpack(localTar.pack(from, "app"), "app", join(directory, "to"), fail);
  assert.deepEqual(readdirSync(join(directory, "to"), { recursive: true }).sort(), ["empty", "inner", "inner/run.sh", "large"]);
  assert.equal(readFileSync(join(directory, "to", "large")).length, 300_000);
  assert.equal(statSync(join(directory, "to", "inner", "run.sh")).mode & 0o111, 0o111);
  // Into a folder that is there it goes under its own name.
  await localTar.unpack(localTar.pack(from, "app"), "app", from, fail);
  assert.equal(readFileSync(join(from, "app", "inner", "run.sh"), "utf8"), "#!/bin/sh\n");
});

test("symbolic links are passed over, and entries from elsewhere are refused", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "windlass-tar-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const from = join(directory, "from");
  mkdirSync(from);
  symlinkSync("/etc/passwd", join(from, "link"));
  const warned: string[] = [];
  await localTar.unpack(localTar.pack(from, "app"), "app", join(directory, "to"), (text) => void warned.push(text));
  assert.equal(warned.length, 1);
  assert.deepEqual(readdirSync(join(directory, "to")), []);
  for (const name of ["app/../../evil", "other/evil", "/evil"]) {
    const archive = pack();
    archive.entry({ name }, "x");
    archive.finalize();
    await assert.rejects(
      localTar.unpack(archive as AsyncIterable<Uint8Array>, "app", join(directory, "to"), fail),
      /outside of what was asked for/,
    );
  }
  assert.deepEqual(readdirSync(directory).sort(), ["from", "to"]);
});
