/** The load generator's process: takes one job, does it, sends back what came of it. */
import { setTimeout as sleep } from "node:timers/promises";
import { percentile } from "../figures.ts";
import { type Connection, headers, openConnection } from "./http2-connection.ts";
import type { FillJob, Job, RequestJob, RequestOutcome, WatchJob, WatchOutcome } from "./load.ts";

const padding = "x".repeat(1024);
/** Shares of one run get names of their own, so that a second run creates others. */
const run = Date.now().toString(36);

process.once("message", (job: Job) => {
  (job.job === "watch" ? watch(job) : job.job === "fill" ? fill(job) : requests(job)).then(
    (outcome) => process.send?.(outcome),
    (error) => {
      console.error(error);
      process.exit(1);
    },
  );
});

interface Reply {
  readonly status: number;
  readonly body: Buffer[];
  readonly bytes: number;
  readonly firstByteMs: number;
}

function ask(connection: Connection, block: Buffer, body: Buffer | undefined, keep: boolean): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const start = performance.now();
    const parts: Buffer[] = [];
    let status = 0;
    let bytes = 0;
    let firstByteMs = 0;
    connection.request(block, body, {
      status: (code) => (status = code),
      data(chunk) {
        if (bytes === 0) firstByteMs = performance.now() - start;
        bytes += chunk.length;
        if (keep) parts.push(Buffer.from(chunk));
      },
      end: (error) => (error ? reject(error) : resolve({ status, body: parts, bytes, firstByteMs })),
    });
  });
}

const configMap = (name: string, namespace: string, resourceVersion?: string): Buffer =>
  Buffer.from(
    JSON.stringify({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name, namespace, ...(resourceVersion !== undefined && { resourceVersion }) },
      data: { sent: String(performance.timeOrigin + performance.now()), text: padding },
    }),
  );

const json = { "content-type": "application/json" };

async function open(job: Job): Promise<Connection[]> {
  const connections = await Promise.all(Array.from({ length: job.connections }, () => openConnection(job.access)));
  const namespace = Buffer.from(JSON.stringify({ apiVersion: "v1", kind: "Namespace", metadata: { name: job.namespace } }));
  await ask(connections[0] as Connection, headers(job.access, "POST", "/api/v1/namespaces", json), namespace, false);
  return connections;
}

async function fill(job: FillJob): Promise<RequestOutcome> {
  const connections = await open(job);
  const block = headers(job.access, "POST", `/api/v1/namespaces/${job.namespace}/configmaps`, json);
  let next = 0;
  const start = performance.now();
  await Promise.all(
    Array.from({ length: job.clients }, async (_, client) => {
      const connection = connections[client % connections.length] as Connection;
      while (next < job.count) {
        const { status } = await ask(connection, block, configMap(`object-${next++}`, job.namespace), false);
        if (status !== 201 && status !== 409) throw new Error(`a create was answered with ${status}`);
      }
    }),
  );
  const seconds = (performance.now() - start) / 1000;
  return { perSecond: job.count / seconds, p50Ms: 0, p99Ms: 0, firstByteP50Ms: 0, answered: job.count, failed: 0, bytes: 0 };
}

