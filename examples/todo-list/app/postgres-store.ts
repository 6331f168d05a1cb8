/**
 * Items in PostgreSQL. The database and the table are made when they are missing and may be written. A call that finds the
 * database away tries again for about two seconds, so that a quick restart is a slow answer and not a failure.
 */
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import type { Connection } from "./connection-string.ts";
import { listMax, StoreAwayError, StoreReadOnlyError, type TodoStore } from "./todo-store.ts";

const patienceMs = 2000;
/** For a reader who comes while the database is known to be away: a proxy may have an older page to show. */
const shortPatienceMs = 200;
const retryMs = 50;
const connectMs = 1000;
const queryMs = 2000;
const connectionsMax = 10;

const createTable = `create table if not exists todo_items (
  id uuid primary key,
  text text not null,
  added_at timestamptz not null default now()
)`;

/** SQLSTATEs (PostgreSQL, appendix A) of what is not there, of one who came second in making it, and of a server that only reads. */
const missingDatabase = "3D000";
const missingTable = "42P01";
const madeMeanwhile = ["42P04", "42P07", "23505"];
const readsOnly = "25006";

export interface PostgresOptions {
  readonly connection: Connection;
  readonly isReadOnly: boolean;
}

export class PostgresStore implements TodoStore {
  readonly place: string;
  readonly #pool: pg.Pool;
  readonly #options: PostgresOptions;
  /** Set while the database and the table are being made, so that they are made once. */
  #making: Promise<void> | undefined;
  /** The last call found the database away. */
  #isAway = false;

  constructor(options: PostgresOptions) {
    this.#options = options;
    this.place = options.connection.host;
    this.#pool = new pg.Pool({ ...clientConfig(options), max: connectionsMax, idleTimeoutMillis: 10_000 });
    // A connection that breaks while nobody uses it is replaced by the next call.
    this.#pool.on("error", () => {});
  }

  async list() {
    const rows = await this.#query(
      `select id, text, added_at, count(*) over () as total from todo_items order by added_at desc, id limit ${listMax}`,
      [],
      this.#isAway ? shortPatienceMs : patienceMs,
    );
    return {
      items: rows.map((row) => ({ id: row.id as string, text: row.text as string, addedAt: row.added_at as Date })),
      total: Number(rows[0]?.total ?? 0),
    };
  }

  async add(item: { readonly id: string; readonly text: string }) {
    await this.#query("insert into todo_items (id, text) values ($1, $2) on conflict (id) do nothing", [item.id, item.text], patienceMs);
  }

  async ping() {
    try {
      await this.#pool.query("select 1");
    } catch (error) {
      // A database that is only missing is made with the first item.
      if (codeOf(error) !== missingDatabase || this.#options.isReadOnly) throw new StoreAwayError(reasonOf(error));
    }
  }

  async close() {
    await this.#pool.end();
  }

  /** Runs a statement that may be run twice. */
  async #query(text: string, values: readonly unknown[], forMs: number): Promise<any[]> {
    const deadline = performance.now() + forMs;
    for (;;) {
      try {
        const { rows } = await this.#pool.query(text, [...values]);
        this.#isAway = false;
        return rows;
      } catch (error) {
        const code = codeOf(error);
        if (code === readsOnly) throw new StoreReadOnlyError(reasonOf(error));
        const isMissing = code === missingTable || code === missingDatabase;
        if (isMissing && this.#options.isReadOnly) {
          if (code === missingTable) return [];
        } else if (isMissing && performance.now() < deadline) {
          await this.#make().catch(() => sleep(retryMs));
          continue;
        }
        if (!isMissing && !isAway(error)) throw error;
        if (performance.now() + retryMs > deadline) {
          this.#isAway = true;
          throw new StoreAwayError(reasonOf(error));
        }
        await sleep(retryMs);
      }
    }
  }

  #make(): Promise<void> {
    this.#making ??= make(this.#options).finally(() => {
      this.#making = undefined;
    });
    return this.#making;
  }
}

function clientConfig({ connection, isReadOnly }: PostgresOptions): pg.ClientConfig {
  const { host, port, database, user, password, timeoutMs, encryption } = connection;
  return {
    host,
    port,
    database,
    user,
    password,
    ssl: encryption === "none" ? false : { rejectUnauthorized: encryption === "verified" },
    connectionTimeoutMillis: Math.min(timeoutMs ?? connectMs, connectMs),
    query_timeout: queryMs,
    keepAlive: true,
    application_name: "todo-list",
    ...(isReadOnly && { options: "-c default_transaction_read_only=on" }),
  };
}

/** Makes the database, where it is missing, and the table in it. Others may be doing the same. */
async function make(options: PostgresOptions): Promise<void> {
  try {
    await within(clientConfig(options), createTable);
  } catch (error) {
    if (codeOf(error) !== missingDatabase) throw error;
    const name = pg.escapeIdentifier(options.connection.database);
    await within({ ...clientConfig(options), database: "postgres" }, `create database ${name}`);
    await within(clientConfig(options), createTable);
  }
}

async function within(config: pg.ClientConfig, statement: string): Promise<void> {
  const client = new pg.Client(config);
  client.on("error", () => {});
  try {
    await client.connect();
    await client.query(statement);
  } catch (error) {
    if (!madeMeanwhile.includes(codeOf(error))) throw error;
  } finally {
    await client.end().catch(() => {});
  }
}

/** Whether the database may be there again in a moment: no connection, or a server that is starting, stopping, full, or refuses this user still. */
function isAway(error: unknown): boolean {
  const code = codeOf(error);
  if (/^(E[A-Z_]+|EAI_AGAIN)$/.test(code)) return true;
  if (/^(08|57P|53|28)/.test(code)) return true;
  return /^(Connection terminated|timeout exceeded|Query read timeout|Client has encountered)/i.test(reasonOf(error));
}

function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === "string" ? code : "";
}

function reasonOf(error: unknown): string {
  const { message } = error as Error;
  // An attempt at several addresses has no message of its own.
  return message || codeOf(error) || "no reason given";
}
