/**
 * A control plane in virtual time for tests: the real server core over a memory store, the real controllers, and a
 * clock that moves only when told. No ports, no files, no nodes.
 */
import type { KubeObject, ObjectKey } from "../api/meta/object.ts";
import { Namespace } from "../api/kinds/namespace/index.ts";
import { ServiceAccount } from "../api/kinds/service-account/index.ts";
import type { KindRef } from "../api/kind.ts";
import { kinds } from "../api/registry.ts";
import type { Log } from "../base/log.ts";
import { silentLog } from "../base/log.ts";
import { seededRandom } from "../base/random.ts";
import { settle } from "../base/settle.node.ts";
import { VirtualClock } from "../base/virtual-clock.ts";
import type { World } from "../base/world.ts";
import type { Client } from "../client/client.ts";
import { type Informers, informerFactory } from "../client/informers.ts";
import { type EventBroadcaster, eventBroadcaster } from "../client/recorder.ts";
import type { Controller, ControllerDeps } from "../controllers/runtime/controller.ts";
import { createApi } from "../server/core/api.ts";
import { openMemoryStore } from "../store/memory-store.ts";
import { inProcessClient } from "./in-process-client.ts";

export interface VirtualControlPlane {
  readonly clock: VirtualClock;
  readonly world: World;
  readonly client: Client;
  readonly informers: Informers;
  readonly events: EventBroadcaster;
  readonly deps: ControllerDeps;
  /** What the cache holds of an object, which is what the server holds: the caches of one process are never behind. */
  cached<T extends KubeObject>(kind: KindRef<T>, key: ObjectKey): T | undefined;
  stop(): Promise<void>;
}

export interface VirtualControlPlaneOptions {
  /** Which controllers run. */
  readonly controllers: readonly ((deps: ControllerDeps) => Controller)[];
  /** Namespaces to begin with. Default: `default`. */
  readonly namespaces?: readonly string[];
  readonly seed?: number;
  readonly log?: Log;
}

/** Starts a control plane; all caches are complete and all controllers run when it resolves. */
export async function startVirtualControlPlane(options: VirtualControlPlaneOptions): Promise<VirtualControlPlane> {
  const clock = new VirtualClock(settle);
  const world: World = { clock, random: seededRandom(options.seed ?? 1), log: options.log ?? silentLog };
  const store = openMemoryStore();
  const api = createApi({ store, kinds, world });
  const user = { name: "system:kube-controller-manager", groups: ["system:masters"] };
  const client = inProcessClient({ api, kinds, user, fieldManager: "kube-controller-manager" });
  const informers = informerFactory({ client, world });
  const events = eventBroadcaster({ client, world });
  const deps: ControllerDeps = { client, informers, world, recorderFor: (component) => events.recorderFor(component) };
  for (const name of options.namespaces ?? ["default"]) {
    await client.create(Namespace, { apiVersion: "v1", kind: "Namespace", metadata: { name } });
    // Pods are refused without it; the controller that makes it may not be among those that run here.
    await client.create(ServiceAccount, { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default", namespace: name } });
  }
  const controllers = options.controllers.map((make) => make(deps));
  informers.start();
  for (const controller of controllers) controller.start();
  await clock.advance(0);
  return {
    clock,
    world,
    client,
    informers,
    events,
    deps,
    cached: (kind, key) => informers.of(kind).lister.get(key),
    async stop() {
      for (const controller of controllers) await controller.stop();
      informers.close();
      api.close();
      await store.close();
    },
  };
}
