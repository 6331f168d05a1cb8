/** Reads a workload: once, by lists, or for as long as wanted, by watches. */
import { Pod } from "../api/kinds/pod/index.ts";
import type { KindRef } from "../api/kind.ts";
import type { KubeObject, ObjectKey } from "../api/meta/object.ts";
import type { Timer } from "../base/clock.ts";
import type { World } from "../base/world.ts";
import type { Client } from "../client/client.ts";
import { Informer } from "../client/informer.ts";
import { labelSelectorText } from "../machinery/selectors.ts";
import { snapshotOf } from "./snapshot.ts";
import type { WorkloadKind, WorkloadObject, WorkloadSnapshot } from "./workload.ts";

const pageSize = 500;

/** The workload as it is now; `nowMs` is in milliseconds since the epoch. Throws what the client throws, `isNotFound` where there is none. */
export async function observe(client: Client, kind: WorkloadKind, key: ObjectKey, nowMs: number): Promise<WorkloadSnapshot> {
  const object: WorkloadObject = await client.get(kind.ref, key);
  const where = placeOf(object, key);
  const [revisions, pods] = await Promise.all([listAll(client, kind.revisionRef, where), listAll(client, Pod, where)]);
  return snapshotOf(kind, { object, revisions, pods }, nowMs);
}

/** Everything of a kind, page by page. */
export async function listAll<T extends KubeObject>(
  client: Client,
  kind: KindRef<T>,
  where: { readonly namespace?: string; readonly labelSelector?: string; readonly fieldSelector?: string },
): Promise<T[]> {
  const found: T[] = [];
  let token: string | undefined;
  do {
    const page = await client.list(kind, { ...where, limit: pageSize, ...(token && { continue: token }) });
    for (const item of page.items) found.push(item);
    token = page.continue;
  } while (token);
  return found;
}

function placeOf(object: WorkloadObject, key: ObjectKey): { readonly namespace?: string; readonly labelSelector: string } {
  const labelSelector = labelSelectorText(object.spec?.selector);
  return { ...(key.namespace !== undefined && { namespace: key.namespace }), labelSelector };
}

export interface WorkloadWatch {
  /** The workload as of now; undefined once it is gone. Cheap to call when nothing but time has passed. */
  current(): WorkloadSnapshot | undefined;
  close(): void;
}

export interface WatchWorkloadOptions {
  readonly client: Client;
  readonly world: World;
  readonly kind: WorkloadKind;
  readonly key: ObjectKey;
  /** Called after each change, once for all changes of one turn. Where the workload is gone by then, nothing follows. */
  changed(): void;
}

/**
 * Follows a workload. Resolves when everything has been read once; `changed` has not been called by then. Rejects as `observe`
 * does, so that a missing workload or a forbidden list is an error and not a silent wait. Broken connections are made anew.
 */
export async function watchWorkload({ client, world, kind, key, changed }: WatchWorkloadOptions): Promise<WorkloadWatch> {
  const first: WorkloadObject = await client.get(kind.ref, key);
  const place = placeOf(first, key);
  // A watch tries again for ever: what is forbidden has to show here.
  await Promise.all([kind.revisionRef, Pod].map((ref: KindRef) => client.list(ref, { ...place, limit: 1 })));
  const namespace = key.namespace === undefined ? {} : { namespace: key.namespace };
  const own = new Informer<WorkloadObject>({
    client,
    world,
    kind: kind.ref,
    ...namespace,
    fieldSelector: `metadata.name=${key.name}`,
  });
  const revisions = new Informer({ client, world, kind: kind.revisionRef, ...place });
  const pods = new Informer({ client, world, kind: Pod, ...place });
  const informers = [own, revisions, pods];
  let timer: Timer | undefined;
  let over = false;
  const close = (): void => {
    over = true;
    timer?.cancel();
    for (const informer of informers) informer.close();
  };
  // One that was made again under its name is another workload.
  const isThere = (): boolean => own.lister.get(key)?.metadata.uid === first.metadata.uid;
  const current = (): WorkloadSnapshot | undefined => {
    const object = own.lister.get(key);
    if (!object || !isThere()) return undefined;
    return snapshotOf(kind, { object, revisions: revisions.lister.list(), pods: pods.lister.list() }, world.clock.now());
  };
  for (const informer of informers) informer.start();
  await Promise.all(informers.map((informer) => informer.whenSynced()));
  const tell = (): void => {
    timer = undefined;
    if (!isThere()) close();
    changed();
  };
  let loading = true;
  for (const informer of [own, revisions, pods] as Informer<KubeObject>[])
    informer.addHandler(() => {
      if (loading || over) return;
      timer ??= world.clock.setTimer(0, tell);
    });
  loading = false;
  if (!isThere()) timer ??= world.clock.setTimer(0, tell);
  return { current, close };
}
