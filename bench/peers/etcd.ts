/** etcd, the store of Kubernetes, as a peer: one member, spoken to by gRPC over HTTP/2. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { type ClientHttp2Session, connect } from "node:http2";
import { freePort } from "../engine.ts";

const value = new Uint8Array(1024).fill(0x61);

/** Whether there is one on this machine. */
export const hasEtcd = (): boolean => spawnSync("etcd", ["--version"]).status === 0;

export interface Etcd {
  /** A put of 1 KiB, answered when it is durable. */
  put(key: string): Promise<unknown>;
  /** Many of them in one transaction, at most 128. */
  putAll(keys: readonly string[]): Promise<unknown>;
  /** From the start of the process to its first linearizable answer. */
  readonly readyMs: number;
  stop(): Promise<void>;
}

/** Starts a server of one member; resolves when it has a leader. */
export async function startEtcd(dataFolder: string): Promise<Etcd> {
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
