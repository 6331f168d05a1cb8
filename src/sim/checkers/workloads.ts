/**
 * A Deployment, StatefulSet or DaemonSet as the checkers of releases see it: which template it had when, and which Pods of that
 * template were there, ready and for how long. From the API and nothing else.
 */
import { DaemonSet } from "../../api/kinds/daemon-set/index.ts";
import { Deployment } from "../../api/kinds/deployment/index.ts";
import { Pod } from "../../api/kinds/pod/index.ts";
import { ReplicaSet } from "../../api/kinds/replica-set/index.ts";
import { StatefulSet } from "../../api/kinds/stateful-set/index.ts";
import type { KindRef } from "../../api/kind.ts";
import { type AnyObject, keyOf, keyText } from "../../api/meta/object.ts";
import type { Pod as PodObject } from "../../api/types.ts";
import { parseTime } from "../../base/time.ts";
import type { Commit, History, ObjectRecord } from "../history.ts";
import { controllerUid, isActive, isReady, markOf } from "./pod-states.ts";

const workloadKinds = [Deployment, StatefulSet, DaemonSet] as unknown as readonly KindRef<AnyObject>[];
const names = new Set(workloadKinds.map(({ kind }) => kind));

/** Whether a commit is about a workload. */
export const isWorkload = ({ kind }: Pick<Commit, "kind">): boolean => names.has(kind);

export const liveWorkloads = (history: History): AnyObject[] => workloadKinds.flatMap((kind) => history.list(kind));

/** The record of a workload, by uid. */
export const recordOf = (history: History, uid: string | undefined): ObjectRecord<AnyObject> | undefined =>
  workloadKinds.flatMap((kind) => history.records(kind)).find((record) => record.uid === uid);

/** All that ever bore a workload's kind and name, the oldest first. */
export const recordsOf = (history: History, { kind, metadata }: AnyObject): ObjectRecord<AnyObject>[] =>
  workloadKinds
    .filter((each) => each.kind === kind)
    .flatMap((each) => history.records(each))
    .filter(({ key }) => key === keyText(keyOf({ metadata } as AnyObject)));

export const annotationOf = ({ metadata }: AnyObject, name: string): string | undefined => metadata.annotations?.[`windlass.dev/${name}`];

/** The mark of a workload's template. */
export const templateMark = (object: AnyObject | undefined): string => markOf(object?.spec?.template);

/** One template of a workload, from when it was written until the next was. */
export interface Tenure {
  readonly mark: string;
  readonly fromMs: number;
  /** Undefined: it still is. */
  readonly toMs: number | undefined;
  /** Who wrote it. */
  readonly actor: string;
  readonly byController: boolean;
  /** The workload as it was first written with this template. */
  readonly object: AnyObject;
}

/** The templates that a workload had, the oldest first. */
export function tenuresOf({ versions }: ObjectRecord<AnyObject>): Tenure[] {
  const tenures: Tenure[] = [];
  for (const { atMs, actor, byController, object } of versions) {
    const last = tenures.at(-1);
    if (!object || last?.mark === templateMark(object)) continue;
    if (last) tenures[tenures.length - 1] = { ...last, toMs: atMs };
    tenures.push({ mark: templateMark(object), fromMs: atMs, toMs: undefined, actor, byController, object });
  }
  return tenures;
}

/** Every Pod that ever was a workload's. */
export function podRecordsOf(history: History, uid: string): ObjectRecord<PodObject>[] {
  const owners = new Set([uid]);
  for (const { uid: set, versions } of history.records(ReplicaSet))
    if (versions.some(({ object }) => object && controllerUid(object) === uid)) owners.add(set);
  return history.records(Pod).filter(({ versions }) => versions.some(({ object }) => object && owners.has(controllerUid(object) ?? "")));
}

