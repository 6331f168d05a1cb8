/**
 * Kills a process that writes, again and again, and looks at what it leaves: every acknowledged commit, whole and in order.
 * Run with `writer` as argument, this file is that process.
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { type Random, randomInt, seededRandom } from "../base/random.ts";
import { openSqliteStore } from "./sqlite-store.node.ts";
import type { Operation } from "./store.ts";

const decoder = new TextDecoder();
const roundsPerFile = 10;
const files = 6;

/**
 * Commits batches from several tasks at once for ever, and notes each acknowledged one in a file: what was written to a
 * file is there whenever the process is killed, and unlike a pipe a file never refuses a line.
 */
async function write(path: string, seed: number): Promise<never> {
  const store = openSqliteStore({ path });
  const notes = openSync(notesOf(path), "a");
  writeSync(1, "open\n");
  const random = seededRandom(seed);
  const task = async (name: number): Promise<never> => {
    for (let n = 0; ; n++) {
      const operations = randomBatch(random, `${seed}.${name}.${n}`);
      const result = await store.commit(operations);
      if (!result.ok) throw new Error("no commit here expects anything");
      const shown = operations.map((operation) =>
        operation.type === "put" ? `${operation.key}=${decoder.decode(operation.value)}` : operation.key,
      );
      writeSync(notes, `${JSON.stringify({ version: result.version, shown })}\n`);
      if (randomInt(random, 1, 300) === 1) void store.compact(Math.max(0, store.version - 50));
    }
  };
  return Promise.race(Array.from({ length: 8 }, (_, name) => task(name)));
}

const notesOf = (path: string): string => `${path}.notes`;

/** One to five operations on keys of their own. A put tells how many puts its batch has, so that a torn one shows. */
function randomBatch(random: Random, stamp: string): Operation[] {
  const first = randomInt(random, 0, 40);
  const keys = Array.from({ length: randomInt(random, 1, 5) }, (_, i) => `/${(first + i) % 45}`);
  const deletes = keys.length > 1 && randomInt(random, 0, 2) === 0 ? 1 : 0;
  const padding = "x".repeat(randomInt(random, 0, 1500));
  return keys.map((key, i) =>
    i < deletes
      ? { type: "delete", key }
      : { type: "put", key, value: new TextEncoder().encode(`${keys.length - deletes} ${stamp} ${padding}`) },
  );
}

interface Acknowledgement {
  readonly version: number;
  /** `key=value` of each put, the bare key of each deletion. */
  readonly shown: readonly string[];
}

if (process.argv[2] === "writer") await write(process.argv[3] as string, Number(process.argv[4]));
else {
  test(`${files * roundsPerFile} kills lose nothing that was acknowledged and tear no batch`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "store-crash-"));
    const random = seededRandom(20261122);
    let acknowledged = 0;
    try {
      for (let file = 0; file < files; file++) {
        const path = join(folder, `${file}.db`);
        const latest = new Map<string, Acknowledgement>();
        for (let round = 0; round < roundsPerFile; round++) {
          const acknowledgements = await runAndKill(path, file * roundsPerFile + round, random);
          acknowledged += acknowledgements.length;
          await checkFile(path, acknowledgements, latest);
        }
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
    t.diagnostic(`${acknowledged} commits were acknowledged before the kills`);
    assert.ok(acknowledged > 1000, `only ${acknowledged} commits were acknowledged: the kills came too early to mean anything`);
  });
}

/** Starts a writer, kills it some milliseconds after it opened the store (now and then while it opens), and returns what it said. */
async function runAndKill(path: string, seed: number, random: Random): Promise<Acknowledgement[]> {
  const child: ChildProcess = spawn(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", import.meta.filename, "writer", path, `${seed}`],
    {
      stdio: ["ignore", "pipe", "inherit"],
      env: { ...process.env, NODE_OPTIONS: "" },
    },
  );
  const exited = new Promise((resolve) => child.once("close", (code, signal) => resolve(signal ?? code)));
  const killAfterMs = randomInt(random, 0, 80);
  const duringOpen = randomInt(random, 1, 10) === 1;
  if (duringOpen) setTimeout(() => child.kill("SIGKILL"), 40 + killAfterMs);
  for await (const line of createInterface({ input: child.stdout as NodeJS.ReadableStream })) {
    if (line === "open" && !duringOpen) setTimeout(() => child.kill("SIGKILL"), killAfterMs);
  }
  assert.equal(await exited, "SIGKILL");
  if (!existsSync(notesOf(path))) return [];
  const lines = readFileSync(notesOf(path), "utf8").split("\n");
  rmSync(notesOf(path));
  // The kill may cut the last line short; a whole line ends with its brace.
  return lines.filter((line) => line.endsWith("}")).map((line) => JSON.parse(line) as Acknowledgement);
}

async function checkFile(path: string, acknowledgements: readonly Acknowledgement[], latest: Map<string, Acknowledgement>): Promise<void> {
  const store = openSqliteStore({ path });
  try {
    const byVersion = new Map<number, string[]>();
    store.watch("", store.compactedVersion, {
      changes: (changes) => {
        const shown = changes.map(({ key, entry }) => (entry ? `${key}=${decoder.decode(entry.value)}` : key));
        byVersion.set(changes[0]?.version ?? 0, shown);
        const puts = changes.filter((change) => change.entry);
        for (const { entry } of puts) assert.equal(Number.parseInt(decoder.decode(entry?.value), 10), puts.length, "a batch is torn");
      },
      end() {},
    });
    assert.deepEqual(
      [...byVersion.keys()],
      Array.from({ length: store.version - store.compactedVersion }, (_, i) => store.compactedVersion + 1 + i),
      "a version is missing",
    );
    for (const acknowledgement of acknowledgements) {
      assert.ok(acknowledgement.version <= store.version, `version ${acknowledgement.version} was acknowledged and is gone`);
      for (const shown of acknowledgement.shown) latest.set(shown.split("=")[0] as string, acknowledgement);
      const kept = byVersion.get(acknowledgement.version);
      // Deleting what is absent leaves no change behind.
      if (kept)
        assert.deepEqual(
          kept,
          acknowledgement.shown.filter((shown) => shown.includes("=") || kept.includes(shown)),
        );
    }
    for (const [key, { version, shown }] of latest) {
      const entry = store.get(key);
      const put = shown.find((text) => text.startsWith(`${key}=`));
      if (entry && entry.version > version) continue;
      // A later deletion may have reached the disk unacknowledged; then the history says so, unless it was compacted.
      const deletedLater = !entry && [...byVersion].some(([later, changes]) => later > version && changes.includes(key));
      if (put === undefined) assert.equal(entry, undefined, `${key} was deleted at ${version} and is back`);
      else if (!deletedLater && !(entry === undefined && store.compactedVersion > version)) {
        assert.equal(`${key}=${decoder.decode(entry?.value)}`, put, `${key} of version ${version} is not what was acknowledged`);
      }
    }
  } finally {
    await store.close();
  }
}
