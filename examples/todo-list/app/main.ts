/**
 * The to-do application's process: reads what it is told, serves, takes up what changes in the mounted files, and ends cleanly
 * on SIGTERM. PORT (80) says where it listens; `config/` and `secrets/` below the working directory hold the files.
 */
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { hostname } from "node:os";
import { connectionOf, sqliteFileOf } from "./connection-string.ts";
import { PostgresStore } from "./postgres-store.ts";
import { type Layer, layerOfEnvironment, layerOfJson, type Settings, settingsOf } from "./settings.ts";
import { SqliteStore } from "./sqlite-store.ts";
import type { TodoStore } from "./todo-store.ts";
import { webApp } from "./web-app.ts";

const files = ["config/config.json", "secrets/secrets.json"];
const lookEveryMs = 1000;
const requestMs = 15_000;
const lastRequestsMs = 10_000;
const sweepMs = 20;

const log = (line: string): void => console.log(`${new Date().toISOString()} ${line}`);

let texts = files.map(textOf);
let current: { settings: Settings; store: TodoStore };
try {
  current = open(read());
} catch (error) {
  log(`error: ${(error as Error).message}`);
  process.exit(1);
}
log(`items are in ${current.settings.provider} at ${current.store.place}${current.settings.isReadOnly ? ", read-only" : ""}`);

const server = createServer({ requestTimeout: requestMs }, webApp({ server: hostname(), current: () => current, log }));
server.on("error", (error) => {
  log(`error: ${error.message}`);
  process.exit(1);
});
server.listen(Number(process.env.PORT ?? 80), () => {
  const address = server.address();
  log(`listening on port ${typeof address === "object" && address ? address.port : address}`);
});
const looking = setInterval(takeUpChanges, lookEveryMs);
for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => void end(signal));

/** Mounted files change by themselves. What can't be read as settings is said once and leaves everything as it was. */
function takeUpChanges(): void {
  const now = files.map(textOf);
  if (now.every((text, index) => text === texts[index])) return;
  // A file that was there and can't be read now is about to be replaced.
  if (now.some((text, index) => text === undefined && texts[index] !== undefined)) return;
  texts = now;
  try {
    const settings = read();
    if (JSON.stringify(settings) === JSON.stringify(current.settings)) return;
    const before = current.store;
    current = open(settings);
    log(`new settings: items are in ${settings.provider} at ${current.store.place}${settings.isReadOnly ? ", read-only" : ""}`);
    before.close().catch((error) => log(`error: ${error.message}`));
  } catch (error) {
    log(`error: the changed settings are not used: ${(error as Error).message}`);
  }
}

/** Settings from the files, and from the environment over them. */
function read(): Settings {
  const layers: Layer[] = [];
  texts.forEach((text, index) => {
    if (text === undefined) return;
    try {
      layers.push(layerOfJson(text));
    } catch {
      // What is wrong with the text would show a piece of it, and it may be a secret.
      throw new Error(`${files[index]} is not JSON`);
    }
  });
  return settingsOf([...layers, layerOfEnvironment(process.env)]);
}

function open(settings: Settings): { settings: Settings; store: TodoStore } {
  const { provider, connection, isReadOnly } = settings;
  const store =
    provider === "Postgres"
      ? new PostgresStore({ connection: connectionOf(connection), isReadOnly })
      : new SqliteStore({ file: sqliteFileOf(connection), isReadOnly });
  return { settings, store };
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

async function end(signal: string): Promise<void> {
  log(`${signal}: finishing requests`);
  clearInterval(looking);
  const closed = new Promise((resolve) => server.close(resolve));
  // A connection whose last answer is out would be kept open for the next request.
  const sweeping = setInterval(() => server.closeIdleConnections(), sweepMs);
  const late = setTimeout(() => server.closeAllConnections(), lastRequestsMs);
  await closed;
  clearInterval(sweeping);
  clearTimeout(late);
  await current.store.close();
  log("ended");
  process.exit(0);
}
