/**
 * Watchers of one kind by what they pin: most that select by field want one name or one node, and a change concerns only
 * those whose value its object has or had. Thousands of such watchers cost a change nothing.
 */
import type { AnyObject } from "../../api/meta/object.ts";
import type { Selection } from "./selection.ts";

interface Selective {
  readonly selection: Selection;
}

/** The watchers that pin one field, by the value they want. */
interface PinnedField<W> {
  readonly get: (object: AnyObject) => string;
  readonly byValue: Map<string, Set<W>>;
}

export class WatcherIndex<W extends Selective> {
  readonly #all = new Set<W>();
  readonly #unpinned = new Set<W>();
  /** By the field's name. A field without watchers and a value without watchers are not in it. */
  readonly #pinned = new Map<string, PinnedField<W>>();

  get size(): number {
    return this.#all.size;
  }

  /** All watchers, in the order they came. */
  all(): Iterable<W> {
    return this.#all;
  }

  add(watcher: W): void {
    this.#all.add(watcher);
    const { pin } = watcher.selection;
    if (!pin) {
      this.#unpinned.add(watcher);
      return;
    }
    let field = this.#pinned.get(pin.field);
    if (!field) this.#pinned.set(pin.field, (field = { get: pin.get, byValue: new Map() }));
    let watchers = field.byValue.get(pin.value);
    if (!watchers) field.byValue.set(pin.value, (watchers = new Set()));
    watchers.add(watcher);
  }

  /** False when it was not there. */
  delete(watcher: W): boolean {
    if (!this.#all.delete(watcher)) return false;
    this.#unpinned.delete(watcher);
    const { pin } = watcher.selection;
    const field = pin && this.#pinned.get(pin.field);
    const watchers = field?.byValue.get(pin?.value ?? "");
    if (!pin || !field || !watchers) return true;
    watchers.delete(watcher);
    if (watchers.size === 0) field.byValue.delete(pin.value);
    if (field.byValue.size === 0) this.#pinned.delete(pin.field);
    return true;
  }

  /** Calls `visit` with every watcher that a change between these states may concern, each once. */
  concerned(now: AnyObject | undefined, before: AnyObject | undefined, visit: (watcher: W) => void): void {
    for (const watcher of this.#unpinned) visit(watcher);
    for (const { get, byValue } of this.#pinned.values()) {
      const value = now && get(now);
      const previous = before && get(before);
      if (value !== undefined) for (const watcher of byValue.get(value) ?? []) visit(watcher);
      if (previous !== undefined && previous !== value) for (const watcher of byValue.get(previous) ?? []) visit(watcher);
    }
  }
}
