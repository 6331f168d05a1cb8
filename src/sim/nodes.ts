/**
 * Nodes as the controllers see them: Pods that were bound start, become ready, and stop when asked to, each in its own time; some
 * images never get that far. A lost node is silent and does nothing until it is back. No container and no agent: what a kubelet writes is
 * all there is of it, so that thousands of worlds fit into a minute.
 */
import { Lease } from "../api/kinds/lease/index.ts";
import { Node } from "../api/kinds/node/index.ts";
import { Pod } from "../api/kinds/pod/index.ts";
import { keyOf } from "../api/meta/object.ts";
import type { Node as NodeObject, Pod as PodObject, Taint } from "../api/types.ts";
import type { Clock } from "../base/clock.ts";
import { type Random, randomInt } from "../base/random.ts";
import { formatMicroTime, formatTime } from "../base/time.ts";
import type { Client } from "../client/client.ts";
import { isActive, isEnded, isLeaving, isReady } from "./checkers/pod-states.ts";
import { containerStatus, type Fate, fateOf } from "./fates.ts";
import type { Commit, History } from "./history.ts";
import type { NodeFault, PodFault } from "./spec.ts";

/** An image that ends so takes its time. */
const slowImage = /-slow$/;
const slowMs = 20_000;
const leaseNamespace = "kube-node-lease";
/** A node that is well has renewed its lease for this long: nobody has to wait for heartbeats. */
const yearMs = 31_536_000_000;
/** A node that is said to be lost, and a Pod that is said not to be ready, are reported on anew after this long. */
const reportAgainMs = 10_000;
/** What was not there is looked for again after so long. */
const lookAgainMs = 2000;
/** The label by which some manifests choose their nodes. */
export const zoneLabel = "zone";

export interface SimulatedNodes {
  /** Registers the next node. */
  add(): Promise<void>;
  /** To be told of every commit. */
  observe(commit: Commit): void;
  strike(fault: PodFault | NodeFault): Promise<void>;
  /** Whether a Pod becomes ready at last if nobody does anything about it. */
  canServe(pod: PodObject): boolean;
  /** Every node that is there is well again. */
  recover(): Promise<void>;
}

export interface SimulatedNodesOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  readonly history: History;
  readonly startMaxMs: number;
  readonly stopMaxMs: number;
  /** Nodes say of each container how it is, and Pods wait for the configuration that they name: where somebody reads that. */
  readonly inDetail: boolean;
  note(sentence: string): void;
}

interface Kubelet {
  isLost: boolean;
}

