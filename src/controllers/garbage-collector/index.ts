/**
 * Deletes what nobody owns any more, and carries out the two patient ways to delete an owner: after its dependents
 * (foreground) or leaving them behind (orphan). API-64, API-65. Never deletes on a guess: an owner counts as absent only
 * when the server itself says so.
 */
import { isNotFound } from "../../api/errors.ts";
import type { KindDefinition } from "../../api/kind.ts";
import type { AnyObject, KubeObject, ObjectKey } from "../../api/meta/object.ts";
import type { OwnerReference } from "../../api/types.ts";
import { type Controller, type ControllerDeps, controller, type Enqueue } from "../../client/controller.ts";
import { done, type Outcome } from "../../client/outcome.ts";
import { type GraphNode, OwnerGraph } from "./owner-graph.ts";

const orphanFinalizer = "orphan";
const foregroundFinalizer = "foregroundDeletion";
const workers = 20;

type Propagation = "Background" | "Foreground" | "Orphan";

/** The garbage collector over the given kinds. Keys are uids. */
export function garbageCollector(deps: ControllerDeps, kinds: readonly KindDefinition[]): Controller {
  const graph = new OwnerGraph();
  const collected = kinds.filter((kind) => !kind.virtual && kind.ttlMs === undefined && kind.storage === undefined);
  const byName = new Map(kinds.map((kind) => [`${kind.group}/${kind.kind}`, kind]));
  const builder = controller("generic-garbage-collector", deps, { workers });
  for (const kind of firstOfEachResource(collected)) {
    builder.watches(kind, (change, enqueue) => {
      if (change.type === "deleted") removed(change.object, graph, enqueue);
      else changed(kind, change.object, graph, enqueue);
    });
  }
  const kindOf = (owner: OwnerReference): KindDefinition | undefined => byName.get(`${groupOf(owner.apiVersion)}/${owner.kind}`);
  return builder.with(({ name: uid }) => collect(uid, { graph, deps, kindOf }));
}

const groupOf = (apiVersion: string): string => (apiVersion.includes("/") ? apiVersion.slice(0, apiVersion.indexOf("/")) : "");

/** A resource that is served in two versions is one set of objects. */
function firstOfEachResource(kinds: readonly KindDefinition[]): readonly KindDefinition[] {
  const seen = new Set<string>();
  return kinds.filter((kind) => {
    const resource = `${kind.group}/${kind.plural}`;
    if (seen.has(resource)) return false;
    seen.add(resource);
    return true;
  });
}

function changed(kind: KindDefinition, object: KubeObject, graph: OwnerGraph, enqueue: Enqueue): void {
  const uid = object.metadata.uid as string;
  const before = graph.put(kind, object);
  const node = graph.get(uid) as GraphNode;
  const isWaiting = node.isBeingDeleted && (node.finalizers.includes(orphanFinalizer) || node.finalizers.includes(foregroundFinalizer));
  // An object whose owners are all there is nobody's business: most changes end here.
  const suspicious = before?.owners !== node.owners && node.owners.some((owner) => !isOwnedHere(owner, node, graph));
  if (isWaiting || suspicious) enqueue({ name: uid });
  for (const owner of before?.owners ?? []) if (graph.get(owner.uid)?.isBeingDeleted) enqueue({ name: owner.uid });
}

function removed(object: KubeObject, graph: OwnerGraph, enqueue: Enqueue): void {
  const uid = object.metadata.uid as string;
  const node = graph.get(uid);
  graph.remove(uid);
  for (const dependent of graph.dependentsOf(uid)) enqueue({ name: dependent.uid });
  for (const owner of node?.owners ?? []) if (graph.get(owner.uid)?.isBeingDeleted) enqueue({ name: owner.uid });
}

