/** One informer per kind, shared by everything in the process that asks for that kind. */
import { apiVersionOf, type KindRef } from "../api/kind.ts";
import type { KubeObject } from "../api/meta/object.ts";
import type { World } from "../base/world.ts";
import type { Client } from "./client.ts";
import { Informer } from "./informer.ts";

export interface Informers {
  /** The informer of a kind, made when first asked for. It watches as soon as `start` has been called. */
  of<T extends KubeObject>(kind: KindRef<T>): Informer<T>;
  /** Starts all informers there are and all that will be asked for. */
  start(): void;
  /** Resolves when every informer asked for so far has synced. */
  whenSynced(): Promise<void>;
  close(): void;
}

export function informerFactory(options: { readonly client: Client; readonly world: World; readonly namespace?: string }): Informers {
  const informers = new Map<string, Informer<never>>();
  let started = false;
  return {
    of<T extends KubeObject>(kind: KindRef<T>): Informer<T> {
      const name = `${apiVersionOf(kind)}/${kind.plural}`;
      const known = informers.get(name);
      if (known) return known as unknown as Informer<T>;
      const informer = new Informer<T>({ ...options, kind });
      informers.set(name, informer as unknown as Informer<never>);
      if (started) informer.start();
      return informer;
    },
    start() {
      started = true;
      for (const informer of informers.values()) informer.start();
    },
    async whenSynced() {
      for (const informer of [...informers.values()]) await informer.whenSynced();
    },
    close() {
      for (const informer of informers.values()) informer.close();
    },
  };
}
