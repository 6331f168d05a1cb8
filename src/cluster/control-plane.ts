/**
 * A control plane without a wire or a machine: the server's core over a store, and all controllers on in-process
 * clients. The engine puts a wire and nodes around it; tests and rehearsals run it on a virtual clock.
 */
import type { KindDefinition } from "../api/kind.ts";
import { Namespace } from "../api/kinds/namespace/index.ts";
import { kinds as allKinds } from "../api/registry.ts";
import { isAlreadyExists } from "../api/errors.ts";
import type { KubeObject } from "../api/meta/object.ts";
import type { KindRef } from "../api/kind.ts";
import type { World } from "../base/world.ts";
import type { Client } from "../client/client.ts";
import { type Informers, informerFactory } from "../client/informers.ts";
import { type EventBroadcaster, eventBroadcaster } from "../client/recorder.ts";
import { allControllers, type ClusterFacts } from "../controllers/all.ts";
import type { Controller, ControllerDeps } from "../client/controller.ts";
import { releaseControllers } from "../release/controller/release-controllers.ts";
import { type Authors, engineUser } from "../release/records/authors.ts";
import type { Api, User } from "../server/api.ts";
import { type ApiOptions, createApi } from "../server/core/api.ts";
import type { Store } from "../store/store.ts";
import { configurationRule } from "./configuration-rule.ts";
import { inProcessClient } from "./in-process-client.ts";
import { templateAuthors } from "./template-authors.ts";

export interface ControlPlaneOptions {
  readonly store: Store;
  readonly world: World;
  readonly facts: ClusterFacts;
  /** Default: every kind there is. */
  readonly kinds?: readonly KindDefinition[];
  /** What the server's core needs from the floor above it: tokens, reviews, address ranges. */
  readonly api?: Omit<ApiOptions, "store" | "kinds" | "world">;
  /** Default true: releases are recorded, and annotations for rollback and configuration are followed. False: as plain Kubernetes. */
  readonly releases?: boolean;
  /** Which controllers run. Default: all. */
  readonly controllers?: (deps: ControllerDeps, facts: ClusterFacts, authors: Authors) => readonly Controller[];
}

export interface ControlPlane {
  readonly api: Api;
  readonly kinds: readonly KindDefinition[];
  /** Acts as the cluster's administrator. */
  readonly client: Client;
  readonly informers: Informers;
  readonly events: EventBroadcaster;
  readonly controllers: readonly Controller[];
  /** A client that acts as `user`. */
  clientFor(user: User, fieldManager: string): Client;
  /** Creates what every cluster has and starts the controllers. Resolves when their caches are complete. */
  start(): Promise<void>;
  /** Stops the controllers, then the server's core. The store stays open. */
  stop(): Promise<void>;
}

const releaseManager: User = { name: engineUser, groups: ["system:masters", "system:authenticated"] };
const controllerManager: User = { name: "system:kube-controller-manager", groups: ["system:authenticated"] };

/** The namespaces that every cluster has. */
const systemNamespaces = ["default", "kube-system", "kube-public", "kube-node-lease"] as const;

/** Composes a control plane; nothing runs until `start`. */
export function createControlPlane(options: ControlPlaneOptions): ControlPlane {
  const { store, world, facts, releases = true } = options;
  const kinds = options.kinds ?? allKinds;
  // The rule is asked when somebody writes, by when there is a client.
  const follow = configurationRule(() => clientFor(releaseManager, "windlass"));
  const { rule: noteAuthors, authors } = templateAuthors();
  const api = createApi({
    ...options.api,
    store,
    kinds,
    world,
    admission: [...(options.api?.admission ?? []), ...(releases ? [follow, noteAuthors] : [])],
  });
  const clientFor = (user: User, fieldManager: string): Client => inProcessClient({ api, kinds, user, fieldManager });
  const client = clientFor({ name: "system:admin", groups: ["system:masters", "system:authenticated"] }, "windlass");
  const managerClient = clientFor(controllerManager, "kube-controller-manager");
  const informers = informerFactory({ client: managerClient, world });
  const events = eventBroadcaster({ client: managerClient, world });
  const deps: ControllerDeps = { client: managerClient, informers, world, recorderFor: (component) => events.recorderFor(component) };
  const controllers = options.controllers?.(deps, facts, authors) ?? [
    ...allControllers(deps, facts),
    ...(releases ? releaseControllers({ ...deps, client: clientFor(releaseManager, "windlass") }, authors) : []),
  ];
  return {
    api,
    kinds,
    client,
    informers,
    events,
    controllers,
    clientFor,
    async start() {
      for (const name of systemNamespaces) {
        await createOnce(client, Namespace, { apiVersion: "v1", kind: "Namespace", metadata: { name } });
      }
      for (const controller of controllers) controller.start();
      informers.start();
      await informers.whenSynced();
    },
    async stop() {
      for (const controller of controllers) await controller.stop();
      informers.close();
      api.close();
    },
  };
}

/** Creates an object unless one of that name is there. */
export async function createOnce<T extends KubeObject>(client: Client, kind: KindRef<T>, object: T): Promise<void> {
  try {
    await client.create(kind, object);
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
}
