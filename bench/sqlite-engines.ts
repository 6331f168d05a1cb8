/**
 * Ways to make one group of puts durable in SQLite, with the store's own tables and access pattern.
 *
 *     node bench/sqlite-engines.ts [--better-sqlite3 <folder of that package>]
 *
 * For each way: groups per second and puts per second at several group sizes, and the longest time that the event loop
 * stood still. To see a slow disk, run it under `strace -f -o /dev/null -e inject=fsync,fdatasync:delay_exit=5000`.
 */
import { fdatasync, mkdtempSync, openSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { DatabaseSync } from "node:sqlite";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";

const value = new Uint8Array(1024).fill(0x61);
const groupSizes = [1, 16, 64, 256];
const msPerRow = 1000;

interface Database {
  exec(sql: string): unknown;
  prepare(sql: string): { run(...values: unknown[]): unknown };
}
/** Makes `count` puts durable, the first of version `version`. */
type WriteGroup = (version: number, count: number) => Promise<unknown> | undefined;

/** Opens the file as the store does and writes one group as one transaction. */
function transaction(database: Database, synchronous: "FULL" | "NORMAL"): (version: number, count: number) => void {
  database.exec(
    `PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = ${synchronous}; PRAGMA cache_size = -2048`,
  );
  database.exec("CREATE TABLE change (id INTEGER PRIMARY KEY, key TEXT NOT NULL, created INTEGER NOT NULL, value BLOB)");
  const insert = database.prepare("INSERT INTO change (id, key, created, value) VALUES (?, ?, ?, ?)");
  return (version, count) => {
    database.exec("BEGIN IMMEDIATE");
    for (let i = 0; i < count; i++) insert.run((version + i) * 4096, `/registry/pods/default/pod-${version + i}`, version + i, value);
    database.exec("COMMIT");
  };
}

if (!isMainThread) {
  const write = transaction(new DatabaseSync(workerData.path) as unknown as Database, "FULL");
  parentPort?.on("message", ({ version, count }) => {
    write(version, count);
    parentPort?.postMessage("done");
  });
  parentPort?.postMessage("open");
} else {
  const folder = mkdtempSync(join(tmpdir(), "bench-sqlite-"));
  const flag = process.argv.indexOf("--better-sqlite3");
  const betterPath = flag > 0 ? process.argv[flag + 1] : undefined;
  const ways: [string, (path: string) => Promise<{ write: WriteGroup; close?: () => Promise<unknown> }>][] = [
    [
      "node:sqlite, FULL, this thread",
      async (path) => ({ write: sync(transaction(new DatabaseSync(path) as unknown as Database, "FULL")) }),
    ],
    [
      "node:sqlite, NORMAL + own fdatasync",
      async (path) => ({ write: ownSync(path, transaction(new DatabaseSync(path) as unknown as Database, "NORMAL")) }),
    ],
    ["node:sqlite, FULL, worker thread", workerWay],
  ];
  if (betterPath) {
    const Better = createRequire(import.meta.url)(join(process.cwd(), betterPath)) as new (path: string) => Database;
    ways.push(["better-sqlite3, FULL, this thread", async (path) => ({ write: sync(transaction(new Better(path), "FULL")) })]);
    ways.push([
      "better-sqlite3, NORMAL + own fdatasync",
      async (path) => ({ write: ownSync(path, transaction(new Better(path), "NORMAL")) }),
    ]);
  }
  const results: Record<string, unknown>[] = [];
  try {
    for (const [way, open] of ways) {
      const rssBefore = process.memoryUsage.rss();
      const openStart = performance.now();
      const { write, close } = await open(join(folder, `${results.length}.db`));
      const openMs = performance.now() - openStart;
      const result: Record<string, unknown> = {
        way,
        "open ms": round(openMs),
        "memory MB": round((process.memoryUsage.rss() - rssBefore) / 1e6),
      };
      const delay = monitorEventLoopDelay({ resolution: 1 });
      delay.enable();
      let version = 1;
      for (const count of groupSizes) {
        const start = performance.now();
        let groups = 0;
        for (; performance.now() - start < msPerRow; groups++) {
          await write(version, count);
          version += count;
          await new Promise((resolve) => setImmediate(resolve));
        }
        result[`puts/s by ${count}`] = Math.round((groups * count * 1000) / (performance.now() - start));
      }
      delay.disable();
      result["loop p99 ms"] = round(delay.percentile(99) / 1e6);
      results.push(result);
      await close?.();
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  console.table(Object.fromEntries(results.map(({ way, ...figures }) => [way, figures])));
  console.log(JSON.stringify({ bench: "sqlite-engines", node: process.version, results }));
}

function round(n: number): number {
  return Math.round(n * 10) / 10;
}

function sync(write: (version: number, count: number) => void): WriteGroup {
  return (version, count) => write(version, count) as undefined;
}

function ownSync(path: string, write: (version: number, count: number) => void): WriteGroup {
  const wal = openSync(`${path}-wal`, "r+");
  return (version, count) => {
    write(version, count);
    return new Promise<void>((resolve, reject) => fdatasync(wal, (error) => (error ? reject(error) : resolve())));
  };
}

async function workerWay(path: string): Promise<{ write: WriteGroup; close: () => Promise<unknown> }> {
  const worker = new Worker(new URL(import.meta.url), { workerData: { path } });
  const answer = (): Promise<unknown> => new Promise((resolve) => worker.once("message", resolve));
  await answer();
  return {
    write(version, count) {
      const done = answer();
      worker.postMessage({ version, count });
      return done;
    },
    close: () => worker.terminate(),
  };
}
