/** The store on a real PostgreSQL, which is stopped, started and frozen under it. */
import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { Connection } from "./connection-string.ts";
import { PostgresStore } from "./postgres-store.ts";
import { StoreAwayError } from "./todo-store.ts";
import { todoStoreSuite } from "./todo-store.suite.ts";

const bin = process.env.WINDLASS_TEST_POSTGRES ?? "";
const environment = { ...process.env, LD_LIBRARY_PATH: process.env.WINDLASS_TEST_POSTGRES_LIBRARIES };
const scratch = mkdtempSync(join(tmpdir(), "todo-postgres-"));
const data = join(scratch, "data");
const password = "only-for-tests";
let port = 0;
let server: ChildProcess | undefined;
let databases = 0;

/** PostgreSQL refuses to be root. In a user namespace it is nobody, and owns what root owns. */
const unprivileged = (command: string, args: string[]): [string, string[]] =>
  process.getuid?.() === 0
    ? ["unshare", ["--user", "--map-user=65534", "--map-group=65534", "--", join(bin, command), ...args]]
    : [join(bin, command), args];

function startServer(): void {
  const args = ["-D", data, "-p", String(port), "-h", "127.0.0.1", "-k", scratch, "-c", "fsync=off", "-c", "shared_buffers=16MB"];
  const [file, parameters] = unprivileged("postgres", args);
  server = spawn(file, parameters, { env: environment, stdio: "ignore" });
}

async function stopServer(signal: NodeJS.Signals = "SIGINT"): Promise<void> {
  const stopping = server;
  server = undefined;
  if (!stopping || stopping.exitCode !== null) return;
  const ended = new Promise((resolve) => stopping.once("exit", resolve));
  stopping.kill(signal);
  await ended;
}

const connectionTo = (database: string): Connection => ({
  host: "127.0.0.1",
  port,
  database,
  user: "postgres",
  password,
  encryption: "none",
});
const storeIn = (database: string, isReadOnly = false) => new PostgresStore({ connection: connectionTo(database), isReadOnly });

async function answers(store: PostgresStore): Promise<void> {
  const deadline = performance.now() + 30_000;
  for (;;) {
    try {
      return await store.ping();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

before(async () => {
  assert.ok(bin, "WINDLASS_TEST_POSTGRES is not set: run this with npm test");
  port = await freePort();
  const passwordFile = join(scratch, "password");
  writeFileSync(passwordFile, `${password}\n`);
  const words = [
    "-D",
    data,
    "-U",
    "postgres",
    "--auth=scram-sha-256",
    `--pwfile=${passwordFile}`,
    "--no-sync",
    "--no-locale",
    "-E",
    "UTF8",
  ];
  const [file, args] = unprivileged("initdb", words);
  execFileSync(file, args, { env: environment, stdio: ["ignore", "ignore", "inherit"] });
  startServer();
  const store = storeIn("postgres");
  await answers(store);
  await store.close();
});

after(async () => {
  await stopServer("SIGQUIT");
  rmSync(scratch, { recursive: true, force: true });
});

todoStoreSuite("PostgreSQL", async () => {
  const database = `todo-${databases++}`;
  return { open: ({ isReadOnly }) => storeIn(database, isReadOnly) };
});

test("the database and the table are made once, however many ask for them at the same time", async () => {
  const stores = Array.from({ length: 4 }, () => storeIn('Made "by" many'));
  await Promise.all(stores.flatMap((store) => [store.list(), store.add({ id: randomUUID(), text: "x" })]));
  assert.equal((await stores[0]?.list())?.total, 4);
  await Promise.all(stores.map((store) => store.close()));
});

test("read-only makes nothing: an empty list where there is no table, away where there is no database", async () => {
  const noTable = storeIn("postgres", true);
  assert.deepEqual(await noTable.list(), { items: [], total: 0 });
  await noTable.close();
  const noDatabase = storeIn("nowhere", true);
  await assert.rejects(noDatabase.list(), StoreAwayError);
  await noDatabase.close();
});

test("a restart is a slow answer and no failure; a longer absence is said soon, and over when the server is back", async () => {
  const store = storeIn("restarted");
  await store.add({ id: randomUUID(), text: "before" });
  await stopServer();
  const started = performance.now();
  await assert.rejects(store.list(), (error: Error) => error instanceof StoreAwayError && /ECONNREFUSED/.test(error.message));
  assert.ok(performance.now() - started < 10_000, "it is said soon");
  await assert.rejects(store.ping(), StoreAwayError);
  const waiting = store.add({ id: randomUUID(), text: "while it starts" });
  startServer();
  await waiting.catch((error) => assert.ok(error instanceof StoreAwayError));
  await answers(store);
  assert.ok((await store.list()).items.some(({ text }) => text === "before"));
  await store.close();
});

test("a server that takes a call and never answers it is away", async () => {
  const silent = createServer((socket) => socket.on("error", () => {}).resume());
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  const connection = { ...connectionTo("todo"), port: (silent.address() as AddressInfo).port };
  const store = new PostgresStore({ connection, isReadOnly: false });
  await assert.rejects(store.list(), StoreAwayError);
  await store.close();
  await new Promise((resolve) => silent.close(resolve));
});

test("a wrong password is said in the log's words, which do not hold it", async () => {
  const store = new PostgresStore({ connection: { ...connectionTo("todo"), password: "not-it" }, isReadOnly: false });
  await assert.rejects(store.list(), (error: Error) => {
    assert.ok(error instanceof StoreAwayError);
    assert.match(error.message, /password authentication failed/);
    assert.doesNotMatch(error.message, /not-it/);
    return true;
  });
  await store.close();
});

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const { port: free } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return free;
}
