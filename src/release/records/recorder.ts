/**
 * Remembers every release of every Deployment, StatefulSet and DaemonSet, in a ConfigMap beside it. Watches only, and writes nothing
 * but histories and the key of each namespace under which Secrets are digested.
 */
import { isAlreadyExists, isNamespaceTerminating, isNotFound } from "../../api/errors.ts";
import { ConfigMap } from "../../api/kinds/config-map/index.ts";
import { Pod } from "../../api/kinds/pod/index.ts";
import { Secret } from "../../api/kinds/secret/index.ts";
import { type KubeObject, keyOf, type ObjectKey } from "../../api/meta/object.ts";
import type { Pod as PodObject, Secret as SecretObject } from "../../api/types.ts";
import { randomHex } from "../../base/random.ts";
import { type Controller, type ControllerDeps, controller, type Enqueue } from "../../client/controller.ts";
import { byController, byNamespace } from "../../client/lister.ts";
import type { Change } from "../../client/informer.ts";
import { done, type Outcome, requeueAfter } from "../../client/outcome.ts";
import { deepEqual } from "../../machinery/equality.ts";
import { controllerOf } from "../../machinery/owners.ts";
import { configurationReferences, type ConfigurationReference, referenceText } from "../configuration/references.ts";
import { snapshotOf } from "../snapshot.ts";
import { workloadKinds } from "../workload-kinds.ts";
import type { WorkloadKind, WorkloadObject } from "../workload.ts";
import type { Authors } from "./authors.ts";
import { decide, historyLimit } from "./decide.ts";
import { decodeHistory, historyKeyOf, historyLabel, isHistoryOf } from "./history-object.ts";
import { writeHistory } from "./history-store.ts";
import { digestKeyField, digestKeyIn, digestKeyName, liveConfiguration } from "./live-configuration.ts";
import { emptyHistory } from "./release.ts";

/**
 * Pods and counters change by the hundred during a rollout; what they tell is gathered for so long, and for a millisecond more with
 * every Pod: a look costs as much as there are Pods. What decides something is looked at at once.
 */
const gatheredMs = 1000;
const gatheredPerPodMs = 1;

/** One recorder per kind of workload. Without `authors` the user is who the workload's annotation names. */
export const releaseRecorders = (deps: ControllerDeps, authors?: Authors): readonly Controller[] =>
  workloadKinds.map((kind) => releaseRecorder(kind, deps, authors));

function releaseRecorder(kind: WorkloadKind, deps: ControllerDeps, authors: Authors | undefined): Controller {
  const { informers } = deps;
  const workloads = informers.of<WorkloadObject>(kind.ref).lister;
  const revisions = informers.of<KubeObject>(kind.revisionRef).lister;

  const workloadOfPod = (pod: PodObject): ObjectKey | undefined => {
    const owner = controllerOf(pod);
    const namespace = pod.metadata.namespace as string;
    if (!owner) return undefined;
    if (kind.podsBelongTo === "workload") return owner.kind === kind.ref.kind ? { namespace, name: owner.name } : undefined;
    const revision = revisions.get({ namespace, name: owner.name });
    const workload = revision && controllerOf(revision);
    return workload?.kind === kind.ref.kind ? { namespace, name: workload.name } : undefined;
  };

  const lookLater = (key: ObjectKey, enqueue: Enqueue): void => {
    const workload = workloads.get(key);
    enqueue.after(key, gatheredMs + (workload ? kind.counts(workload).total * gatheredPerPodMs : 0));
  };

  /** Whoever names the object in its template, and whose history it is. */
  const concernedBy = (what: ConfigurationReference["kind"], object: KubeObject, enqueue: Enqueue): void => {
    const { namespace = "", name = "" } = object.metadata;
    if (object.metadata.labels?.[historyLabel] !== undefined) {
      for (const owner of object.metadata.ownerReferences ?? []) if (owner.kind === kind.ref.kind) enqueue({ namespace, name: owner.name });
      return;
    }
    const text = referenceText({ kind: what, name });
    for (const workload of workloads.byIndex(byNamespace, namespace)) if (namesOf(workload).has(text)) enqueue(keyOf(workload));
  };

  return controller(`release-recorder-${kind.ref.plural}`, deps)
    .watches<WorkloadObject>(kind.ref, (change, enqueue) => {
      const key = keyOf(change.object);
      if (isCounting(change) && hasSameSpec(change) && !isSettled(kind, change.object)) lookLater(key, enqueue);
      else enqueue(key);
    })
    .watches<KubeObject>(kind.revisionRef, (change, enqueue) => {
      const { object } = change;
      const owner = controllerOf(object);
      if (owner?.kind !== kind.ref.kind) return;
      const key = { namespace: object.metadata.namespace as string, name: owner.name };
      // The sizes of a ReplicaSet are another spec with every step of a rollout; its template never is.
      if (isCounting(change)) lookLater(key, enqueue);
      else enqueue(key);
    })
    .watches(Pod, ({ object }, enqueue) => {
      const key = workloadOfPod(object);
      if (key) lookLater(key, enqueue);
    })
    .watches(ConfigMap, ({ object }, enqueue) => concernedBy("ConfigMap", object, enqueue))
    .watches(Secret, ({ object }, enqueue) => concernedBy("Secret", object, enqueue))
    .with((key) => reconcile(kind, key, { ...deps, authors }));
}

