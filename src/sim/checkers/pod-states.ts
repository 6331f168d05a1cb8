/**
 * What a checker asks of Pods. Written down here once more and not taken from the product, so that a mistake there is not
 * repeated here. Controllers see the past: a question about a window of time asks what they may have believed.
 */
import type { Pod, PodTemplateSpec } from "../../api/types.ts";
import { parseTime } from "../../base/time.ts";
import { between, type Commit, type ObjectRecord } from "../history.ts";

/** Phase Succeeded or Failed. */
export const isEnded = ({ status }: Pod): boolean => status?.phase === "Succeeded" || status?.phase === "Failed";
export const isLeaving = ({ metadata }: Pod): boolean => metadata.deletionTimestamp !== undefined;
/** Neither ended nor being deleted (RS-1). */
export const isActive = (pod: Pod): boolean => !isEnded(pod) && !isLeaving(pod);

const readySince = ({ status }: Pod): number | undefined => {
  const condition = status?.conditions?.find(({ type }) => type === "Ready");
  return condition?.status === "True" ? parseTime(condition.lastTransitionTime) : undefined;
};
export const isReady = (pod: Pod): boolean => readySince(pod) !== undefined;

/** Active, ready, and for longer than so many seconds (RS-9). */
export function isAvailable(pod: Pod, minReadySeconds: number, nowMs: number): boolean {
  const sinceMs = readySince(pod);
  if (sinceMs === undefined || !isActive(pod)) return false;
  return minReadySeconds === 0 || sinceMs + minReadySeconds * 1000 < nowMs;
}

/** Whether a Pod may be believed available at the end of the window by who last saw it within the window: what was seen is judged now. */
export function wasAvailable(record: ObjectRecord<Pod>, minReadySeconds: number, fromMs: number, toMs: number): boolean {
  for (const { object } of between(record, fromMs, toMs)) if (object && isAvailable(object, minReadySeconds, toMs)) return true;
  return false;
}

/** Whether a Pod was available throughout the window. */
export function stayedAvailable(record: ObjectRecord<Pod>, minReadySeconds: number, fromMs: number, toMs: number): boolean {
  if ((record.versions[0]?.atMs ?? toMs) > fromMs) return false;
  for (const { object, fromMs: startMs } of between(record, fromMs, toMs))
    if (!object || !isAvailable(object, minReadySeconds, startMs)) return false;
  return true;
}

const restartedKey = "kubectl.kubernetes.io/restartedAt";

/** The ConfigMaps and Secrets that a template or a Pod names, as the worlds of this simulation do. */
export const namedConfiguration = (pod: Pick<PodTemplateSpec, "spec"> | undefined): { readonly kind: string; readonly name: string }[] =>
  (pod?.spec?.containers[0]?.envFrom ?? []).flatMap(({ configMapRef, secretRef }) => [
    ...(configMapRef?.name ? [{ kind: "ConfigMap", name: configMapRef.name }] : []),
    ...(secretRef?.name ? [{ kind: "Secret", name: secretRef.name }] : []),
  ]);

/** What tells the templates of a run apart: image, time of restart and configuration. A Pod bears the mark of the template it was made from. */
export const markOf = (pod: Pick<PodTemplateSpec, "metadata" | "spec"> | undefined): string =>
  [
    `${pod?.spec?.containers[0]?.image ?? ""}@${pod?.metadata?.annotations?.[restartedKey] ?? ""}`,
    ...namedConfiguration(pod).map(({ name }) => name),
  ].join(" ");

/** The uid of the controller that owns an object. */
export const controllerUid = ({ metadata }: Pick<Pod, "metadata">): string | undefined =>
  metadata.ownerReferences?.find(({ controller }) => controller === true)?.uid;

/** A number, or a percentage of `total`. */
export function amountOf(value: number | string | undefined, total: number, round: (exact: number) => number): number {
  if (value === undefined) return 0;
  return typeof value === "number" ? value : round((Number.parseInt(value, 10) * total) / 100);
}

/** What a commit does to a Pod: it is there for the first time, or is sent away for the first time. Undefined: neither, or no Pod. */
export function podTurn({ kind, before, after }: Commit): { readonly made: Pod } | { readonly sentAway: Pod } | undefined {
  if (kind !== "Pod") return undefined;
  const [was, is] = [before as Pod | undefined, after as Pod | undefined];
  if (!was) return is && { made: is };
  return !isLeaving(was) && (!is || isLeaving(is)) ? { sentAway: was } : undefined;
}
