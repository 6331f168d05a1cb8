/**
 * The Node object and its Lease: registers the node, says that it lives, and reports its conditions. The Lease is the
 * heartbeat; the status is written only when something changed or now and then.
 *
 * A Node that somebody deletes stays deleted: whoever takes a node away does not want it back within minutes. Like a
 * kubelet, the agent registers it again when it starts again, and goes on reporting where somebody made the Node anew.
 */
import { isAlreadyExists, isConflict, isNotFound } from "../../api/errors.ts";
import { Lease as LeaseKind } from "../../api/kinds/lease/index.ts";
import { Node as NodeKind } from "../../api/kinds/node/index.ts";
import type { Lease, Node, NodeCondition, NodeStatus } from "../../api/types.ts";
import type { Timer } from "../../base/clock.ts";
import { every } from "../../base/clock.ts";
import { formatMicroTime, formatTime } from "../../base/time.ts";
import type { World } from "../../base/world.ts";
import type { Client } from "../../client/client.ts";
import type { ImageService } from "../runtime.ts";
import type { NodeAgentConfig } from "./config.ts";

export interface NodeRegistrationDeps {
  readonly nodeName: string;
  readonly client: Client;
  readonly world: World;
  readonly config: NodeAgentConfig;
  readonly runtimeVersion: string;
  readonly images: ImageService;
}

export interface NodeRegistration {
  /** The Node as last written or read. */
  node(): Node;
  /** Told what there is of the Node now, by whoever watches it; undefined: it has been deleted. */
  observe(node: Node | undefined): void;
  stop(): void;
}

const leaseNamespace = "kube-node-lease";
const retryMs = 1000;
/** How many images the Node's status names. */
const imagesMax = 50;

/** Registers the node; resolves when its Node object is there and says Ready. */
export async function registerNode(deps: NodeRegistrationDeps): Promise<NodeRegistration> {
  const { client, config, nodeName, world } = deps;
  const { clock, log } = world;
  let current: Node | undefined;
  let deleted = false;
  let stopped = false;
  let lease: Lease | undefined;
  const timers: Timer[] = [];

  async function report(): Promise<void> {
    for (let attempt = 0; attempt < 5 && !deleted; attempt++) {
      try {
        current ??= await ensureNode();
        const status = await nodeStatus(deps, current.status);
        current = await client.update(NodeKind, { ...current, status }, { subresource: "status" });
        return;
      } catch (error) {
        if (!isConflict(error) && !isNotFound(error)) throw error;
        current = undefined;
      }
    }
  }

  async function ensureNode(): Promise<Node> {
    const wanted = freshNode(deps);
    try {
      return await client.create(NodeKind, wanted);
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
    }
    const found = await client.get(NodeKind, { name: nodeName });
    const labels = { ...found.metadata.labels, ...ownLabels(deps) };
    if (Object.entries(labels).every(([key, value]) => found.metadata.labels?.[key] === value)) return found;
    return client.update(NodeKind, { ...found, metadata: { ...found.metadata, labels } });
  }

  async function renew(): Promise<void> {
    if (deleted) return;
    const renewTime = formatMicroTime(clock.now());
    try {
      if (!lease) {
        lease = await client.get(LeaseKind, { namespace: leaseNamespace, name: nodeName }).catch((error: unknown) => {
          if (isNotFound(error)) return undefined;
          throw error;
        });
      }
      lease = lease
        ? await client.update(LeaseKind, {
            ...lease,
            spec: { ...lease.spec, holderIdentity: nodeName, leaseDurationSeconds: config.leaseDurationSeconds, renewTime },
          })
        : await client.create(LeaseKind, freshLease(renewTime));
    } catch (error) {
      // Somebody else wrote it, or its namespace is not there yet: read it again next time.
      lease = undefined;
      if (!isConflict(error) && !isNotFound(error)) log.warn("renewing the node's lease failed", { node: nodeName, error: String(error) });
    }
  }

  function freshLease(renewTime: string): Lease {
    const owner = current && { apiVersion: "v1", kind: "Node", name: nodeName, uid: current.metadata.uid as string };
    return {
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata: { namespace: leaseNamespace, name: nodeName, ...(owner && { ownerReferences: [owner] }) },
      spec: { holderIdentity: nodeName, leaseDurationSeconds: config.leaseDurationSeconds, renewTime },
    };
  }

  for (;;) {
    try {
      await report();
      break;
    } catch (error) {
      log.warn("registering the node failed", { node: nodeName, error: String(error), retryMs });
      await new Promise<void>((resolve) => clock.setTimer(retryMs, resolve));
    }
  }
  await renew();
  timers.push(every(clock, config.leaseRenewMs, () => void renew()));
  const reportQuietly = (): void => {
    report().catch((error: unknown) => {
      if (!stopped) log.warn("reporting the node's status failed", { node: nodeName, error: String(error) });
    });
  };
  timers.push(every(clock, config.statusReportMs, reportQuietly));
  return {
    node: () => current ?? freshNode(deps),
    observe(node) {
      if (stopped || deleted === (node === undefined)) return;
      deleted = node === undefined;
      current = node;
      lease = undefined;
      if (deleted) return log.warn("the node has been deleted; it is registered again at the next start", { node: nodeName });
      reportQuietly();
      void renew();
    },
    stop() {
      stopped = true;
      for (const timer of timers) timer.cancel();
    },
  };
}

