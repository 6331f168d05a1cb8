/**
 * Loses power, on paper: strace records every write and sync of a process that commits, and from that record the disk is
 * rebuilt as it may look after the power fails. What was synced is there; of everything later, any 512-byte sectors in any
 * combination. Needs strace. Run with `writer` as argument, this file is the recorded process.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { test } from "node:test";
import { type Random, randomInt, seededRandom } from "../base/random.ts";
import { openSqliteStore } from "./sqlite-store.node.ts";

const decoder = new TextDecoder();
const commits = 240;
const valueBytes = 9_000;
const sectorBytes = 512;
const powerLosses = 90;

/** Commits batches from four tasks, with compactions on the way, and notes each acknowledged version in the file `acknowledged`. */
async function write(folder: string): Promise<void> {
  const store = openSqliteStore({ path: join(folder, "store.db") });
  const notes = openSync(join(folder, "acknowledged"), "w");
  let next = 0;
  const task = async (): Promise<void> => {
    while (next < commits) {
      const n = next++;
      const size = 1 + (n % 3);
      const result = await store.commit(
        Array.from({ length: size }, (_, i) => ({
          type: "put" as const,
          key: `/${(n * 7 + i) % 30}`,
          value: new TextEncoder().encode(`${size} commit ${n} `.padEnd(valueBytes, "x")),
        })),
      );
      writeSync(notes, `${result.version}\n`);
      if (n % 80 === 79) await store.compact(store.version - 10);
    }
  };
  await Promise.all([task(), task(), task(), task()]);
  closeSync(notes);
  process.kill(process.pid, "SIGKILL");
}

/** One thing that a file went through. */
type FileEvent =
  | { readonly type: "write"; readonly file: string; readonly offset: number; readonly data: Uint8Array }
  | { readonly type: "truncate"; readonly file: string; readonly length: number }
  | { readonly type: "remove"; readonly file: string }
  /** A sync that ended here and covers what came before `start`. */
  | { readonly type: "sync"; readonly file: string; readonly start: number }
  | { readonly type: "acknowledge"; readonly version: number };

