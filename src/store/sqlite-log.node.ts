/**
 * The changes of a store in one SQLite file: an append-only table in order of version, cut back by compaction.
 *
 *     id = version × 4096 + place in the commit   key   created   value (NULL: deleted)
 *
 * New rows go to the end of the table's tree, so a commit touches few pages, and a scan by id replays the log.
 *
 * SQLite appends a commit to its write-ahead log without waiting for the disk (`synchronous = NORMAL`), and `sync` then
 * waits for the disk off this thread, so the event loop never stands still for it. SQLite itself still orders the log,
 * the checkpoints and the main file by syncs of its own. Together that is what `synchronous = FULL` promises.
 */
import { accessSync, closeSync, constants, existsSync, fdatasync, openSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { commitOperationsMax, type Recovered, type Row } from "./log-store.ts";
import { type Change, StoreFailure } from "./store.ts";

/** Marks the file as ours ("Wndl"), for `file(1)` and for us. */
const applicationId = 0x576e646c;
/** The layout of the tables. A file of another layout is refused. */
const layoutVersion = 1;
/** Deletions per transaction when compacting, so that commits get their turn. */
const compactionSlice = 500;
/** Rows fetched at once when the file is read: fewer crossings into SQLite, and few values between here and the index. */
const rowsPerRead = 100;
/** Free pages handed back to the file system per transaction. */
const reclaimSlice = 500;

const layout = `
  CREATE TABLE change (id INTEGER PRIMARY KEY, key TEXT NOT NULL, created INTEGER NOT NULL, value BLOB);
  CREATE TABLE compaction (version INTEGER NOT NULL);
  INSERT INTO compaction VALUES (0);
  PRAGMA application_id = ${applicationId};
  PRAGMA user_version = ${layoutVersion};
`;

/** A row that later ones have made worthless. */
export interface DeadRow {
  readonly key: string;
  readonly version: number;
}

export class SqliteLog {
  readonly #path: string;
  readonly #database: DatabaseSync;
  readonly #insert: StatementSync;
  readonly #delete: StatementSync;
  readonly #setCompacted: StatementSync;
  /** A descriptor of our own on the write-ahead log. SQLite holds no lock on that file, so closing it releases none. */
  readonly #wal: number;
  /** The first version whose rows may or may not be on the disk, after a sync that failed. */
  #doubtfulVersion: number | undefined;

  /** Opens or creates the file and locks it. Throws `StoreFailure`. */
  constructor(path: string) {
    this.#path = path;
    this.#database = this.#attempt("open", () => {
      // SQLite would fall back to reading only, and fail later with a less telling error.
      for (const needed of [dirname(path), path]) if (needed !== path || existsSync(path)) accessSync(needed, constants.W_OK);
      return new DatabaseSync(path);
    });
    try {
      this.#attempt("open", () => this.#prepareFile());
      this.#insert = this.#database.prepare("INSERT INTO change (id, key, created, value) VALUES (?, ?, ?, ?)");
      this.#delete = this.#database.prepare("DELETE FROM change WHERE id BETWEEN ? AND ? AND key = ?");
      this.#setCompacted = this.#database.prepare("UPDATE compaction SET version = ?");
      this.#wal = this.#attempt("open", () => openSync(`${path}-wal`, "r+"));
    } catch (error) {
      this.#database.close();
      throw error;
    }
  }

  /** What the file holds. Read `rows` to its end before anything is written. */
  recover(): Recovered {
    return this.#attempt("read", () => {
      const compacted = this.#database.prepare("SELECT version FROM compaction").get()?.["version"];
      const newest = this.#database.prepare("SELECT max(id) AS id FROM change").get()?.["id"];
      const compactedVersion = Number(compacted);
      return { compactedVersion, version: Math.max(compactedVersion, versionOf(Number(newest ?? 0))), rows: this.#rows() };
    });
  }

  /**
   * Appends the changes, which are in order of version, as one transaction. They are durable after the next `sync`.
   * Throws `StoreFailure`; then nothing is written.
   */
  append(changes: readonly Change[]): void {
    this.#resolveDoubt();
    this.#transaction("write", () => {
      let version = 0;
      let place = 0;
      for (const change of changes) {
        if (change.version !== version) place = 0;
        version = change.version;
        const { key, entry } = change;
        this.#insert.run(version * commitOperationsMax + place++, key, entry?.createdVersion ?? 0, entry?.value ?? null);
      }
    });
  }

  /**
   * Resolves when everything appended is on the disk. `firstVersion` is the first one appended since the last sync.
   * Rejects with `StoreFailure`; then the next `append` takes it back first.
   */
  sync(firstVersion: number): Promise<void> {
    return new Promise((resolve, reject) => {
      fdatasync(this.#wal, (error) => {
        if (!error) return resolve();
        this.#doubtfulVersion = firstVersion;
        reject(this.#failure("write", error));
      });
    });
  }

  /** Notes that versions below `version` are gone. */
  setCompacted(version: number): void {
    this.#transaction("compact", () => this.#setCompacted.run(version));
  }

  /** Deletes some of the rows, from the first on, and returns how many. A file in which only some are deleted replays to the same state. */
  deleteRows(rows: readonly DeadRow[]): number {
    const slice = rows.slice(0, compactionSlice);
    this.#transaction("compact", () => {
      for (const { key, version } of slice) {
        this.#delete.run(version * commitOperationsMax, (version + 1) * commitOperationsMax - 1, key);
      }
    });
    return slice.length;
  }

  /** Hands some free pages back to the file system. Whether more can be. */
  reclaim(): boolean {
    return this.#attempt("compact", () => {
      const before = this.#freePages();
      if (before > 0) this.#database.exec(`PRAGMA incremental_vacuum(${reclaimSlice})`);
      const left = this.#freePages();
      return left > 0 && left < before;
    });
  }

  #freePages(): number {
    return Number(this.#database.prepare("PRAGMA freelist_count").get()?.["freelist_count"]);
  }

  close(): void {
    // Closing writes the log back into the main file, so an unanswered commit must be taken out before.
    try {
      this.#resolveDoubt();
    } finally {
      closeSync(this.#wal);
      this.#attempt("close", () => this.#database.close());
    }
  }

  /**
   * After a failed sync the kernel may hold pages for clean that never reached the disk, and a later sync would not bring
   * them up again. So the log is written back whole into the main file, by SQLite and synced, and starts anew.
   */
  #resolveDoubt(): void {
    const version = this.#doubtfulVersion;
    if (version === undefined) return;
    this.#transaction("write", () => this.#database.prepare("DELETE FROM change WHERE id >= ?").run(version * commitOperationsMax));
    const outcome = this.#attempt("write", () => this.#database.prepare("PRAGMA wal_checkpoint(TRUNCATE)").get());
    if (outcome?.["busy"] !== 0) throw new StoreFailure(`cannot write ${this.#path}: its log could not be written back`);
    this.#doubtfulVersion = undefined;
  }

  #prepareFile(): void {
    const database = this.#database;
    // One process at a time, from the first statement to the end: two engines on one file would each miss the other's writes.
    database.exec(
      "PRAGMA locking_mode = EXCLUSIVE; PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL",
    );
    database.exec("PRAGMA journal_size_limit = 16777216; PRAGMA cache_size = -2048; PRAGMA temp_store = MEMORY");
    database.exec("BEGIN IMMEDIATE");
    const found = Number(database.prepare("PRAGMA application_id").get()?.["application_id"]);
    const tables = Number(database.prepare("SELECT count(*) AS count FROM sqlite_schema").get()?.["count"]);
    const version = Number(database.prepare("PRAGMA user_version").get()?.["user_version"]);
    if (tables === 0) database.exec(layout);
    else if (found !== applicationId) throw new StoreFailure(`${this.#path} is a database of another program`);
    else if (version !== layoutVersion) {
      throw new StoreFailure(`${this.#path} has layout ${version}; this release reads layout ${layoutVersion}`);
    }
    database.exec("COMMIT");
  }

  *#rows(): Generator<Row> {
    const statement = this.#database.prepare("SELECT id, key, created, value FROM change WHERE id > ? ORDER BY id LIMIT ?");
    statement.setReturnArrays(true);
    for (let last = 0; ; ) {
      const rows = this.#attempt("read", () => statement.all(last, rowsPerRead)) as unknown as [
        number,
        string,
        number,
        Uint8Array | null,
      ][];
      for (const [id, key, createdVersion, value] of rows) {
        yield { key, version: versionOf(id), createdVersion, value };
        last = id;
      }
      if (rows.length < rowsPerRead) return;
    }
  }

  #transaction(what: string, work: () => void): void {
    this.#attempt(what, () => {
      this.#database.exec("BEGIN IMMEDIATE");
      try {
        work();
        this.#database.exec("COMMIT");
      } catch (error) {
        // SQLite may have rolled back by itself, depending on the error.
        if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
        throw error;
      }
    });
  }

  #attempt<T>(what: string, work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw this.#failure(what, error);
    }
  }

  #failure(what: string, error: unknown): StoreFailure {
    if (error instanceof StoreFailure) return error;
    const { errcode, code } = error as { errcode?: number; code?: string };
    const reason =
      (errcode !== undefined ? reasons.get(errcode & 0xff) : reasons.get(code)) ?? (error instanceof Error ? error.message : String(error));
    return new StoreFailure(`cannot ${what} ${this.#path}: ${reason}`, { cause: error });
  }
}

/** Primary result codes of SQLite and error codes of the system, in an operator's words. */
const reasons: ReadonlyMap<number | string | undefined, string> = new Map<number | string, string>([
  [5, "another process has it open"],
  [6, "another process has it open"],
  [8, "the file or its file system is read-only"],
  [10, "the disk reports an input/output error"],
  [11, "the file is damaged"],
  [13, "the disk is full"],
  [14, "the file can't be opened or created"],
  [26, "the file is no database of this program"],
  ["EIO", "the disk reports an input/output error"],
  ["ENOSPC", "the disk is full"],
  ["EDQUOT", "the disk quota is used up"],
  ["EACCES", "permission denied"],
  ["ENOENT", "its folder does not exist"],
  ["EROFS", "the file or its file system is read-only"],
]);

const versionOf = (id: number): number => Math.floor(id / commitOperationsMax);