/** Fewer than these are no complete release. A DaemonSet's are as many as its own status says. */
function wantedOf({ kind, spec, status }: AnyObject): number {
  const desired = kind === "DaemonSet" ? (status?.desiredNumberScheduled ?? 0) : (spec?.replicas ?? 1);
  return desired - Math.min(desired, spec?.updateStrategy?.rollingUpdate?.partition ?? 0);
}

interface Instant {
  readonly atMs: number;
  /** Until when nothing changed. */
  readonly untilMs: number;
  /** Active Pods of the mark. */
  readonly pods: readonly PodObject[];
  /** So many active Pods are of other marks. */
  readonly others: number;
}

/** What there was of Pods of one mark, from change to change. */
function* instants(records: readonly ObjectRecord<PodObject>[], mark: string, fromMs: number, toMs: number): Iterable<Instant> {
  const times = records.flatMap(({ versions }) => versions.map(({ atMs }) => atMs)).filter((atMs) => atMs > fromMs && atMs < toMs);
  const changes = [fromMs, ...new Set(times.sort((a, b) => a - b)), toMs];
  for (let index = 0; index + 1 < changes.length; index++) {
    const atMs = changes[index] as number;
    const active = records.flatMap(({ versions }) => {
      const object = versions.findLast((version) => version.atMs <= atMs)?.object;
      return object && isActive(object) ? [object] : [];
    });
    const pods = active.filter((pod) => markOf(pod) === mark);
    yield { atMs, untilMs: changes[index + 1] as number, pods, others: active.length - pods.length };
  }
}

const readySinceMs = ({ status }: PodObject): number =>
  parseTime(status?.conditions?.find(({ type }) => type === "Ready")?.lastTransitionTime) ?? 0;

export interface Proof {
  readonly record: ObjectRecord<AnyObject>;
  readonly mark: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly provenAfterMs: number;
  /** So much is granted for what was seen late, and for times that are whole seconds. */
  readonly graceMs: number;
}

/** Whether somebody may have believed a template to be proven: all there at once, and then what was left of it available for a while. */
export function mayBeProven(history: History, { record, mark, fromMs, toMs, provenAfterMs, graceMs }: Proof): boolean {
  let wasComplete = false;
  for (const { atMs, untilMs, pods } of instants(podRecordsOf(history, record.uid), mark, fromMs, toMs)) {
    const ready = pods.filter(isReady).length;
    const versions = record.versions.filter((version, index) => {
      const next = record.versions[index + 1];
      return version.atMs <= untilMs && (next === undefined || next.atMs >= atMs - graceMs);
    });
    const asked = versions.flatMap(({ object }) => (object ? [object] : []));
    wasComplete ||= asked.some((object) => templateMark(object) === mark && ready >= wantedOf(object));
    if (!wasComplete || ready === 0 || ready < pods.length) continue;
    if (Math.max(...pods.map(readySinceMs)) + provenAfterMs <= untilMs + graceMs) return true;
  }
  return false;
}

/** Whether nobody can have overlooked that a template is proven: it was complete, alone and untouched for so long that it was seen. */
export function isSurelyProven(history: History, { record, mark, fromMs, toMs, provenAfterMs, graceMs }: Proof): boolean {
  let sinceMs: number | undefined;
  for (const { atMs, untilMs, pods, others } of instants(podRecordsOf(history, record.uid), mark, fromMs, toMs)) {
    const asked = record.versions.findLast((version) => version.atMs <= atMs)?.object;
    const minReadyMs = (asked?.spec?.minReadySeconds ?? 0) * 1000;
    const whole = asked !== undefined && others === 0 && pods.length > 0 && pods.length === podsMeant(asked) && pods.every(isReady);
    if (!whole) sinceMs = undefined;
    else {
      sinceMs ??= atMs;
      if (untilMs - sinceMs >= minReadyMs + provenAfterMs + graceMs) return true;
    }
  }
  return false;
}

const podsMeant = ({ kind, spec, status }: AnyObject): number =>
  kind === "DaemonSet" ? (status?.desiredNumberScheduled ?? 0) : (spec?.replicas ?? 1);
