/**
 * Follows all rollouts of some kinds, those that appear later included, over shared watches: however many workloads there are, it is
 * one watch per kind. A workload that is deleted leaves; one that is made again under its name is another one.
 */
import { Pod } from "../../api/kinds/pod/index.ts";
import type { KindRef } from "../../api/kind.ts";
import { type KubeObject, keyOf, keyText, type ObjectKey } from "../../api/meta/object.ts";
import type { World } from "../../base/world.ts";
import type { Client } from "../../client/client.ts";
import { Informer } from "../../client/informer.ts";
import type { Informers } from "../../client/informers.ts";
import { controllerOf } from "../../machinery/owners.ts";
import { cachedWorkloads } from "../cached-workload.ts";
import type { ReadLog } from "../explain/gather.ts";
import type { WorkloadKind, WorkloadObject } from "../workload.ts";
import { eventInformer, eventSource, type Follower, followRollout } from "./follow.ts";
import type { RolloutView } from "./rollout-view.ts";

export interface FollowSetOptions {
  readonly client: Client;
  readonly world: World;
  readonly kinds: readonly WorkloadKind[];
  /** Absent: all namespaces. */
  readonly namespace?: string;
  /** Of the workloads. */
  readonly labelSelector?: string;
  readonly readLog?: ReadLog;
  /** As `ExplainOptions.flags`. */
  readonly flags?: string;
  /** As `FollowOptions.changed`, for each of them. */
  changed(workload: { readonly kind: WorkloadKind; readonly key: ObjectKey }, view: RolloutView | undefined): void;
}

/** Resolves when the first view of every workload that is there has been handed over. Rejects where what it needs may not be listed. */
export async function followSet(options: FollowSetOptions): Promise<Follower> {
  const { client, world, kinds, namespace, labelSelector } = options;
  const place = namespace === undefined ? {} : { namespace };
  const refs = new Map([Pod as KindRef, ...kinds.map(({ revisionRef }) => revisionRef)].map((ref) => [ref.plural, ref]));
  // A watch tries again for ever; what is forbidden has to be an error.
  for (const ref of [...refs.values(), ...kinds.map((kind) => kind.ref)]) await client.list(ref, { ...place, limit: 1 });
  const made = new Map<string, Informer<never>>();
  const informerOf = <T extends KubeObject>(kind: KindRef<T>, selector?: string): Informer<T> => {
    const known = made.get(kind.plural) as unknown as Informer<T> | undefined;
    const informer = known ?? new Informer<T>({ client, world, kind, ...place, ...(selector && { labelSelector: selector }) });
    made.set(kind.plural, informer as unknown as Informer<never>);
    return informer;
  };
  for (const { ref } of kinds) informerOf(ref, labelSelector);
  const informers: Pick<Informers, "of"> = { of: (kind) => informerOf(kind) };
  const events = eventInformer({ client, world, ...place });
  const followers = new Map<string, Follower>();
  /** Who has to hear that something of this workload has changed. */
  const listeners = new Map<string, () => void>();
  const waiting: Promise<unknown>[] = [];
  let over = false;

  const close = (): void => {
    over = true;
    for (const follower of followers.values()) follower.close();
    for (const informer of made.values()) informer.close();
    events.close();
  };

  const join = (kind: WorkloadKind, object: WorkloadObject, cached: ReturnType<typeof cachedWorkloads>): void => {
    const key = keyOf(object);
    const { uid } = object.metadata;
    const id = `${kind.title} ${keyText(key)} ${uid}`;
    const starting = followRollout({
      ...options,
      kind,
      key,
      changed(view) {
        if (!view) followers.delete(id);
        options.changed({ kind, key }, view);
      },
      source: {
        ...eventSource(events),
        watch: async (changed) => {
          listeners.set(id, changed);
          const current = () => {
            const now = cached.get(key);
            return now && now.metadata.uid === uid ? cached.snapshot(now) : undefined;
          };
          return { current, close: () => listeners.delete(id) };
        },
        close() {},
      },
    });
    waiting.push(
      starting.then((follower) => {
        if (over) follower.close();
        else followers.set(id, follower);
      }),
    );
  };

  const tell = (kind: WorkloadKind, object: WorkloadObject | undefined): void => {
    if (object) listeners.get(`${kind.title} ${keyText(keyOf(object))} ${object.metadata.uid}`)?.();
  };
  const all = kinds.map((kind) => ({ kind, cached: cachedWorkloads(kind, { informers: informers as Informers, world }) }));
  for (const informer of made.values()) informer.start();
  events.start();
  for (const informer of made.values()) await informer.whenSynced();
  for (const { kind, cached } of all) {
    informerOf(kind.ref).addHandler(({ type, object }) => {
      if (type === "added") join(kind, object as WorkloadObject, cached);
      else tell(kind, object as WorkloadObject);
    });
    informerOf(kind.revisionRef).addHandler(({ object }) => {
      const owner = controllerOf(object);
      if (owner?.kind === kind.ref.kind) tell(kind, cached.get({ ...keyOf(object), name: owner.name }));
    });
    informerOf(Pod).addHandler(({ object }) => {
      const key = cached.ownerOf(object);
      if (key) tell(kind, cached.get(key));
    });
  }
  await Promise.all(waiting);
  return { close };
}
