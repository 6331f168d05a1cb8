/**
 * Nodes with real containers, all on this machine: each has its own agent, runtime and Pod address range; images, the
 * Service proxies and cluster DNS are shared. What one engine leaves running the next one takes over.
 */
import { mkdirSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { isNotFound } from "../api/errors.ts";
import { EndpointSlice } from "../api/kinds/endpoint-slice/index.ts";
import { Pod } from "../api/kinds/pod/index.ts";
import { Service } from "../api/kinds/service/index.ts";
import type { Pod as PodObject } from "../api/types.ts";
import { silentLog } from "../base/log.ts";
import { systemClock, systemRandom } from "../base/system-world.node.ts";
import type { World } from "../base/world.ts";
import type { Client } from "../client/client.ts";
import type { Lister } from "../client/lister.ts";
import type { NodeAgentConfig } from "../node/agent/config.ts";
import { startNodeAgent } from "../node/agent/agent.ts";
import { imageStore } from "../node/images/image-store.node.ts";
import { imageService } from "../node/images/pull.node.ts";
import { readRegistryConfig } from "../node/images/registry-config.node.ts";
import type { PodNetwork } from "../node/network.ts";
import { cleanUpNetwork } from "../node/network/clean-up.node.ts";
import { clusterDnsIp, startClusterDns } from "../node/network/dns/cluster-dns.node.ts";
import { drainGate } from "../node/network/drain.ts";
import { linuxPodNetwork } from "../node/network/linux-pod-network.node.ts";
import { type LoadBalancer, startLoadBalancer } from "../node/network/load-balancer/load-balancer.node.ts";
import { nftServiceProxy } from "../node/network/nft-service-proxy.node.ts";
import { watchServices } from "../node/network/services-watcher.ts";
import { detectOciRuntime, type OciTools } from "../node/oci/detect.node.ts";
import { ociRuntime } from "../node/oci/oci-runtime.node.ts";
import { networkProber } from "../node/probes/prober.node.ts";
import type { PodFiles, Runtime } from "../node/runtime.ts";
import { podFiles } from "../node/volumes/pod-files.node.ts";
import type { Engine } from "./engine.node.ts";
import type { Home } from "./home.node.ts";
import type { Instance } from "./instance.node.ts";
import { machineFacts } from "./machine.node.ts";

export interface RealNodesOptions {
  readonly engine: Engine;
  readonly world: World;
  readonly home: Home;
  readonly instance: Instance;
  readonly tools: OciTools;
  readonly names: readonly string[];
  readonly agent?: Partial<NodeAgentConfig>;
}

const quietWorld: World = { clock: systemClock, random: systemRandom, log: silentLog };
/** How long containers get to end when the engine goes down: what their Pod gives them, but no more than this. */
const downGraceMaxMs = 10_000;

/** The address range of one node's Pods within the instance's. */
const nodePodCidr = (instance: Instance, index: number): string => instance.podCidr.replace(/\.0\.0\/16$/, `.${index}.0/24`);
const clusterDomain = "cluster.local";
const dnsKey = { namespace: "kube-system", name: "kube-dns" } as const;

/** Starts them; resolves when every node is registered. */
export async function startRealNodes(options: RealNodesOptions): Promise<{ stop(): Promise<void> }> {
  const { engine, world, home, instance, tools, names } = options;
  mkdirSync(home.runtime, { recursive: true, mode: 0o700 });
  const store = await imageStore(home.images);
  const images = imageService(store, await readRegistryConfig(home.path));
  const files = await podFiles(home.pods);
  const networks = await Promise.all(
    names.map((_, nodeIndex) => linuxPodNetwork({ instance: instance.name, nodeIndex, podCidr: nodePodCidr(instance, nodeIndex) })),
  );
  const proxy = nftServiceProxy({
    instance: instance.name,
    serviceCidr: instance.serviceCidr,
    log: world.log,
    localAddresses: [clusterDnsIp(instance.serviceCidr)],
    nodeIndexOf: (name) => (names.includes(name) ? names.indexOf(name) : undefined),
  });
  const balancer = loadBalancer(instance, world, engine);
  const dns = await startClusterDns({
    instance: instance.name,
    serviceCidr: instance.serviceCidr,
    podCidr: instance.podCidr,
    domain: clusterDomain,
    log: world.log,
  });
  const services = watchServices({ informers: engine.plane.informers, world, proxies: [proxy, balancer, dns] });
  await publishDns(engine.plane.client, instance, (networks[0] as PodNetwork).nodeIp);
  await engine.server.listenAlso((networks[0] as PodNetwork).nodeIp);
  const drain = drainGate({ informers: engine.plane.informers, world, services, loadBalancer: balancer });
  const facts = machineFacts(home.path);
  const pods = engine.plane.informers.of(Pod);
  await pods.whenSynced();
  const runtimes: Runtime[] = [];
  for (const [index, name] of names.entries()) {
    const network = networks[index] as PodNetwork;
    const runtime = await ociRuntime({ world, tools, directory: join(home.runtime, name), store, images, network, hostIp: network.nodeIp });
    runtimes.push(runtime);
    const user = { name: `system:node:${name}`, groups: ["system:nodes", "system:authenticated"] };
    const agent = await startNodeAgent({
      nodeName: name,
      client: engine.plane.clientFor(user, "kubelet"),
      informers: engine.plane.informers,
      recorder: engine.plane.events.recorderFor("kubelet", name),
      runtime,
      prober: networkProber,
      files: filesFor(name, files, pods.lister),
      world,
      drain,
      config: {
        ...options.agent,
        ...facts,
        nodeIp: network.nodeIp,
        podCidr: network.podCidr,
        hostname: name,
        clusterDns: clusterDnsIp(instance.serviceCidr),
        clusterDomain,
      },
    });
    engine.agents.set(name, agent);
  }
  return {
    async stop() {
      for (const agent of engine.agents.values()) await agent.stop({ keepContainers: true });
      engine.agents.clear();
      services.close();
      const graces = new Map(
        pods.lister.list().map(({ metadata, spec }) => [metadata.uid, (spec?.terminationGracePeriodSeconds ?? 30) * 1000]),
      );
      const graceMs = (podUid: string): number => Math.min(graces.get(podUid) ?? 0, downGraceMaxMs);
      await Promise.all(runtimes.map((runtime) => removeEverything(runtime, graceMs)));
      for (const uid of await files.listPods()) await files.removePod(uid);
      await Promise.all(networks.map((network) => network.close()));
      await proxy.close();
      await balancer.close();
      await dns.close();
    },
  };
}

/** Takes away what a killed engine left behind on this machine. */
export async function removeRealNodes(home: Home, instance: Instance): Promise<void> {
  const tools = await detectOciRuntime();
  if (!("unavailable" in tools)) {
    const store = await imageStore(home.images);
    const images = imageService(store, await readRegistryConfig(home.path));
    for (const name of namesIn(home.runtime)) {
      const directory = join(home.runtime, name);
      const runtime = await ociRuntime({ world: quietWorld, tools, directory, store, images, network: noNetwork, hostIp: "127.0.0.1" });
      await removeEverything(runtime, () => 0);
    }
    const files = await podFiles(home.pods);
    for (const uid of await files.listPods()) await files.removePod(uid);
  }
  await loadBalancer(instance, quietWorld).close();
  await cleanUpNetwork(instance.name);
}

/** The process that serves LoadBalancer Services on localhost; it outlives an engine that is killed. */
function loadBalancer(instance: Instance, world: World, engine?: Engine): LoadBalancer {
  const entry = process.argv[1] ?? "";
  const program = entry.endsWith(".ts")
    ? join(dirname(entry), "node/network/load-balancer/main.node.ts")
    : join(dirname(entry), "load-balancer.js");
  return startLoadBalancer({
    spawn: { command: process.execPath, args: ["--disable-warning=ExperimentalWarning", program] },
    socketPath: join(instance.directory, "load-balancer.sock"),
    world,
    ...(engine && { recorder: engine.plane.events.recorderFor("windlass-load-balancer") }),
  });
}

/** Service `kube-dns`, as every cluster has it; its endpoint is the name server in this process. */
async function publishDns(client: Client, instance: Instance, nodeIp: string): Promise<void> {
  const clusterIP = clusterDnsIp(instance.serviceCidr);
  const labels = { "k8s-app": "kube-dns", "kubernetes.io/cluster-service": "true", "kubernetes.io/name": "CoreDNS" };
  const ports = [
    { name: "dns", port: 53, protocol: "UDP" },
    { name: "dns-tcp", port: 53, protocol: "TCP" },
  ];
  const known = await client.get(Service, dnsKey).catch((error) => {
    if (!isNotFound(error)) throw error;
  });
  const isHere = known?.spec?.clusterIP === clusterIP;
  // A home that has moved to another instance has other ranges.
  if (known && !isHere) await client.delete(Service, dnsKey);
  const service = {
    apiVersion: "v1",
    kind: "Service",
    metadata: { ...dnsKey, labels },
    spec: { type: "ClusterIP", clusterIP, clusterIPs: [clusterIP], ports },
  };
  // Where it is, a second one would be refused for its address, which the first one holds.
  if (!isHere) await client.create(Service, service);
  const slice = {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { ...dnsKey, labels: { "kubernetes.io/service-name": dnsKey.name } },
    addressType: "IPv4",
    endpoints: [{ addresses: [nodeIp], conditions: { ready: true } }],
    ports,
  };
  await client.patch(EndpointSlice, dnsKey, "apply", slice, { force: true });
}

/** The nodes keep the files of their Pods in one folder: what one node calls left behind must not be a Pod of another. */
const filesFor = (name: string, files: PodFiles, pods: Lister<PodObject>): PodFiles => ({
  ...files,
  async listPods() {
    const others = new Set(pods.list().flatMap(({ metadata, spec }) => (spec?.nodeName && spec.nodeName !== name ? [metadata.uid] : [])));
    return (await files.listPods()).filter((uid) => !others.has(uid));
  },
});

async function removeEverything(runtime: Runtime, graceMs: (podUid: string) => number): Promise<void> {
  const containers = await runtime.listContainers();
  const running = containers.filter(({ state }) => state === "running");
  await Promise.all(running.map(({ id, podUid }) => runtime.stopContainer(id, graceMs(podUid))));
  for (const { id } of await runtime.listSandboxes()) {
    await runtime.stopSandbox(id);
    await runtime.removeSandbox(id);
  }
  await runtime.close();
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Links and namespaces are taken away as a whole afterwards. */
const noNetwork: PodNetwork = {
  podCidr: "127.0.0.0/8",
  nodeIp: "127.0.0.1",
  attach: () => Promise.reject(new Error("nothing is started while the engine is taken down")),
  detach: async () => {},
  list: async () => [],
  close: async () => {},
};
