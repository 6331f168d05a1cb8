/** One simulated node on a real server core in virtual time: what the tests of the node agent stand on. */
import { Namespace } from "../api/kinds/namespace/index.ts";
import { Event } from "../api/kinds/event/index.ts";
import { Pod } from "../api/kinds/pod/index.ts";
import { ServiceAccount } from "../api/kinds/service-account/index.ts";
import { kinds } from "../api/registry.ts";
import type { Pod as PodObject, PodSpec } from "../api/types.ts";
import { silentLog } from "../base/log.ts";
import { seededRandom } from "../base/random.ts";
import { settle } from "../base/settle.node.ts";
import { VirtualClock } from "../base/virtual-clock.ts";
import type { World } from "../base/world.ts";
import type { Client } from "../client/client.ts";
import { Informer } from "../client/informer.ts";
import type { NodeAgent, NodeAgentDeps } from "../node/agent/agent.ts";
import { startNodeAgent } from "../node/agent/agent.ts";
import type { Runtime } from "../node/runtime.ts";
import { simulatedFiles } from "../node/simulated/simulated-files.ts";
import type { SimulatedRuntime, SimulatedRuntimeOptions } from "../node/simulated/simulated-runtime.ts";
import { simulatedRuntime } from "../node/simulated/simulated-runtime.ts";
import { createApi } from "../server/core/api.ts";
import { openMemoryStore } from "../store/memory-store.ts";
import { inProcessClient } from "./in-process-client.ts";

export interface VirtualNode {
  readonly clock: VirtualClock;
  readonly world: World;
  readonly client: Client;
  /** The runtime that is used now. */
  readonly runtime: SimulatedRuntime;
  /** The agent that runs now. */
  agent(): NodeAgent;
  /** Every version of every Pod that a watcher saw, oldest first. */
  readonly history: readonly PodObject[];
  /** The Pod as the API has it now; undefined: there is none. */
  pod(name: string): PodObject | undefined;
  /** Creates a Pod that is already bound to the node. */
  run(name: string, spec: Partial<PodSpec>, annotations?: Record<string, string>): Promise<void>;
  /** Moves time until the condition holds for the Pod. */
  until(name: string, what: string, condition: (pod: PodObject | undefined) => boolean, limitMs?: number): Promise<void>;
  /** `type reason message` of each event about the Pod, oldest first. */
  events(name: string): Promise<string[]>;
  /** Lets the agent go and starts another one, on the same runtime or, as after an engine's death, on an empty one. */
  restartAgent(options?: { readonly emptyRuntime: boolean }): Promise<void>;
  stop(): Promise<void>;
}

export interface VirtualNodeOptions extends Pick<Partial<NodeAgentDeps>, "drain" | "config" | "files"> {
  readonly runtime?: Partial<SimulatedRuntimeOptions>;
  /** What the agent gets to see of the runtime. Default: the runtime itself. */
  readonly between?: (runtime: SimulatedRuntime) => Runtime;
}

const virtualNodeName = "node-1";

/** Starts the server and one node. */
export async function startVirtualNode(options: VirtualNodeOptions = {}): Promise<VirtualNode> {
  const clock = new VirtualClock(settle);
  const world: World = { clock, random: seededRandom(1), log: silentLog };
  const store = openMemoryStore();
  const api = createApi({ store, kinds, world });
  const user = { name: "system:admin", groups: ["system:masters"] };
  const client = inProcessClient({ api, kinds, user, fieldManager: "test" });
  for (const name of ["default", "kube-node-lease"]) {
    await client.create(Namespace, { apiVersion: "v1", kind: "Namespace", metadata: { name } });
  }
  await client.create(ServiceAccount, { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default", namespace: "default" } });
  const newRuntime = (): SimulatedRuntime => simulatedRuntime({ world, podCidr: "10.244.0.0/24", nodeIp: "192.0.2.1", ...options.runtime });
  let runtime = newRuntime();
  const history: PodObject[] = [];
  const pods = new Informer<PodObject>({ client, kind: Pod, world });
  pods.addHandler((change) => void history.push(change.object));
  pods.start();

  const startAgent = async (): Promise<NodeAgent> => {
    let started: NodeAgent | undefined;
    let failure: unknown;
    startNodeAgent({
      nodeName: virtualNodeName,
      client,
      runtime: options.between?.(runtime) ?? runtime,
      prober: runtime.prober,
      files: options.files ?? simulatedFiles(),
      world,
      drain: options.drain ?? (async () => {}),
      config: { nodeIp: "192.0.2.1", ...options.config },
    }).then(
      (agent) => {
        started = agent;
      },
      (error: unknown) => {
        failure = error;
      },
    );
    await clock.advanceUntil("the agent starts", () => started !== undefined || failure !== undefined, 60_000);
    if (failure) throw failure;
    return started as NodeAgent;
  };
  let agent = await startAgent();

  return {
    clock,
    world,
    client,
    get runtime() {
      return runtime;
    },
    agent: () => agent,
    history,
    pod: (name) => pods.lister.get({ namespace: "default", name }),
    async run(name, spec, annotations) {
      await client.create(Pod, {
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name, namespace: "default", ...(annotations && { annotations }) },
        spec: { containers: [{ name: "app", image: "app:1" }], nodeName: virtualNodeName, automountServiceAccountToken: false, ...spec },
      });
    },
    until: (name, what, condition, limitMs = 60_000) =>
      clock.advanceUntil(`${name}: ${what}`, () => condition(pods.lister.get({ namespace: "default", name })), limitMs),
    async events(name) {
      await clock.advance(0);
      const { items } = await client.list(Event, { namespace: "default" });
      return items
        .filter((event) => event.involvedObject.name === name)
        .sort((a, b) => ((a.metadata.name as string) < (b.metadata.name as string) ? -1 : 1))
        .map((event) => `${event.type} ${event.reason} ${event.message}`);
    },
    async restartAgent({ emptyRuntime } = { emptyRuntime: false }) {
      await agent.stop({ keepContainers: true });
      if (emptyRuntime) {
        await runtime.close();
        runtime = newRuntime();
      }
      agent = await startAgent();
    },
    async stop() {
      await agent.stop({ keepContainers: true });
      await runtime.close();
      pods.close();
      api.close();
      await store.close();
    },
  };
}