export function createNodes(options: SimulatedNodesOptions): SimulatedNodes {
  const { client, clock, random, history, note } = options;
  const kubelets = new Map<string, Kubelet>();
  /** Uids of Pods whose start, or stop, is under way. */
  const starting = new Set<string>();
  const stopping = new Set<string>();
  /** From when on the containers of a Pod serve, by uid, whatever anybody else says of it. */
  const servesFromMs = new Map<string, number>();
  /** What became of those that started, by uid. */
  const fates = new Map<string, Fate>();
  const undone: (() => Promise<void>)[] = [];
  let count = 0;

  const now = (pod: PodObject): PodObject | undefined => {
    const live = history.get(Pod, keyOf(pod));
    return live?.metadata.uid === pod.metadata.uid ? live : undefined;
  };
  const isServed = (pod: PodObject): boolean => kubelets.get(pod.spec?.nodeName ?? "")?.isLost === false;

  async function report(pod: PodObject, ready: boolean, phase: string): Promise<void> {
    const fate = fates.get(pod.metadata.uid as string) ?? "serves";
    const detail = options.inDetail && { containerStatuses: [containerStatus(pod, fate, { ready, history })] };
    const condition = { type: "Ready", status: ready ? "True" : "False", lastTransitionTime: formatTime(clock.now()) };
    const status = {
      phase,
      conditions: [condition],
      ...detail,
      ...(pod.status?.startTime === undefined && { startTime: formatTime(clock.now()) }),
    };
    await client.patch(Pod, keyOf(pod), "strategic", { status }, { subresource: "status" }).catch(() => {});
  }

  /** Reports only if the Pod is still there, still goes on, and its node can say so. */
  async function reportLater(pod: PodObject, delayMs: number, ready: boolean): Promise<void> {
    clock.setTimer(delayMs, () => {
      starting.delete(pod.metadata.uid as string);
      const live = now(pod);
      if (live && isServed(live) && !isEnded(live) && !isLeaving(live) && (isReady(live) !== ready || live.status?.phase !== "Running"))
        void report(live, ready, "Running");
    });
  }

  const canServe = (pod: PodObject): boolean => {
    const fate = fates.get(pod.metadata.uid as string) ?? fateOf(pod, history);
    return fate === "serves" || fate === "waits";
  };

  function see(pod: PodObject): void {
    const uid = pod.metadata.uid as string;
    if (!isServed(pod)) return;
    if (isLeaving(pod)) {
      if (stopping.has(uid)) return;
      stopping.add(uid);
      clock.setTimer(randomInt(random, 0, options.stopMaxMs), () => {
        stopping.delete(uid);
        const live = now(pod);
        if (live && isServed(live)) void client.delete(Pod, keyOf(live), { gracePeriodSeconds: 0, preconditions: { uid } }).catch(() => {});
      });
    } else if (pod.status?.phase === "Pending" && !starting.has(uid)) start(pod);
    else if (pod.status?.phase === "Running" && !isReady(pod) && clock.now() > (servesFromMs.get(uid) ?? Number.POSITIVE_INFINITY))
      void reportLater(pod, reportAgainMs, true);
  }

  function start(pod: PodObject): void {
    const uid = pod.metadata.uid as string;
    const fate = fateOf(pod, history);
    const before = fates.get(uid);
    fates.set(uid, fate);
    if (fate === "unpullable" && !options.inDetail) return;
    starting.add(uid);
    if (fate === "unpullable" || fate === "waits") {
      if (before !== fate) clock.setTimer(randomInt(random, 0, options.startMaxMs), () => complain(pod));
      if (fate === "waits") clock.setTimer(lookAgainMs, () => lookAgain(pod));
      return;
    }
    const isServing = fate === "serves";
    const image = pod.spec?.containers[0]?.image ?? "";
    const runsAfterMs = randomInt(random, 0, options.startMaxMs);
    if (!isServing || randomInt(random, 0, 1) === 0) void reportLater(pod, runsAfterMs, false);
    if (!isServing) return;
    const slowness = slowImage.test(image) ? randomInt(random, 0, slowMs) : 0;
    const servesAfterMs = runsAfterMs + slowness + randomInt(random, 0, options.startMaxMs);
    servesFromMs.set(uid, clock.now() + servesAfterMs);
    void reportLater(pod, servesAfterMs, true);
  }

  /** Says why it does not run. */
  function complain(pod: PodObject): void {
    const live = now(pod);
    const fate = fates.get(pod.metadata.uid as string);
    if (!live || !isActive(live) || (fate !== "unpullable" && fate !== "waits")) return;
    if (isServed(live)) void report(live, false, "Pending");
    else clock.setTimer(reportAgainMs, () => complain(pod));
  }

  function lookAgain(pod: PodObject): void {
    starting.delete(pod.metadata.uid as string);
    const live = now(pod);
    if (live) see(live);
  }

  async function renew(name: string, renewedMs: number): Promise<void> {
    const renewTime = formatMicroTime(renewedMs);
    await client.patch(Lease, { namespace: leaseNamespace, name }, "merge", { spec: { renewTime } }).catch(() => {});
  }

  async function add(): Promise<void> {
    const name = `node-${count++}`;
    kubelets.set(name, { isLost: false });
    await client.create(Lease, {
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata: { name, namespace: leaseNamespace },
      spec: { holderIdentity: name, leaseDurationSeconds: 40, renewTime: formatMicroTime(clock.now() + yearMs) },
    });
    const labels = { "kubernetes.io/hostname": name, [zoneLabel]: count % 3 === 0 ? "b" : "a" };
    await client.create(Node, { apiVersion: "v1", kind: "Node", metadata: { name, labels } });
    await reportNode(name);
  }

  async function reportNode(name: string): Promise<void> {
    const condition = { type: "Ready", status: "True", lastTransitionTime: formatTime(clock.now()) };
    const status = { allocatable: { cpu: "64", memory: "64Gi", pods: "110" }, conditions: [condition] };
    await client.patch(Node, { name }, "strategic", { status }, { subresource: "status" }).catch(() => {});
  }

  /** A node is back: it says that it is well and takes up every Pod where it was left. */
  async function comeBack(name: string): Promise<void> {
    const kubelet = kubelets.get(name);
    if (!kubelet?.isLost || !history.get(Node, { name })) return;
    note(`${name} is back`);
    kubelet.isLost = false;
    await renew(name, clock.now() + yearMs);
    await reportNode(name);
    for (const pod of history.list(Pod)) {
      if (pod.spec?.nodeName !== name) continue;
      see(pod);
      if (pod.status?.phase === "Running" && isActive(pod) && canServe(pod)) void reportLater(pod, randomInt(random, 0, 1000), true);
    }
  }

  /** Does something now and takes it back after a while, or when all faults are to end. */
  async function forAWhile(forMs: number, change: () => Promise<unknown>, back: () => Promise<unknown>): Promise<void> {
    await change().catch(() => {});
    let isDone = false;
    const once = async (): Promise<void> => {
      if (isDone) return;
      isDone = true;
      await back().catch(() => {});
    };
    undone.push(once);
    clock.setTimer(forMs, () => void once());
  }

  async function harmPod({ harm, pick, forMs }: PodFault): Promise<void> {
    const pods = history.list(Pod).filter(isActive);
    const pod = pods[pick % Math.max(1, pods.length)];
    if (!pod) return;
    const { name } = pod.metadata;
    if (harm === "delete" || harm === "evict") {
      note(`somebody ${harm === "delete" ? "deletes" : "evicts"} ${name}`);
      const eviction = { apiVersion: "policy/v1", kind: "Eviction", metadata: keyOf(pod) };
      if (harm === "delete") await client.delete(Pod, keyOf(pod)).catch(() => {});
      else await client.createSubresource(Pod, keyOf(pod), "eviction", eviction).catch(() => {});
      return;
    }
    if (!isServed(pod)) return;
    if (harm === "fail") {
      note(`${name} fails`);
      return report(pod, false, "Failed");
    }
    if (!isReady(pod)) return;
    note(`${name} is not ready for ${forMs} ms (${harm})`);
    servesFromMs.set(pod.metadata.uid as string, clock.now() + forMs);
    await report(pod, false, "Running");
    await reportLater(pod, forMs, true);
  }

  async function harmNode({ harm, pick, forMs }: NodeFault): Promise<void> {
    if (harm === "add") {
      note(`node-${count} is added`);
      return add();
    }
    const nodes = history.list(Node).filter(({ metadata }) => kubelets.get(metadata.name as string)?.isLost === false);
    const node = nodes[pick % Math.max(1, nodes.length)];
    if (!node) return;
    const name = node.metadata.name as string;
    note(`${name}: ${harm} for ${forMs} ms`);
    const kubelet = kubelets.get(name) as Kubelet;
    const patch = (change: unknown): Promise<unknown> => client.patch(Node, { name }, "merge", change);
    const taints = (): readonly Taint[] => history.get(Node, { name })?.spec?.taints ?? [];
    const withTaint = (effect: string) =>
      forAWhile(
        forMs,
        () => patch({ spec: { taints: [...taints(), { key: "simulated", effect }] } }),
        () => patch({ spec: { taints: taints().filter((taint) => taint.key !== "simulated") } }),
      );
    const zoneOf = (object: NodeObject): string => object.metadata.labels?.[zoneLabel] ?? "a";
    const harms: Record<Exclude<NodeFault["harm"], "add">, () => Promise<void>> = {
      async lose() {
        kubelet.isLost = true;
        await forAWhile(
          forMs,
          () => renew(name, clock.now()),
          () => comeBack(name),
        );
      },
      async remove() {
        if (nodes.length < 2) return;
        kubelet.isLost = true;
        await client.delete(Node, { name }).catch(() => {});
      },
      taint: () => withTaint("NoSchedule"),
      expel: () => withTaint("NoExecute"),
      cordon: () =>
        forAWhile(
          forMs,
          () => patch({ spec: { unschedulable: true } }),
          () => patch({ spec: { unschedulable: null } }),
        ),
      label: () => patch({ metadata: { labels: { [zoneLabel]: zoneOf(node) === "a" ? "b" : "a" } } }).then(() => {}),
    };
    await harms[harm]();
  }

  /** A node that is said to be lost and is not says so again, as agents do at their next report. */
  function seeNode({ metadata, status }: NodeObject): void {
    const name = metadata.name as string;
    const isWell = (): boolean => kubelets.get(name)?.isLost === false;
    if (!isWell() || status?.conditions?.find(({ type }) => type === "Ready")?.status !== "Unknown") return;
    clock.setTimer(reportAgainMs, () => {
      if (isWell() && history.get(Node, { name })) void reportNode(name);
    });
  }

  return {
    add,
    observe({ kind, after }) {
      if (kind === "Pod" && after) see(after as PodObject);
      if (kind === "Node" && after) seeNode(after as NodeObject);
    },
    canServe,
    strike: (fault) => (fault.do === "pod" ? harmPod(fault) : harmNode(fault)),
    async recover() {
      for (const undo of undone) await undo();
    },
  };
}
