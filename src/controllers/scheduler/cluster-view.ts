/** What the scheduler knows: nodes, the Pods on them and what they take. Kept up to date change by change. */
import type { Node, Pod } from "../../api/types.ts";
import { controllerOf } from "../../machinery/owners.ts";
import type { HostPort } from "../../machinery/host-ports.ts";
import { allocatableOf } from "../../machinery/pod-requests.ts";
import { type PodRequests, podRequests } from "./pod-requests.ts";

/** A Pod with what the scheduler works out about it once. */
export interface PlacedPod {
  readonly pod: Pod;
  readonly requests: PodRequests;
  readonly hasAntiAffinity: boolean;
  /** Has required or preferred terms towards other Pods. */
  readonly hasAffinity: boolean;
}

/** Works a Pod's requests out. */
export function placedPod(pod: Pod): PlacedPod {
  const { podAffinity, podAntiAffinity } = pod.spec?.affinity ?? {};
  return {
    pod,
    requests: podRequests(pod),
    hasAntiAffinity: (podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []).length > 0,
    hasAffinity: podAffinity !== undefined || podAntiAffinity !== undefined,
  };
}

/** One node and what is taken of it. */
export class NodeView {
  #node: Node;
  #allocatable: ReadonlyMap<string, number>;
  readonly pods = new Map<string, PlacedPod>();
  /** Sum of the Pods' requests. */
  readonly requested = new Map<string, number>();
  scoredMilliCpu = 0;
  scoredMemory = 0;
  /** Pods per controller, by the controller's uid: what default spreading counts. */
  readonly perController = new Map<string, number>();
  antiAffinityPods = 0;
  affinityPods = 0;

  constructor(node: Node) {
    this.#node = node;
    this.#allocatable = allocatableOf(node.status?.allocatable);
  }

  get node(): Node {
    return this.#node;
  }

  get name(): string {
    return this.#node.metadata.name as string;
  }

  get allocatable(): ReadonlyMap<string, number> {
    return this.#allocatable;
  }

  set node(node: Node) {
    this.#node = node;
    this.#allocatable = allocatableOf(node.status?.allocatable);
  }

  *hostPorts(): Iterable<HostPort> {
    for (const { requests } of this.pods.values()) yield* requests.hostPorts;
  }

  add(placed: PlacedPod): void {
    this.remove(placed.pod.metadata.uid as string);
    this.pods.set(placed.pod.metadata.uid as string, placed);
    this.#count(placed, 1);
  }

  remove(uid: string): void {
    const placed = this.pods.get(uid);
    if (!placed) return;
    this.pods.delete(uid);
    this.#count(placed, -1);
  }

  #count({ pod, requests, hasAntiAffinity, hasAffinity }: PlacedPod, sign: 1 | -1): void {
    for (const [resource, amount] of requests.amounts) this.requested.set(resource, (this.requested.get(resource) ?? 0) + sign * amount);
    this.scoredMilliCpu += sign * requests.scoredMilliCpu;
    this.scoredMemory += sign * requests.scoredMemory;
    if (hasAntiAffinity) this.antiAffinityPods += sign;
    if (hasAffinity) this.affinityPods += sign;
    const controller = controllerOf(pod)?.uid;
    if (controller === undefined) return;
    const count = (this.perController.get(controller) ?? 0) + sign;
    if (count === 0) this.perController.delete(controller);
    else this.perController.set(controller, count);
  }
}

/**
 * All nodes. Invariant: a Pod is on at most one node here: the one its `spec.nodeName` says, or the one it was assumed
 * on until its binding is seen.
 */
export class ClusterView {
  readonly nodes = new Map<string, NodeView>();
  /** Pods by uid to the name of the node they are counted on. */
  readonly #placeOf = new Map<string, string>();
  /** Pods whose node is not known (yet), by uid. */
  readonly #stranded = new Map<string, PlacedPod>();

  putNode(node: Node): void {
    const name = node.metadata.name as string;
    const known = this.nodes.get(name);
    if (known) {
      known.node = node;
      return;
    }
    const view = new NodeView(node);
    this.nodes.set(name, view);
    for (const [uid, placed] of this.#stranded) {
      if (placed.pod.spec?.nodeName !== name) continue;
      this.#stranded.delete(uid);
      this.#place(placed, name);
    }
  }

  removeNode(name: string): void {
    const view = this.nodes.get(name);
    if (!view) return;
    this.nodes.delete(name);
    for (const [uid, placed] of view.pods) {
      this.#placeOf.delete(uid);
      this.#stranded.set(uid, placed);
    }
  }

  /** Counts a Pod on a node: bound to it, or assumed to be. */
  putPod(pod: Pod, nodeName: string): void {
    const uid = pod.metadata.uid as string;
    const place = this.#placeOf.get(uid);
    const known = place === undefined ? undefined : this.nodes.get(place)?.pods.get(uid);
    // A status change changes nothing here: what a Pod asks for is in its spec, which is shared between versions.
    if (known && place === nodeName && known.pod.spec === pod.spec && known.pod.metadata.labels === pod.metadata.labels) return;
    this.removePod(uid);
    const placed = placedPod(pod);
    if (this.nodes.has(nodeName)) this.#place(placed, nodeName);
    else this.#stranded.set(uid, placed);
  }

  removePod(uid: string): void {
    const place = this.#placeOf.get(uid);
    if (place !== undefined) this.nodes.get(place)?.remove(uid);
    this.#placeOf.delete(uid);
    this.#stranded.delete(uid);
  }

  /** The node a Pod is counted on. */
  placeOf(uid: string): string | undefined {
    return this.#placeOf.get(uid);
  }

  #place(placed: PlacedPod, nodeName: string): void {
    this.#placeOf.set(placed.pod.metadata.uid as string, nodeName);
    this.nodes.get(nodeName)?.add(placed);
  }
}
