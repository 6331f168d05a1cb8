import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type Fixture, ociFixture } from "./oci-fixture.suite.ts";
import { rotateLog } from "./log-files.node.ts";

let fixture: Fixture;
before(async () => {
  fixture = await ociFixture();
});
after(() => fixture.end());

test("rotation keeps every line in order for readers, followers and tails, and drops the oldest file", async () => {
  const sandbox = await fixture.sandbox();
  const id = await fixture.run(sandbox, "i=0; while read x; do for n in 1 2 3; do i=$((i+1)); echo line $i; done; done", { stdin: true });
  const directory = join(fixture.directory, "runtime/containers", id);
  let followed = "";
  let told = (): void => {};
  const leaving = new AbortController();
  const following = fixture.runtime.logs(
    id,
    { follow: true },
    async (bytes) => {
      followed += new TextDecoder().decode(bytes);
      told();
    },
    leaving.signal,
  );
  const seen = (line: string): Promise<void> =>
    new Promise((resolve) => {
      told = () => {
        if (followed.endsWith(`${line}\n`)) resolve();
      };
      told();
    });
  let feed: (bytes: Uint8Array) => void | Promise<void> = () => {};
  const ready = new Promise<void>((resolve) => {
    const stdin = {
      write: async () => {},
      end() {},
      destroy() {},
      read(onBytes: typeof feed) {
        feed = onBytes;
        resolve();
      },
    };
    void fixture.runtime.attach(id, { tty: false, stdin: true, stdout: false, stderr: false }, { stdin }, leaving.signal);
  });
  await ready;
  for (let round = 1; round <= 4; round++) {
    void feed(new TextEncoder().encode("go\n"));
    await seen(`line ${round * 3}`);
    await rotateLog(directory, { maxBytes: 10, maxFiles: 3 });
  }
  const lines = (from: number, to: number): string => Array.from({ length: to - from + 1 }, (_, i) => `line ${from + i}\n`).join("");
  assert.equal(followed, lines(1, 12));
  assert.deepEqual((await readdir(directory)).filter((name) => name.startsWith("log.")).sort(), ["log.3", "log.4"]);
  assert.equal(await fixture.logs(id), lines(7, 12));
  let tail = "";
  await fixture.runtime.logs(id, { tailLines: 5 }, async (bytes) => void (tail += new TextDecoder().decode(bytes)), leaving.signal);
  assert.equal(tail, lines(8, 12));
  leaving.abort();
  await following;
});
