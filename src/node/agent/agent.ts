/**
 * The node agent: registers its Node, takes on the Pods bound to it, and carries each through its life with one worker
 * per Pod. Everything runs on the injected clock. Killed and started again it finds its containers and goes on.
 */
import { ConfigMap as ConfigMapKind } from "../../api/kinds/config-map/index.ts";
import { Node as NodeKind } from "../../api/kinds/node/index.ts";
import { Pod as PodKind } from "../../api/kinds/pod/index.ts";
import { Secret as SecretKind } from "../../api/kinds/secret/index.ts";
import { Service as ServiceKind } from "../../api/kinds/service/index.ts";
import { isNotFound } from "../../api/errors.ts";
import type { NodeApi } from "../../api/node-api.ts";
import type { Node, Pod } from "../../api/types.ts";
import type { World } from "../../base/world.ts";
import type { Client } from "../../client/client.ts";
import { Informer } from "../../client/informer.ts";
import type { Informers } from "../../client/informers.ts";
import { informerFactory } from "../../client/informers.ts";
import type { EventRecorder } from "../../client/recorder.ts";
import { eventBroadcaster } from "../../client/recorder.ts";
import type { PodFiles, Prober, Runtime } from "../runtime.ts";
import { volumeMounter } from "../volumes/volume-mounter.ts";
import type { AgentContext } from "./agent-context.ts";
import { backOff } from "./back-off.ts";
import type { NodeAgentConfig } from "./config.ts";
import { defaultNodeAgentConfig } from "./config.ts";
import type { ConfigSource } from "./environment.ts";
import { imagePuller } from "./image-puller.ts";
import { refusalOf } from "./node-admission.ts";
import { nodeApi } from "./node-api.ts";
import { registerNode } from "./node-registration.ts";
import type { Adopted } from "./pod/pod-worker.ts";
import { PodWorker } from "./pod/pod-worker.ts";

export interface NodeAgentDeps {
  readonly nodeName: string;
  readonly client: Client;
  /** Shared informers of the process: Services, ConfigMaps and Secrets are watched once for all its nodes. Absent: the agent watches for itself. */
  readonly informers?: Informers;
  readonly runtime: Runtime;
  readonly prober: Prober;
  readonly files: PodFiles;
  readonly world: World;
  /** Resolves when no traffic is led to the Pod any more; waited for before a container is signalled, within the grace. */
  readonly drain: (pod: Pod) => Promise<void>;
  /** Where events go; absent: the agent records for itself. */
  readonly recorder?: EventRecorder;
  readonly config?: Partial<NodeAgentConfig>;
}

export interface NodeAgent {
  readonly api: NodeApi;
  /** How many Pods it has in hand. */
  readonly podCount: number;
  /** Lets go of everything; containers run on for the next agent to adopt. */
  stop(options: { readonly keepContainers: true }): Promise<void>;
}

