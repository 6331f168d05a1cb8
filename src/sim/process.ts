/** A process of controllers on one set of caches, as a real engine has them. It can die and begin anew. */
import type { KindDefinition } from "../api/kind.ts";
import { ControllerRevision } from "../api/kinds/controller-revision/index.ts";
import { DaemonSet } from "../api/kinds/daemon-set/index.ts";
import { Deployment } from "../api/kinds/deployment/index.ts";
import { PersistentVolumeClaim } from "../api/kinds/persistent-volume-claim/index.ts";
import { Pod } from "../api/kinds/pod/index.ts";
import { ReplicaSet } from "../api/kinds/replica-set/index.ts";
import { StatefulSet } from "../api/kinds/stateful-set/index.ts";
import type { World } from "../base/world.ts";
import { informerFactory } from "../client/informers.ts";
import type { EventRecorder } from "../client/recorder.ts";
import { garbageCollector } from "../controllers/garbage-collector/index.ts";
import { nodeLifecycleController } from "../controllers/node-lifecycle/index.ts";
import { podGcController } from "../controllers/pod-gc/index.ts";
import { scheduler } from "../controllers/scheduler/index.ts";
import type { Connection } from "./network.ts";
import type { Actor } from "./workloads/workload.ts";

/** Kinds whose owners the worlds of the simulation have. */
export const ownedKinds = [
  Deployment,
  ReplicaSet,
  StatefulSet,
  DaemonSet,
  ControllerRevision,
  Pod,
  PersistentVolumeClaim,
] as unknown as readonly KindDefinition[];

/** Those that every world has: Pods are placed, and what nobody owns goes. */
export const always = (kinds: readonly KindDefinition[]): readonly Actor[] => [
  { name: "garbage-collector", make: (deps) => garbageCollector(deps, kinds) },
  { name: "node-lifecycle", make: nodeLifecycleController },
  { name: "pod-gc", make: podGcController },
  { name: "scheduler", make: scheduler },
];

export interface ControllerProcess {
  /** Ends at once, in the middle of whatever it does. */
  kill(): void;
}

/** Starts controllers with empty caches. */
export function startProcess(options: {
  readonly connection: Connection;
  readonly world: World;
  readonly actors: readonly Actor[];
  recorderFor(component: string): EventRecorder;
}): ControllerProcess {
  const { connection, world, recorderFor } = options;
  const informers = informerFactory({ client: connection.clientOf("informers"), world });
  const controllers = options.actors.flatMap(({ name, make }) =>
    make({ client: connection.clientOf(name), informers, world, recorderFor }),
  );
  for (const controller of controllers) controller.start();
  informers.start();
  return {
    kill() {
      connection.cut();
      // A pass that waits for an answer waits for ever, so nobody waits for the passes.
      for (const controller of controllers) void controller.stop();
      informers.close();
    },
  };
}
