/**
 * Durable writes and restarts of the store, beside etcd in the same run when `etcd` is installed.
 *
 *     npm run bench -- store
 *
 * Values are 1 KiB. Each writer waits for its answer before its next put.
 */
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSqliteStore } from "../src/store/sqlite-store.node.ts";
import { report } from "./figures.ts";
import { hasEtcd, startEtcd } from "./peers/etcd.ts";

const value = new Uint8Array(1024).fill(0x61);
const writerCounts = [1, 16, 64, 256];
const keyCounts = [10_000, 100_000];
const secondsPerRow = 1.5;

interface Row {
  readonly measure: string;
  readonly unit: string;
  readonly windlass: number;
  readonly etcd: number | undefined;
}

type Put = (key: string) => Promise<unknown>;

const folder = mkdtempSync(join(tmpdir(), "bench-store-"));
const rows: Row[] = [];
try {
  const withEtcd = hasEtcd();
  const writes = await measureWrites(withEtcd);
  const restarts = await measureRestarts(withEtcd);
  rows.push(...writes, ...restarts);
} finally {
  rmSync(folder, { recursive: true });
}
report(
  "store",
  rows.map(({ measure, unit, windlass, etcd }) => ({
    name: measure,
    figure: windlass,
    unit,
    ...(unit === "1/s" && { target: { atLeast: 0.9 * (etcd ?? 0) } }),
    ...(etcd !== undefined && { peer: { name: "etcd", figure: etcd, how: "measured" as const } }),
  })),
);

async function measureWrites(withEtcd: boolean): Promise<Row[]> {
  const store = openSqliteStore({ path: join(folder, "writes.db") });
  const etcd = withEtcd ? await startEtcd(join(folder, "writes.etcd")) : undefined;
  const results: Row[] = [];
  for (const writers of writerCounts) {
    results.push(
      ...compare(
        `durable puts, ${writers} at once`,
        await drive(writers, (key) => store.commit([{ type: "put", key, value }])),
        etcd && (await drive(writers, etcd.put)),
      ),
    );
  }
  await store.close();
  await etcd?.stop();
  return results;
}

/** Puts per second and the 99th percentile of their latency in milliseconds. */
async function drive(writers: number, put: Put): Promise<{ perSecond: number; p99Ms: number }> {
  const latencies: number[] = [];
  const start = performance.now();
  const endMs = start + secondsPerRow * 1000;
  const writer = async (name: number): Promise<void> => {
    for (let n = 0; performance.now() < endMs; n++) {
      const before = performance.now();
      await put(`/registry/pods/default/writer-${writers}-${name}-${n}`);
      latencies.push(performance.now() - before);
    }
  };
  await Promise.all(Array.from({ length: writers }, (_, name) => writer(name)));
  const seconds = (performance.now() - start) / 1000;
  latencies.sort((a, b) => a - b);
  return { perSecond: latencies.length / seconds, p99Ms: latencies[Math.floor(latencies.length * 0.99)] ?? Number.NaN };
}

function compare(
  measure: string,
  windlass: { perSecond: number; p99Ms: number },
  etcd: { perSecond: number; p99Ms: number } | undefined,
): Row[] {
  return [
    { measure, unit: "1/s", windlass: windlass.perSecond, etcd: etcd?.perSecond },
    { measure, unit: "p99 ms", windlass: windlass.p99Ms, etcd: etcd?.p99Ms },
  ];
}

/** From the call (for etcd: the start of the process) to the first answer about the number of keys. */
async function measureRestarts(withEtcd: boolean): Promise<Row[]> {
  const results: Row[] = [];
  for (const keys of keyCounts) {
    const path = join(folder, `${keys}.db`);
    const batches = Array.from({ length: keys / 100 }, (_, b) =>
      Array.from({ length: 100 }, (_, i) => `/registry/pods/default/pod-${b * 100 + i}`),
    );
    const store = openSqliteStore({ path });
    for (const batch of batches) await store.commit(batch.map((key) => ({ type: "put", key, value })));
    await store.compact(store.version);
    await store.close();
    const before = performance.now();
    const again = openSqliteStore({ path });
    if (again.range("", { limit: 1 }).remaining !== keys - 1) throw new Error("the store lost keys");
    const windlass = performance.now() - before;
    await again.close();
    let etcdMs: number | undefined;
    if (withEtcd) {
      const data = join(folder, `${keys}.etcd`);
      const first = await startEtcd(data);
      for (const batch of batches) await first.putAll(batch);
      await first.stop();
      const second = await startEtcd(data);
      etcdMs = second.readyMs;
      await second.stop();
    }
    results.push({ measure: `restart with ${keys.toLocaleString("en")} keys`, unit: "ms", windlass, etcd: etcdMs });
    results.push({
      measure: `file with ${keys.toLocaleString("en")} keys`,
      unit: "MB",
      windlass: statSync(path).size / 1e6,
      etcd: undefined,
    });
  }
  return results;
}
