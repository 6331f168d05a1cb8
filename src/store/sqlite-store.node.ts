/** The durable store: one SQLite file under the shared in-memory index. A commit resolves when the disk has it. */
import { LogStore } from "./log-store.ts";
import { type DeadRow, SqliteLog } from "./sqlite-log.node.ts";
import type { Change, Store } from "./store.ts";

export interface SqliteStoreOptions {
  /** The file; created when absent. Its folder must exist. SQLite keeps `<path>-wal` beside it. */
  readonly path: string;
  /** History is compacted by itself beyond this many changes. Default 50,000. */
  readonly historyMax?: number;
}

/**
 * Opens the store and locks it for this process. What was acknowledged before is there, with its history since the last
 * compaction. Throws `StoreFailure` when the file is damaged, foreign, of another layout, in use or not writable.
 */
export function openSqliteStore(options: SqliteStoreOptions): Store {
  const log = new SqliteLog(options.path);
  /** Rows that compaction has yet to delete: more than one call's worth only after a failure. */
  let dead: DeadRow[] = [];
  const compact = async (version: number, forgotten: readonly Change[]): Promise<void> => {
    dead = [...dead, ...deadRows(forgotten)];
    log.setCompacted(version);
    // Slice by slice, with a turn of the event loop between them: commits go on meanwhile.
    while (dead.length > 0) {
      dead = dead.slice(log.deleteRows(dead));
      await turn();
    }
    while (log.reclaim()) await turn();
  };
  try {
    return new LogStore({
      backend: {
        write(changes) {
          log.append(changes);
          return log.sync(changes[0]?.version ?? 0);
        },
        compact,
        close: () => log.close() as undefined,
      },
      recovered: log.recover(),
      // Commits of one turn of the event loop share a transaction, and so its sync.
      schedule: (task) => void setImmediate(task),
      ...options,
    });
  } catch (error) {
    log.close();
    throw error;
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/**
 * The rows that no reader needs once these changes are forgotten: what each change replaced, and the deletions themselves.
 * In this order a deletion outlives what it deletes, so an interrupted compaction brings nothing back.
 */
function deadRows(forgotten: readonly Change[]): DeadRow[] {
  return forgotten.flatMap(({ type, key, version, previous }) => [
    ...(previous ? [{ key, version: previous.version }] : []),
    ...(type === "delete" ? [{ key, version }] : []),
  ]);
}