const ownLabels = ({ config, nodeName }: NodeRegistrationDeps): Record<string, string> => ({
  "kubernetes.io/hostname": nodeName,
  "kubernetes.io/os": config.system.operatingSystem,
  "kubernetes.io/arch": config.system.architecture,
  "beta.kubernetes.io/os": config.system.operatingSystem,
  "beta.kubernetes.io/arch": config.system.architecture,
  ...config.labels,
});

function freshNode(deps: NodeRegistrationDeps): Node {
  const { config, nodeName } = deps;
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name: nodeName, labels: ownLabels(deps) },
    spec: {
      podCIDR: config.podCidr,
      podCIDRs: [config.podCidr],
      ...(config.taints.length > 0 && { taints: config.taints.map((taint) => ({ ...taint })) }),
    },
  };
}

async function nodeStatus(deps: NodeRegistrationDeps, previous: NodeStatus | undefined): Promise<NodeStatus> {
  const { config, world, nodeName } = deps;
  const now = formatTime(world.clock.now());
  const condition = (type: string, status: string, reason: string, message: string): NodeCondition => {
    const before = previous?.conditions?.find((one) => one.type === type);
    return {
      type,
      status,
      reason,
      message,
      lastHeartbeatTime: now,
      lastTransitionTime: before?.status === status && before.lastTransitionTime !== undefined ? before.lastTransitionTime : now,
    };
  };
  const conditions = [
    condition("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    condition("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    condition("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
    condition("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
  ];
  const foreign = (previous?.conditions ?? []).filter((one) => !conditions.some((own) => own.type === one.type));
  const images = await deps.images.list();
  return {
    addresses: [
      { type: "InternalIP", address: config.nodeIp },
      { type: "Hostname", address: nodeName },
    ],
    capacity: { ...config.capacity },
    allocatable: { ...config.allocatable },
    conditions: [...foreign, ...conditions],
    daemonEndpoints: { kubeletEndpoint: { Port: config.agentPort } },
    nodeInfo: {
      architecture: config.system.architecture,
      bootID: config.system.bootId,
      containerRuntimeVersion: deps.runtimeVersion,
      kernelVersion: config.system.kernelVersion,
      kubeProxyVersion: "",
      kubeletVersion: config.kubeletVersion,
      machineID: config.system.machineId,
      operatingSystem: config.system.operatingSystem,
      osImage: config.system.osImage,
      systemUUID: config.system.systemUuid,
    },
    ...(images.length > 0 && {
      images: [...images]
        .sort((a, b) => b.sizeBytes - a.sizeBytes)
        .slice(0, imagesMax)
        .map((image) => ({ names: [...image.digests, ...image.tags], sizeBytes: image.sizeBytes })),
    }),
  };
}
