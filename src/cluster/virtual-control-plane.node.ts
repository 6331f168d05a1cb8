/**
 * A control plane in virtual time for tests: the real server core over a memory store, the controllers that the test
 * asks for, and a clock that moves only when told. No ports, no files, no nodes.
 */
import type { KindDefinition, KindRef } from "../api/kind.ts";
import { ServiceAccount } from "../api/kinds/service-account/index.ts";
import { kinds } from "../api/registry.ts";
import type { KubeObject, ObjectKey } from "../api/meta/object.ts";
import { type Log, silentLog } from "../base/log.ts";
import { seededRandom } from "../base/random.ts";
import { settle } from "../base/settle.node.ts";
import { VirtualClock } from "../base/virtual-clock.ts";
import type { World } from "../base/world.ts";
import type { Client } from "../client/client.ts";
import type { Informers } from "../client/informers.ts";
import type { EventBroadcaster } from "../client/recorder.ts";
import type { Controller, ControllerDeps } from "../client/controller.ts";
import { openMemoryStore } from "../store/memory-store.ts";
import type { Authors } from "../release/records/authors.ts";
import type { AdmissionRule } from "../server/admission/admission.ts";
import type { User } from "../server/api.ts";
import { type ControlPlane, createControlPlane } from "./control-plane.ts";

export interface VirtualControlPlane {
  readonly clock: VirtualClock;
  readonly world: World;
  /** Acts as the cluster's administrator. */
  readonly client: Client;
  /** A client that acts as `user`. */
  clientFor(user: User, fieldManager: string): Client;
  readonly informers: Informers;
  readonly events: EventBroadcaster;
  /** What the cache holds of an object, which is what the server holds: the caches of one process are never behind. */
  cached<T extends KubeObject>(kind: KindRef<T>, key: ObjectKey): T | undefined;
  stop(): Promise<void>;
}

export interface VirtualControlPlaneOptions {
  /** Which controllers run. */
  readonly controllers: readonly ((deps: ControllerDeps, authors: Authors) => Controller | readonly Controller[])[];
  /** Stands between the controllers and the server, to make things go wrong. */
  readonly between?: (client: Client) => Client;
  /** Stands in place of the release features' own rules of admission; `client` gives the administrator's. */
  readonly releaseRule?: (client: () => Client) => AdmissionRule;
  /** Kinds that are served beside the usual ones. */
  readonly moreKinds?: readonly KindDefinition[];
  readonly seed?: number;
  readonly log?: Log;
}

/** Starts a control plane with the system's namespaces; all caches are complete and all controllers run when it resolves. */
export async function startVirtualControlPlane(options: VirtualControlPlaneOptions): Promise<VirtualControlPlane> {
  const clock = new VirtualClock(settle);
  const world: World = { clock, random: seededRandom(options.seed ?? 1), log: options.log ?? silentLog };
  const store = openMemoryStore();
  const rule = options.releaseRule?.(() => plane.client);
  const plane: ControlPlane = createControlPlane({
    store,
    world,
    kinds: [...kinds, ...(options.moreKinds ?? [])],
    ...(rule && { api: { admission: [rule] }, releases: false }),
    facts: { caBundle: "", apiServer: () => ({ ip: "127.0.0.1", port: 6443 }) },
    controllers: (deps, _, authors) => {
      const client = options.between?.(deps.client) ?? deps.client;
      return options.controllers.flatMap((make) => make({ ...deps, client }, authors));
    },
  });
  await plane.start();
  // Pods are refused without it, and the controller that makes it may not be among those that run here.
  await plane.client.create(ServiceAccount, {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: { name: "default", namespace: "default" },
  });
  await clock.advance(0);
  return {
    clock,
    world,
    client: plane.client,
    clientFor: plane.clientFor,
    informers: plane.informers,
    events: plane.events,
    cached: (kind, key) => plane.informers.of(kind).lister.get(key),
    async stop() {
      await plane.stop();
      await store.close();
    },
  };
}