/** Reads strace's record. Calls of several threads may be split into a beginning and an end. */
function readTrace(trace: string): FileEvent[] {
  const events: FileEvent[] = [];
  const syncing = new Map<string, { file: string; start: number }>();
  for (const line of trace.split("\n")) {
    const [, pid = "", call = ""] = /^(\d+) +(.*)$/.exec(line) ?? [];
    const [, name, path, rest = ""] = /^(\w+)\((?:\d+<([^>]*)>)?(.*)$/.exec(call) ?? [];
    const file = basename(path ?? "");
    if (name === "pwrite64") {
      const [, hex = "", , offset] =
        /^, "((?:\\x[0-9a-f]{2})*)", (\d+), (\d+)/.exec(rest) ?? assert.fail(`unreadable: ${line.slice(0, 100)}`);
      events.push({ type: "write", file, offset: Number(offset), data: Buffer.from(hex.replaceAll("\\x", ""), "hex") });
    } else if (name === "ftruncate") events.push({ type: "truncate", file, length: Number(/^, (\d+)/.exec(rest)?.[1]) });
    else if (name === "unlink") {
      const hex = /^"((?:\\x[0-9a-f]{2})*)"/.exec(rest)?.[1] ?? "";
      events.push({ type: "remove", file: basename(Buffer.from(hex.replaceAll("\\x", ""), "hex").toString()) });
    } else if (name === "write" && file === "acknowledged") {
      const hex = /^, "((?:\\x[0-9a-f]{2})*)"/.exec(rest)?.[1] ?? "";
      events.push({ type: "acknowledge", version: Number(Buffer.from(hex.replaceAll("\\x", ""), "hex").toString()) });
    } else if (name === "fsync" || name === "fdatasync") {
      if (rest.includes("unfinished")) syncing.set(pid, { file, start: events.length });
      else if (rest.endsWith("= 0")) events.push({ type: "sync", file, start: events.length });
    } else if (/^<\.\.\. (fsync|fdatasync) resumed>.*= 0$/.test(call)) {
      const begun = syncing.get(pid);
      if (begun) events.push({ type: "sync", ...begun });
      syncing.delete(pid);
    }
  }
  return events;
}

/** The files as they may be found when the power fails right after event number `until`. `keep` decides for each unsynced sector. */
function diskAfter(events: readonly FileEvent[], until: number, keep: () => boolean): Map<string, Uint8Array> {
  const syncedUntil = new Map<string, number>();
  for (const event of events.slice(0, until)) if (event.type === "sync") syncedUntil.set(event.file, event.start);
  const disk = new Map<string, { content: Uint8Array; length: number }>();
  for (const [index, event] of events.slice(0, until).entries()) {
    if (event.type === "acknowledge" || event.type === "sync") continue;
    if (event.type === "remove") {
      disk.delete(event.file);
      continue;
    }
    const synced = index < (syncedUntil.get(event.file) ?? 0);
    const found = disk.get(event.file) ?? { content: new Uint8Array(1 << 16), length: 0 };
    disk.set(event.file, found);
    if (event.type === "truncate") {
      if (!synced && !keep()) continue;
      found.content.fill(0, event.length);
      found.length = event.length;
      continue;
    }
    for (let at = 0; at < event.data.length; at += sectorBytes) {
      if (!synced && !keep()) continue;
      const sector = event.data.subarray(at, at + sectorBytes);
      const end = event.offset + at + sector.length;
      if (end > found.content.length) {
        const larger = new Uint8Array(end * 2);
        larger.set(found.content);
        found.content = larger;
      }
      found.content.set(sector, event.offset + at);
      found.length = Math.max(found.length, end);
    }
  }
  return new Map([...disk].map(([file, { content, length }]) => [file, content.subarray(0, length)]));
}

/** Opens what is left and compares it with what had been acknowledged. */
async function checkDisk(folder: string, disk: ReadonlyMap<string, Uint8Array>, acknowledged: number): Promise<void> {
  mkdirSync(folder);
  for (const [file, content] of disk) writeFileSync(join(folder, file), content);
  const store = openSqliteStore({ path: join(folder, "store.db") });
  assert.ok(store.version >= acknowledged, `version ${acknowledged} was acknowledged; the disk ends at ${store.version}`);
  let expected = store.compactedVersion;
  store.watch("", store.compactedVersion, {
    changes: (changes) => {
      assert.equal(changes[0]?.version, ++expected, "a version is missing");
      for (const { entry } of changes) {
        const text = decoder.decode(entry?.value);
        assert.equal(text.length, valueBytes);
        assert.equal(Number.parseInt(text, 10), changes.length, "a batch is torn");
      }
    },
    end: (error) => assert.ifError(error),
  });
  assert.equal(expected, store.version);
  await store.close();
  rmSync(folder, { recursive: true });
}

/** Each power loss treats unsynced sectors in one way: all lost, all there, or by chance. */
const fates = (random: Random): (() => boolean)[] => [
  () => false,
  () => true,
  () => randomInt(random, 0, 1) === 1,
  () => randomInt(random, 0, 19) > 0,
];

if (process.argv[2] === "writer") await write(process.argv[3] as string);
else {
  test(`${powerLosses} power losses lose nothing that was acknowledged and tear no batch`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "power-loss-"));
    try {
      const record = join(folder, "trace");
      const written = join(folder, "written");
      mkdirSync(written);
      const calls = "trace=pwrite64,write,fsync,fdatasync,ftruncate,unlink";
      const node = [process.execPath, "--disable-warning=ExperimentalWarning", import.meta.filename, "writer", written];
      const strace = ["--seccomp-bpf", "-f", "-y", "-xx", "-s", "100000", "-e", calls, "-e", "signal=none", "-o", record];
      const { error, stderr } = spawnSync("strace", [...strace, ...node], { encoding: "utf8" });
      assert.ifError(error);
      // With -xx strace also writes the paths of descriptors in hexadecimal on some versions; they are made plain here.
      const trace = readFileSync(record, "latin1").replaceAll(/<((?:\\x[0-9a-f]{2})+)>/g, (_, hex: string) => {
        return `<${Buffer.from(hex.replaceAll("\\x", ""), "hex").toString()}>`;
      });
      const events = readTrace(trace);
      const count = (type: FileEvent["type"], file?: string): number =>
        events.filter((event) => event.type === type && (file === undefined || ("file" in event && event.file === file))).length;
      assert.equal(count("acknowledge"), commits, stderr);
      assert.ok(count("write", "store.db") > 100, "no checkpoint was recorded");
      t.diagnostic(`${count("write")} writes, ${count("sync")} syncs, ${count("truncate")} truncations recorded`);

      const random = seededRandom(20261122);
      const first = events.findIndex((event) => event.type === "acknowledge");
      for (let loss = 0; loss < powerLosses; loss++) {
        const until = randomInt(random, first + 1, events.length);
        const fate = fates(random)[loss % 4] as () => boolean;
        let acknowledged = 0;
        for (const event of events.slice(0, until)) if (event.type === "acknowledge") acknowledged = Math.max(acknowledged, event.version);
        await checkDisk(join(folder, `loss-${loss}`), diskAfter(events, until, fate), acknowledged);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
}
