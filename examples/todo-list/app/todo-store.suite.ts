/** What every place for items is held to. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { StoreReadOnlyError, type TodoStore } from "./todo-store.ts";

export interface OpenStores {
  /** Opens the same, at first empty place once more. Whoever opens a store closes it. */
  open(options: { readonly isReadOnly: boolean }): TodoStore;
}

/** Registers the tests of the contract; `prepare` is called once for each. */
export function todoStoreSuite(name: string, prepare: () => Promise<OpenStores>): void {
  test(`${name}: items come back newest first, whatever is in their text`, async () => {
    const store = (await prepare()).open({ isReadOnly: false });
    assert.deepEqual(await store.list(), { items: [], total: 0 });
    const texts = ["first", "Robert'); drop table todo_items; --", "<b>ünïcode & 🎉</b>"];
    for (const text of texts) await store.add({ id: randomUUID(), text });
    const { items, total } = await store.list();
    assert.deepEqual(
      items.map(({ text }) => text),
      texts.toReversed(),
    );
    assert.equal(total, 3);
    assert.ok(Math.abs(Date.now() - (items[0]?.addedAt.getTime() ?? 0)) < 60_000);
    await store.close();
  });

  test(`${name}: an item added twice by its id is there once`, async () => {
    const store = (await prepare()).open({ isReadOnly: false });
    const item = { id: randomUUID(), text: "once" };
    await Promise.all([store.add(item), store.add(item), store.add(item)]);
    assert.equal((await store.list()).total, 1);
    await store.close();
  });

  test(`${name}: items are there after it was closed, and one opened for reading takes none`, async () => {
    const stores = await prepare();
    const first = stores.open({ isReadOnly: false });
    await first.add({ id: randomUUID(), text: "kept" });
    await first.close();
    const second = stores.open({ isReadOnly: true });
    await second.ping();
    await assert.rejects(second.add({ id: randomUUID(), text: "no" }), StoreReadOnlyError);
    assert.deepEqual(
      (await second.list()).items.map(({ text }) => text),
      ["kept"],
    );
    await second.close();
  });

  test(`${name}: a long list is cut and counted`, async () => {
    const store = (await prepare()).open({ isReadOnly: false });
    await Promise.all(Array.from({ length: 205 }, (_, number) => store.add({ id: randomUUID(), text: `item ${number}` })));
    const { items, total } = await store.list();
    assert.deepEqual([items.length, total], [200, 205]);
    await store.close();
  });
}
