/** Items in an SQLite file: what the application uses until it is told of a database. */
import { DatabaseSync } from "node:sqlite";
import { listMax, StoreReadOnlyError, type TodoStore } from "./todo-store.ts";

export interface SqliteOptions {
  readonly file: string;
  readonly isReadOnly: boolean;
}

export class SqliteStore implements TodoStore {
  readonly place: string;
  readonly #database: DatabaseSync;
  readonly #isReadOnly: boolean;

  /** Opens the file and makes it where it is missing. Throws where that is not possible. */
  constructor({ file, isReadOnly }: SqliteOptions) {
    this.place = file;
    this.#isReadOnly = isReadOnly;
    this.#database = new DatabaseSync(file);
    this.#database.exec("pragma journal_mode = wal; pragma busy_timeout = 1000");
    this.#database.exec(
      "create table if not exists todo_items (number integer primary key, id text not null unique, text text not null, added_at integer not null)",
    );
  }

  async list() {
    const rows = this.#database.prepare(`select id, text, added_at from todo_items order by number desc limit ${listMax}`).all();
    const [{ total } = { total: 0 }] = this.#database.prepare("select count(*) as total from todo_items").all();
    return {
      items: rows.map((row) => ({ id: String(row.id), text: String(row.text), addedAt: new Date(Number(row.added_at)) })),
      total: Number(total),
    };
  }

  async add(item: { readonly id: string; readonly text: string }) {
    if (this.#isReadOnly) throw new StoreReadOnlyError("opened for reading");
    this.#database
      .prepare("insert into todo_items (id, text, added_at) values (?, ?, ?) on conflict (id) do nothing")
      .run(item.id, item.text, Date.now());
  }

  async ping() {
    this.#database.prepare("select 1").get();
  }

  async close() {
    this.#database.close();
  }
}
