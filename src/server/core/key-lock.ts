/** Lets writers of one key go one after another, in the order they came; different keys do not wait for each other. */
export class KeyLock {
  /** The last writer of each key that somebody holds or waits for. */
  readonly #tails = new Map<string, Promise<void>>();

  /** Runs `task` when every earlier task of this key has ended. */
  async run<T>(key: string, task: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(key);
    let release!: () => void;
    const tail = new Promise<void>((resolve) => {
      release = resolve;
    });
    this.#tails.set(key, tail);
    if (before) await before;
    try {
      return await task();
    } finally {
      if (this.#tails.get(key) === tail) this.#tails.delete(key);
      release();
    }
  }
}