/** Neither its annotations nor its end: what is another one are counters, of a rollout that goes on. */
const isCounting = (change: Change<KubeObject>): change is Change<KubeObject> & { readonly type: "updated" } =>
  change.type === "updated" &&
  change.object.metadata.deletionTimestamp === change.old.metadata.deletionTimestamp &&
  deepEqual(change.object.metadata.annotations, change.old.metadata.annotations);

const hasSameSpec = (change: Change<KubeObject> & { readonly type: "updated" }): boolean =>
  change.object.metadata.generation === change.old.metadata.generation;

/** The last of its counters has come where it was going, which is the instant that a release is complete. */
function isSettled(kind: WorkloadKind, object: WorkloadObject): boolean {
  const { desired, total, updated, available } = kind.counts(object);
  return available >= desired && total <= desired && updated >= desired - kind.strategy(object).keptBack;
}

type RecorderDeps = ControllerDeps & { readonly authors: Authors | undefined };

async function reconcile(kind: WorkloadKind, key: ObjectKey, deps: RecorderDeps): Promise<Outcome> {
  const { client, informers, world, authors } = deps;
  const object = informers.of<WorkloadObject>(kind.ref).lister.get(key);
  if (!object || object.metadata.deletionTimestamp !== undefined || historyLimit(object) === 0) return done;
  const configMaps = informers.of(ConfigMap).lister;
  const present = configMaps.get(historyKeyOf(object));
  const history = present && isHistoryOf(present, object) ? decodeHistory(present) : emptyHistory;
  const revisions = informers.of<KubeObject>(kind.revisionRef).lister.byIndex(byController, object.metadata.uid as string);
  const pods = podsOf(kind, object, revisions, deps);
  const snapshot = snapshotOf(kind, { object, revisions, pods }, world.clock.now());
  const needsKey = [...namesOf(object)].some((text) => text.startsWith("Secret/"));
  const secretKey = needsKey ? await digestKey(key.namespace as string, deps) : undefined;
  const live = ({ kind: what, name }: ConfigurationReference) => {
    const lister = what === "Secret" ? informers.of(Secret).lister : configMaps;
    const found = lister.get({ ...key, name });
    return found && liveConfiguration(what, found, secretKey);
  };
  const decision = decide({ snapshot, live, ...(authors && { authors }) }, history);
  if (decision.history !== history) {
    try {
      await writeHistory(client, object, decision.history, present);
    } catch (error) {
      // The namespace and all in it are on their way out.
      if (isNamespaceTerminating(error)) return done;
      throw error;
    }
  }
  return decision.lookAgainMs === undefined
    ? done
    : requeueAfter(decision.lookAgainMs, "a release proves itself, or its configuration settles");
}

function podsOf(kind: WorkloadKind, object: WorkloadObject, revisions: readonly KubeObject[], { informers }: ControllerDeps): PodObject[] {
  const owners = kind.podsBelongTo === "workload" ? [object] : revisions;
  const { lister } = informers.of(Pod);
  return owners.flatMap(({ metadata }) => lister.byIndex(byController, metadata.uid as string));
}

/** Objects of caches are frozen and shared, so each is read once. */
const namesRead = new WeakMap<object, ReadonlySet<string>>();

/** What a workload's template names, as `referenceText` spells it. */
function namesOf({ spec }: WorkloadObject): ReadonlySet<string> {
  const template = spec?.template ?? {};
  const known = namesRead.get(template);
  if (known) return known;
  const names = new Set(configurationReferences(template).map(referenceText));
  namesRead.set(template, names);
  return names;
}

/** The key of a namespace, made when it is first needed. */
async function digestKey(namespace: string, { client, informers, world }: ControllerDeps): Promise<string | undefined> {
  const key = { namespace, name: digestKeyName };
  const cached = informers.of(Secret).lister.get(key);
  if (cached) return digestKeyIn(cached);
  const secret: SecretObject = {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { ...key, labels: { "app.kubernetes.io/managed-by": "windlass" } },
    type: "Opaque",
    data: { [digestKeyField]: btoa(randomHex(world.random, 32)) },
  };
  try {
    return digestKeyIn(await client.create(Secret, secret));
  } catch (error) {
    if (isAlreadyExists(error)) return digestKeyIn(await client.get(Secret, key));
    if (isNamespaceTerminating(error) || isNotFound(error)) return undefined;
    throw error;
  }
}