/** Starts an agent. Resolves when its Node is registered and the Pods that were already bound to it are taken on. */
export async function startNodeAgent(deps: NodeAgentDeps): Promise<NodeAgent> {
  const { client, files, nodeName, runtime, world } = deps;
  const config: NodeAgentConfig = { ...defaultNodeAgentConfig, ...deps.config };
  const ownInformers = deps.informers === undefined ? informerFactory({ client, world }) : undefined;
  const informers = deps.informers ?? (ownInformers as Informers);
  const recorder = deps.recorder ?? eventBroadcaster({ client, world }).recorderFor("kubelet", nodeName);
  const source = configSource(client);
  const services = informers.of(ServiceKind);
  const workers = new Map<string, PodWorker>();

  const registration = await registerNode({
    nodeName,
    client,
    world,
    config,
    runtimeVersion: `${runtime.name}://${runtime.version}`,
    images: runtime.images,
  });

  // As it is now: somebody may have labelled it a moment ago, for the sake of the very Pod that is asked about.
  const thisNode = (): Node => nodes.lister.get({ name: nodeName }) ?? registration.node();
  const context: AgentContext = {
    nodeName,
    config,
    world,
    client,
    runtime,
    prober: deps.prober,
    files,
    recorder,
    source,
    volumes: volumeMounter({ client, world, files, source, node: thisNode }),
    images: imagePuller({
      world,
      images: runtime.images,
      recorder,
      source,
      backOff: backOff(config.pullBackOff.baseMs, config.pullBackOff.capMs),
    }),
    restarts: backOff(config.restartBackOff.baseMs, config.restartBackOff.capMs),
    services: () => services.lister.list(),
    drain: deps.drain,
    admit: (pod) =>
      refusalOf(
        pod,
        thisNode(),
        [...workers.values()].filter((worker) => worker.occupies).map((worker) => worker.pod),
      ),
  };

  const nodes = new Informer<Node>({ client, kind: NodeKind, world, fieldSelector: `metadata.name=${nodeName}` });
  nodes.addHandler(({ type, object }) => registration.observe(type === "deleted" ? undefined : object));
  nodes.start();
  ownInformers?.start();
  await services.whenSynced();
  await nodes.whenSynced();
  const pods = new Informer<Pod>({ client, kind: PodKind, world, fieldSelector: `spec.nodeName=${nodeName}` });
  pods.start();
  await pods.whenSynced();

  runtime.recall?.(pods.lister.list());
  const adoptable = await whatRuns(runtime);
  const takeOn = (pod: Pod, adopted?: Adopted): void => {
    const uid = pod.metadata.uid as string;
    if (workers.has(uid)) return;
    const worker = new PodWorker(context, pod, adopted, () => workers.delete(uid));
    workers.set(uid, worker);
    worker.wake();
  };
  for (const pod of pods.lister.list()) takeOn(pod, adoptable.get(pod.metadata.uid as string) ?? { sandboxes: [], containers: [] });
  // Others need not wait until the last of a former life has been killed.
  removeOrphans(runtime, files, adoptable, (uid) => workers.has(uid), world).catch((error: unknown) => {
    world.log.warn("looking for what is left of former Pods failed", { error: String(error) });
  });

  const stopListening = [
    runtime.onEvent((event) => workers.get(event.podUid)?.observe(event)),
    pods.addHandler((change) => {
      const uid = change.object.metadata.uid as string;
      if (change.type === "deleted") workers.get(uid)?.vanished(change.object);
      else if (workers.has(uid)) workers.get(uid)?.update(change.object);
      else takeOn(change.object);
    }),
    ...(files.discards ? [] : watchConfiguration(informers, workers, context)),
  ];
  // What ended between the listing and the subscription would go unseen.
  for (const [uid, { containers }] of adoptable) {
    for (const { id } of containers) workers.get(uid)?.observe({ type: "container-exited", podUid: uid, containerId: id });
  }

  return {
    api: nodeApi(context, (uid) => workers.get(uid)),
    get podCount() {
      return workers.size;
    },
    async stop() {
      for (const stop of stopListening) stop();
      pods.close();
      nodes.close();
      registration.stop();
      ownInformers?.close();
      await Promise.all([...workers.values()].map((worker) => worker.close()));
      workers.clear();
    },
  };
}

/** Objects as they are now: a container that starts must not see an older configuration than its author does. */
function configSource(client: Client): ConfigSource {
  const orUndefined = (error: unknown): undefined => {
    if (isNotFound(error)) return undefined;
    throw error;
  };
  return {
    configMap: (namespace, name) => client.get(ConfigMapKind, { namespace, name }).catch(orUndefined),
    secret: (namespace, name) => client.get(SecretKind, { namespace, name }).catch(orUndefined),
  };
}

/** A change of a ConfigMap or Secret reaches the volumes that show it at once (KUB-71, only sooner). */
function watchConfiguration(informers: Informers, workers: ReadonlyMap<string, PodWorker>, context: AgentContext): (() => void)[] {
  const refresh = (kind: "ConfigMap" | "Secret", namespace: string | undefined, name: string | undefined): void => {
    for (const worker of workers.values()) {
      const { pod } = worker;
      if (pod.metadata.namespace === namespace && context.volumes.refersTo(pod, kind, name as string)) worker.refreshVolumes();
    }
  };
  return [
    informers.of(ConfigMapKind).addHandler(({ object }) => refresh("ConfigMap", object.metadata.namespace, object.metadata.name)),
    informers.of(SecretKind).addHandler(({ object }) => refresh("Secret", object.metadata.namespace, object.metadata.name)),
  ];
}

/** Sandboxes and containers by Pod uid. */
async function whatRuns(runtime: Runtime): Promise<Map<string, Adopted>> {
  const found = new Map<string, { sandboxes: Adopted["sandboxes"][number][]; containers: Adopted["containers"][number][] }>();
  const of = (uid: string) => {
    let entry = found.get(uid);
    if (!entry) {
      entry = { sandboxes: [], containers: [] };
      found.set(uid, entry);
    }
    return entry;
  };
  for (const sandbox of await runtime.listSandboxes()) of(sandbox.spec.podUid).sandboxes.push(sandbox);
  for (const container of await runtime.listContainers()) of(container.podUid).containers.push(container);
  return found;
}

/** What belongs to no Pod of the API is taken away. */
async function removeOrphans(
  runtime: Runtime,
  files: PodFiles,
  found: ReadonlyMap<string, Adopted>,
  isKnown: (uid: string) => boolean,
  world: World,
): Promise<void> {
  const uids = new Set([...found.keys(), ...(await files.listPods())]);
  for (const uid of uids) {
    if (isKnown(uid)) continue;
    try {
      for (const { id } of found.get(uid)?.sandboxes ?? []) {
        await runtime.stopSandbox(id);
        await runtime.removeSandbox(id);
      }
      await files.removePod(uid);
    } catch (error) {
      world.log.warn("what is left of a Pod could not be removed", { uid, error: String(error) });
    }
  }
}
