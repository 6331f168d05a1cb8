/**
 * Durable writes and restarts of the store, beside etcd in the same run when `etcd` is installed.
 *
 *     node bench/store.ts            the table, then the same as JSON
 *
 * Values are 1 KiB. Each writer waits for its answer before its next put.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { type ClientHttp2Session, connect } from "node:http2";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSqliteStore } from "../src/store/sqlite-store.node.ts";

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
  const withEtcd = spawnSync("etcd", ["--version"]).status === 0;
  const writes = await measureWrites(withEtcd);
  const restarts = await measureRestarts(withEtcd);
  rows.push(...writes, ...restarts);
} finally {
  rmSync(folder, { recursive: true });
}
const text = (n: number | undefined): string =>
  n === undefined ? "-" : n.toLocaleString("en", { maximumFractionDigits: n < 100 ? 2 : 0 });
console.log(`${"".padEnd(44)}${"Windlass".padStart(12)}${"etcd".padStart(12)}`);
for (const row of rows)
  console.log(`${`${row.measure} (${row.unit})`.padEnd(44)}${text(row.windlass).padStart(12)}${text(row.etcd).padStart(12)}`);
console.log(JSON.stringify({ bench: "store", node: process.version, rows }));

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

interface Etcd {
  readonly put: Put;
  putAll(keys: readonly string[]): Promise<unknown>;
  /** From the start of the process to its first linearizable answer. */
  readonly readyMs: number;
  stop(): Promise<void>;
}

async function startEtcd(dataFolder: string): Promise<Etcd> {
  const [clientPort, peerPort] = [await freePort(), await freePort()];
  const url = `http://127.0.0.1:${clientPort}`;
  const peerUrl = `http://127.0.0.1:${peerPort}`;
  const start = performance.now();
  const flags = {
    "data-dir": dataFolder,
    "listen-client-urls": url,
    "advertise-client-urls": url,
    "listen-peer-urls": peerUrl,
    "initial-advertise-peer-urls": peerUrl,
    "initial-cluster": `default=${peerUrl}`,
    "log-level": "error",
  };
  const child: ChildProcess = spawn(
    "etcd",
    Object.entries(flags).map(([name, flag]) => `--${name}=${flag}`),
    { stdio: "ignore" },
  );
  const session = await connected(url, child);
  // A range over one key: answered once there is a leader.
  while (
    !(await call(session, "Range", field(1, Buffer.from("/ready"))).then(
      () => true,
      () => false,
    ))
  )
    await new Promise((resolve) => setTimeout(resolve, 2));
  const readyMs = performance.now() - start;
  return {
    readyMs,
    put: (key) => call(session, "Put", putRequest(key)),
    putAll: (keys) => call(session, "Txn", Buffer.concat(keys.map((key) => field(2, field(2, putRequest(key)))))),
    async stop() {
      session.close();
      const exited = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGTERM");
      await exited;
    },
  };
}

async function connected(url: string, child: ChildProcess): Promise<ClientHttp2Session> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`etcd ended with code ${child.exitCode}`);
    const session = connect(url);
    const ok = await new Promise((resolve) => {
      session.once("connect", () => resolve(true));
      session.on("error", () => resolve(false));
    });
    if (ok) return session;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** One unary gRPC call of etcd's KV service. */
function call(session: ClientHttp2Session, method: string, message: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const stream = session.request({
      ":method": "POST",
      ":path": `/etcdserverpb.KV/${method}`,
      "content-type": "application/grpc",
      te: "trailers",
    });
    const frame = Buffer.alloc(5);
    frame.writeUInt32BE(message.length, 1);
    let status: unknown;
    stream.on("response", (headers) => (status = headers["grpc-status"] ?? status));
    stream.on("trailers", (trailers) => (status = trailers["grpc-status"] ?? status));
    stream.on("error", reject);
    stream.on("close", () => (status === "0" ? resolve() : reject(new Error(`etcd answered ${method} with status ${status}`))));
    stream.resume();
    stream.end(Buffer.concat([frame, message]));
  });
}

function putRequest(key: string): Buffer {
  return Buffer.concat([field(1, Buffer.from(key)), field(2, Buffer.from(value))]);
}

/** A length-delimited protobuf field. */
function field(number: number, content: Buffer): Buffer {
  const length: number[] = [];
  let left = content.length;
  for (; left > 0x7f; left >>>= 7) length.push((left & 0x7f) | 0x80);
  return Buffer.concat([Buffer.from([(number << 3) | 2, ...length, left]), content]);
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
}
