/**
 * A map whose keys are kept in order (by UTF-16 code unit, as `<` compares strings), with ranks.
 *
 * The keys lie in chunks of at most `chunkMax`, each sorted, each wholly before the next. Insertion moves at most one
 * chunk's worth of slots; a rank adds up the sizes of the chunks before. With 100,000 keys that is a few hundred chunks.
 */

/** A full chunk is split in two halves. */
const chunkMax = 512;
/** A chunk that shrinks below this joins its neighbour when both fit into half a chunk. */
const chunkMin = 64;

interface Chunk<V> {
  readonly keys: string[];
  readonly values: V[];
}

export class SortedMap<V> {
  // Invariant: no chunk is empty, except that an empty map has none at all.
  readonly #chunks: Chunk<V>[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(key: string): V | undefined {
    const chunk = this.#chunks[this.#chunkOf(key)];
    if (!chunk) return undefined;
    const slot = lowerBound(chunk.keys, key);
    return chunk.keys[slot] === key ? chunk.values[slot] : undefined;
  }

  /** Adds the key or replaces its value. */
  set(key: string, value: V): void {
    if (this.#chunks.length === 0) {
      this.#chunks.push({ keys: [key], values: [value] });
      this.#size = 1;
      return;
    }
    // A key behind all others goes to the end of the last chunk.
    const index = Math.min(this.#chunkOf(key), this.#chunks.length - 1);
    const chunk = this.#chunks[index] as Chunk<V>;
    const slot = lowerBound(chunk.keys, key);
    if (chunk.keys[slot] === key) {
      chunk.values[slot] = value;
      return;
    }
    chunk.keys.splice(slot, 0, key);
    chunk.values.splice(slot, 0, value);
    this.#size++;
    if (chunk.keys.length > chunkMax) this.#split(index);
  }

  /** Whether the key was there. */
  delete(key: string): boolean {
    const index = this.#chunkOf(key);
    const chunk = this.#chunks[index];
    if (!chunk) return false;
    const slot = lowerBound(chunk.keys, key);
    if (chunk.keys[slot] !== key) return false;
    chunk.keys.splice(slot, 1);
    chunk.values.splice(slot, 1);
    this.#size--;
    if (chunk.keys.length < chunkMin) this.#shrink(index);
    return true;
  }

  /** How many keys come before `key`, whether it is present or not. */
  rank(key: string): number {
    const index = this.#chunkOf(key);
    let before = 0;
    for (let i = 0; i < index; i++) before += (this.#chunks[i] as Chunk<V>).keys.length;
    const chunk = this.#chunks[index];
    return chunk ? before + lowerBound(chunk.keys, key) : before;
  }

  /** Visits keys from `start` (inclusive) on, in order, until `visit` returns false. The map must not change meanwhile. */
  walk(start: string, visit: (key: string, value: V) => boolean): void {
    let index = this.#chunkOf(start);
    let chunk = this.#chunks[index];
    let slot = chunk ? lowerBound(chunk.keys, start) : 0;
    while (chunk) {
      for (; slot < chunk.keys.length; slot++) if (!visit(chunk.keys[slot] as string, chunk.values[slot] as V)) return;
      chunk = this.#chunks[++index];
      slot = 0;
    }
  }

  /** The first chunk whose last key is not before `key`; the number of chunks when every key is before it. */
  #chunkOf(key: string): number {
    let low = 0;
    let high = this.#chunks.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const { keys } = this.#chunks[middle] as Chunk<V>;
      if ((keys[keys.length - 1] as string) < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #split(index: number): void {
    const { keys, values } = this.#chunks[index] as Chunk<V>;
    // Keys mostly arrive in order: a last chunk that grows at its end is left nearly full.
    const at = index === this.#chunks.length - 1 ? chunkMax - chunkMin : chunkMax >> 1;
    this.#chunks.splice(index + 1, 0, { keys: keys.splice(at), values: values.splice(at) });
  }

  #shrink(index: number): void {
    const chunk = this.#chunks[index] as Chunk<V>;
    if (chunk.keys.length === 0) {
      this.#chunks.splice(index, 1);
      return;
    }
    const next = this.#chunks[index + 1];
    if (!next || chunk.keys.length + next.keys.length > chunkMax >> 1) return;
    chunk.keys.push(...next.keys);
    chunk.values.push(...next.values);
    this.#chunks.splice(index + 1, 1);
  }
}

/** The first slot whose key is not before `key`. */
function lowerBound(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((keys[middle] as string) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