async function requests(job: RequestJob): Promise<RequestOutcome> {
  const connections = await open(job);
  const base = `/api/v1/namespaces/${job.namespace}/configmaps`;
  const post = headers(job.access, "POST", base, json);
  const reads = Array.from({ length: Math.min(job.count ?? 1, 1000) }, (_, i) => headers(job.access, "GET", `${base}/object-${i}`));
  const list = headers(job.access, "GET", job.job === "page" ? `${base}?limit=500` : base);
  const latencies: number[] = [];
  const firstBytes: number[] = [];
  let failed = 0;
  let bytes = 0;

  /** What one client sends, again and again. */
  async function operation(client: number): Promise<(n: number) => Promise<Reply>> {
    const connection = connections[client % connections.length] as Connection;
    const name = (n: number): string => `${run}-${client}-${n}`;
    switch (job.job) {
      case "create":
        return (n) => ask(connection, post, configMap(name(n), job.namespace), false);
      case "update": {
        const first = await ask(connection, post, configMap(name(0), job.namespace), true);
        let version = versionOf(first);
        const put = headers(job.access, "PUT", `${base}/${name(0)}`, json);
        return async () => {
          const reply = await ask(connection, put, configMap(name(0), job.namespace, version), true);
          if (reply.status === 200) version = versionOf(reply);
          return reply;
        };
      }
      case "get":
        return (n) => ask(connection, reads[(client * 31 + n) % reads.length] as Buffer, undefined, false);
      default:
        return () => ask(connection, list, undefined, false);
    }
  }
  const operations = await Promise.all(Array.from({ length: job.clients }, (_, client) => operation(client)));
  const good = job.job === "create" ? 201 : 200;
  const start = performance.now();
  const endMs = start + job.seconds * 1000;
  async function once(client: number, n: number, dueMs: number): Promise<void> {
    const reply = await (operations[client] as (n: number) => Promise<Reply>)(n);
    latencies.push(performance.now() - dueMs);
    firstBytes.push(reply.firstByteMs);
    bytes += reply.bytes;
    if (reply.status !== good) failed++;
  }
  if (job.perSecond === undefined) {
    await Promise.all(
      operations.map(async (_, client) => {
        for (let n = 1; performance.now() < endMs; n++) await once(client, n, performance.now());
      }),
    );
  } else {
    // Latencies count from the moment at which a request was due, so a server that stands still is not excused.
    const under: Promise<void>[] = [];
    const stepMs = 1000 / job.perSecond;
    for (let n = 1; start + n * stepMs < endMs; n++) {
      const dueMs = start + n * stepMs;
      while (performance.now() < dueMs) await sleep(Math.max(0, dueMs - performance.now()));
      under.push(once(n % operations.length, n, dueMs));
    }
    await Promise.all(under);
  }
  const seconds = (performance.now() - start) / 1000;
  for (const connection of connections) connection.close();
  return {
    perSecond: latencies.length / seconds,
    p50Ms: percentile(latencies, 0.5),
    p99Ms: percentile(latencies, 0.99),
    firstByteP50Ms: percentile(firstBytes, 0.5),
    answered: latencies.length,
    failed,
    bytes,
  };
}

const versionOf = (reply: Reply): string => /"resourceVersion":"(\d+)"/.exec(Buffer.concat(reply.body).toString("latin1"))?.[1] ?? "";

/** So many watchers parse their events, to tell order and latency; the others only count lines. */
const readersMax = 4;
const newline = 10;

async function watch(job: WatchJob): Promise<WatchOutcome> {
  const connections = await open(job);
  const path = `/api/v1/namespaces/${job.namespace}/configmaps`;
  const now = versionOf(await ask(connections[0] as Connection, headers(job.access, "GET", `${path}?limit=1`), undefined, true));
  const block = headers(job.access, "GET", `${path}?watch=true&resourceVersion=${now}`);
  const counts = new Array<number>(job.watchers).fill(0);
  const latencies: number[] = [];
  let disorder = 0;
  let ended = 0;
  const watching = Array.from({ length: job.watchers }, (_, watcher) => {
    const connection = connections[watcher % connections.length] as Connection;
    return new Promise<void>((resolve) => {
      let rest = "";
      let last = 0;
      connection.request(block, undefined, {
        status: () => resolve(),
        data(chunk) {
          let lines = 0;
          for (let at = chunk.indexOf(newline); at >= 0; at = chunk.indexOf(newline, at + 1)) lines++;
          counts[watcher] = (counts[watcher] as number) + lines;
          if (watcher >= readersMax) return;
          const nowMs = performance.timeOrigin + performance.now();
          const texts = (rest + chunk.toString("latin1")).split("\n");
          rest = texts.pop() as string;
          for (const text of texts) {
            const version = Number(/"resourceVersion":"(\d+)"/.exec(text)?.[1]);
            if (version <= last) disorder++;
            last = version;
            const sent = Number(/"sent":"([\d.]+)"/.exec(text)?.[1]);
            if (sent > 0) latencies.push(nowMs - sent);
          }
        },
        end: () => void ended++,
      });
    });
  });
  await Promise.all(watching);
  if (job.stalled) {
    const connection = await openConnection(job.access);
    connection.request(block, undefined, { status: () => connection.pause(), data: () => {}, end: () => {} });
  }
  process.send?.("ready");
  return new Promise((resolve) => {
    process.on("message", (what) => {
      if (what === "reset") {
        counts.fill(0);
        latencies.length = 0;
        process.send?.("reset");
      } else
        resolve({
          events: counts.reduce((sum, count) => sum + count, 0),
          fewest: Math.min(...counts),
          most: Math.max(...counts),
          disorder,
          ended,
          p50Ms: percentile(latencies, 0.5),
          p99Ms: percentile(latencies, 0.99),
        });
    });
  });
}
