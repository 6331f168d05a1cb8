/** Where to-do items are kept: the contract that the databases fulfil. */

export interface TodoItem {
  readonly id: string;
  readonly text: string;
  readonly addedAt: Date;
}

/** Every call settles within a few seconds, whatever the database does, and fails with one of the errors below or as a fault of the program. */
export interface TodoStore {
  /** Host of the database, or its file: for people, without any secret. */
  readonly place: string;
  /** The newest items first, at most `listMax`, and how many there are in all. */
  list(): Promise<{ readonly items: readonly TodoItem[]; readonly total: number }>;
  /** Adds an item; one that is already there by its id is left as it is, so that adding can be tried again. */
  add(item: { readonly id: string; readonly text: string }): Promise<void>;
  /** Resolves when the database answers. */
  ping(): Promise<void>;
  /** Lets calls under way finish and lets go of the database. */
  close(): Promise<void>;
}

/** How many items `list` returns. */
export const listMax = 200;

/** The database can't be reached or is starting or stopping. The message is for the log; it holds no secret. */
export class StoreAwayError extends Error {}

/** The database answers and takes no writes: it is a standby, or nobody may write to it. */
export class StoreReadOnlyError extends Error {}