/** Whether the graph has the owner, in a place from which it may own. */
function isOwnedHere(owner: OwnerReference, node: GraphNode, graph: OwnerGraph): boolean {
  const known = graph.get(owner.uid);
  return known !== undefined && (known.key.namespace === undefined || known.key.namespace === node.key.namespace);
}

interface Collector {
  readonly graph: OwnerGraph;
  readonly deps: ControllerDeps;
  kindOf(owner: OwnerReference): KindDefinition | undefined;
}

async function collect(uid: string, collector: Collector): Promise<Outcome> {
  const node = collector.graph.get(uid);
  if (!node) return done;
  try {
    if (node.isBeingDeleted && node.finalizers.includes(orphanFinalizer)) await orphanDependents(node, collector);
    else if (node.isBeingDeleted && node.finalizers.includes(foregroundFinalizer)) await deleteDependents(node, collector);
    else if (!node.isBeingDeleted && node.owners.length > 0) await deleteUnlessOwned(node, collector);
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
  return done;
}

/** Takes the owner out of every dependent, then lets it go. */
async function orphanDependents(owner: GraphNode, collector: Collector): Promise<void> {
  await Promise.all(
    [...collector.graph.dependentsOf(owner.uid)].map((dependent) => dropOwners(dependent, new Set([owner.uid]), collector)),
  );
  await removeFinalizer(owner, orphanFinalizer, collector);
}

/** Deletes every dependent; the owner goes when none that blocks it is left. */
async function deleteDependents(owner: GraphNode, collector: Collector): Promise<void> {
  const dependents = [...collector.graph.dependentsOf(owner.uid)];
  const blocks = (dependent: GraphNode): boolean =>
    dependent.owners.some((each) => each.uid === owner.uid && each.blockOwnerDeletion === true);
  if (!dependents.some(blocks)) return removeFinalizer(owner, foregroundFinalizer, collector);
  await Promise.all(
    dependents.filter((dependent) => !dependent.isBeingDeleted).map((dependent) => deleteUnlessOwned(dependent, collector)),
  );
}

const waitsForDependents = ({ isBeingDeleted, finalizers }: GraphNode): boolean =>
  isBeingDeleted && finalizers.includes(foregroundFinalizer);

/** What one owner reference comes to. */
type Standing = "solid" | "waiting" | "absent" | "unknown";

/** Asks the server whose the object is now: the graph may not have heard yet that its owner has let it go. */
async function deleteUnlessOwned(node: GraphNode, collector: Collector): Promise<void> {
  const live = await collector.deps.client.get(node.kind, node.key);
  const owners = live.metadata.ownerReferences ?? [];
  if (live.metadata.uid !== node.uid || owners.length === 0) return;
  const standings = await Promise.all(owners.map((owner) => standingOf(owner, node, collector)));
  const uids = (wanted: Standing): string[] => owners.filter((_, index) => standings[index] === wanted).map((owner) => owner.uid);
  // Nobody can say whether an owner of an unknown kind exists, so nothing is done about its dependents.
  if (standings.includes("unknown")) return;
  const gone = [...uids("absent"), ...uids("waiting")];
  if (standings.includes("solid")) {
    if (gone.length > 0) await dropOwners(node, new Set(gone), collector);
    return;
  }
  const dependents = [...collector.graph.dependentsOf(node.uid)];
  if (standings.includes("waiting") && dependents.length > 0) {
    // Owners in a circle would wait for each other for ever.
    if (dependents.some(waitsForDependents)) await unblockOwners(node, collector);
    return remove(live, node, "Foreground", collector);
  }
  const policy = node.finalizers.includes(orphanFinalizer)
    ? "Orphan"
    : node.finalizers.includes(foregroundFinalizer)
      ? "Foreground"
      : "Background";
  await remove(live, node, policy, collector);
}

async function standingOf(owner: OwnerReference, node: GraphNode, { graph, deps, kindOf }: Collector): Promise<Standing> {
  const known = graph.get(owner.uid);
  if (known) {
    if (!isOwnedHere(owner, node, graph)) return invalidNamespace(owner, node, deps);
    return waitsForDependents(known) ? "waiting" : "solid";
  }
  const kind = kindOf(owner);
  if (!kind) return "unknown";
  if (kind.scope === "Namespaced" && node.key.namespace === undefined) {
    await invalidNamespace(owner, node, deps);
    return "unknown";
  }
  const key: ObjectKey = kind.scope === "Cluster" ? { name: owner.name } : { name: owner.name, namespace: node.key.namespace as string };
  try {
    const live = await deps.client.get(kind, key);
    if (live.metadata.uid !== owner.uid) return "absent";
    return live.metadata.deletionTimestamp !== undefined && (live.metadata.finalizers ?? []).includes(foregroundFinalizer)
      ? "waiting"
      : "solid";
  } catch (error) {
    if (isNotFound(error)) return "absent";
    throw error;
  }
}

async function invalidNamespace(owner: OwnerReference, node: GraphNode, deps: ControllerDeps): Promise<Standing> {
  const object = await deps.client.get(node.kind, node.key);
  const where = node.key.namespace === undefined ? "cluster-scoped" : `namespace "${node.key.namespace}"`;
  const message = `ownerRef [${owner.apiVersion}/${owner.kind}, namespace: ${node.key.namespace ?? ""}, name: ${owner.name}, uid: ${owner.uid}] does not exist in ${where}`;
  deps.recorderFor("garbage-collector-controller").event(object, "Warning", "OwnerRefInvalidNamespace", message);
  return "absent";
}

/** Only as it was judged: whoever changed it since may have given it another owner, and then it is judged anew. */
async function remove(live: AnyObject, node: GraphNode, propagationPolicy: Propagation, { deps }: Collector): Promise<void> {
  const { uid, resourceVersion } = live.metadata;
  const preconditions = { uid: uid as string, ...(resourceVersion !== undefined && { resourceVersion }) };
  try {
    await deps.client.delete(node.kind, node.key, { propagationPolicy, preconditions });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

/** Changes an object as it is now, by uid; does nothing when it is gone. */
async function edit(node: GraphNode, { deps }: Collector, change: (object: AnyObject) => AnyObject | undefined): Promise<void> {
  const live = await deps.client.get(node.kind, node.key);
  if (live.metadata.uid !== node.uid) return;
  const next = change(live);
  if (next) await deps.client.update(node.kind, next);
}

const dropOwners = (node: GraphNode, uids: ReadonlySet<string>, collector: Collector): Promise<void> =>
  edit(node, collector, (object) => {
    const { ownerReferences = [], ...metadata } = object.metadata;
    const kept = ownerReferences.filter((owner) => !uids.has(owner.uid));
    if (kept.length === ownerReferences.length) return undefined;
    return { ...object, metadata: kept.length > 0 ? { ...metadata, ownerReferences: kept } : metadata };
  }).catch((error) => {
    if (!isNotFound(error)) throw error;
  });

/** Lets the owners of an object go before it. */
const unblockOwners = (node: GraphNode, collector: Collector): Promise<void> =>
  edit(node, collector, (object) => {
    const { ownerReferences = [] } = object.metadata;
    if (!ownerReferences.some((owner) => owner.blockOwnerDeletion)) return undefined;
    const unblocked = ownerReferences.map((owner) => (owner.blockOwnerDeletion ? { ...owner, blockOwnerDeletion: false } : owner));
    return { ...object, metadata: { ...object.metadata, ownerReferences: unblocked } };
  });

const removeFinalizer = (node: GraphNode, finalizer: string, collector: Collector): Promise<void> =>
  edit(node, collector, (object) => {
    const finalizers = object.metadata.finalizers ?? [];
    if (!finalizers.includes(finalizer)) return undefined;
    return { ...object, metadata: { ...object.metadata, finalizers: finalizers.filter((each) => each !== finalizer) } };
  });
