/**
 * What one pass does to a StatefulSet, as a pure function of what was seen. Pods that are missing or broken come first,
 * then those that are no longer wanted, and only then an update (STS-12).
 */
import type { PersistentVolumeClaim, Pod, PodTemplateSpec, StatefulSet, StatefulSetStatus } from "../../api/types.ts";
import { isPodTerminal } from "../../machinery/pods.ts";
import { claimsToHandOver, type FindClaim, hasStaleClaim, leavingClaim, missingClaims } from "./claims.ts";
import { isHealthy, isLeaving } from "./health.ts";
import { isWanted, newPod, ordinalOf, replicasOf, startOrdinal, withIdentity } from "./identity.ts";
import { podsToReplace } from "./rolling-update.ts";
import { nextStatus } from "./status.ts";

/** A revision as far as Pods are made from it. */
export interface TemplateRevision {
  readonly name: string;
  readonly template: PodTemplateSpec;
}

export interface Observation {
  readonly set: StatefulSet;
  /** All that the set controls. */
  readonly pods: readonly Pod[];
  readonly current: TemplateRevision;
  readonly update: TemplateRevision;
  readonly collisionCount: number;
  readonly findClaim: FindClaim;
}

export type Step =
  /** First the claims, then the Pod. `waitsFor` is a claim that is still going away: the step fails until it is gone. */
  | { readonly do: "create"; readonly pod: Pod; readonly claims: readonly PersistentVolumeClaim[]; readonly waitsFor: string | undefined }
  /** A Pod that waits for claims that somebody deleted. */
  | { readonly do: "create-claims"; readonly pod: Pod; readonly claims: readonly PersistentVolumeClaim[] }
  | { readonly do: "delete"; readonly pod: Pod }
  /** The Pod's labels and the owners of its claims are not what they should be; both are given as they should be. */
  | { readonly do: "correct"; readonly pod: Pod; readonly changed: boolean; readonly claims: readonly PersistentVolumeClaim[] };

export interface Plan {
  /**
   * To be carried out one after another; what fails ends the pass. Within a phase the order counts, unless the set is Parallel.
   */
  readonly phases: readonly (readonly Step[])[];
  readonly status: StatefulSetStatus;
}

/** Whether the set's Pods come and go all at once (STS-13). */
export const isParallel = (set: StatefulSet): boolean => set.spec?.podManagementPolicy === "Parallel";

export function decide(seen: Observation, nowMs: number): Plan {
  const { set, pods, current, update, collisionCount } = seen;
  const status = nextStatus({ set, pods, currentRevision: current.name, updateRevision: update.name, collisionCount, nowMs });
  return { phases: set.metadata.deletionTimestamp === undefined ? phasesOf(seen, nowMs) : [], status };
}

/** One wanted Pod: as it is, or as it will be made. */
interface Seat {
  readonly ordinal: number;
  readonly pod: Pod;
  readonly exists: boolean;
}

function phasesOf(seen: Observation, nowMs: number): Step[][] {
  const { set } = seen;
  const healthy = (pod: Pod): boolean => isHealthy(pod, set.spec?.minReadySeconds ?? 0, nowMs);
  const seats = seatsOf(seen);
  const condemned = seen.pods
    .map((pod) => ({ pod, ordinal: ordinalOf(set, pod) ?? -1 }))
    .filter(({ ordinal }) => ordinal >= 0 && !isWanted(set, ordinal))
    .sort((a, b) => b.ordinal - a.ordinal);

  const kept = keepSeats(seen, seats, healthy);
  if (kept.blocked) return [kept.steps];
  const handedOver = condemned.flatMap(({ pod, ordinal }) => correction(seen, pod, ordinal, false));
  const dismissed = dismiss(set, seats, condemned, healthy);
  if (dismissed.blocked || set.spec?.updateStrategy?.type === "OnDelete") return [kept.steps, handedOver, dismissed.steps];
  const replaced = podsToReplace({
    set,
    pods: seats.map(({ pod }) => pod),
    updateRevision: seen.update.name,
    isHealthy: healthy,
    isLeaving,
  });
  const created = new Set(kept.steps.filter((step) => step.do === "create" || step.do === "delete").map(({ pod }) => pod));
  // A Pod that this pass makes or removes anyway needs no replacing.
  const steps = replaced.filter((pod) => !created.has(pod)).map((pod): Step => ({ do: "delete", pod }));
  return [kept.steps, handedOver, dismissed.steps, steps];
}

function seatsOf({ set, pods, current, update }: Observation): Seat[] {
  const byOrdinal = new Map(pods.map((pod) => [ordinalOf(set, pod), pod]));
  const start = startOrdinal(set);
  return Array.from({ length: replicasOf(set) }, (_, index) => {
    const ordinal = start + index;
    const pod = byOrdinal.get(ordinal);
    if (pod) return { ordinal, pod, exists: true };
    const revision = comesBackAsCurrent(set, index) ? current : update;
    return { ordinal, pod: newPod(set, ordinal, revision.template, revision.name), exists: false };
  });
}

/** STS-21: below the partition a Pod comes back as it was. */
function comesBackAsCurrent(set: StatefulSet, index: number): boolean {
  const { type, rollingUpdate } = set.spec?.updateStrategy ?? {};
  if (rollingUpdate) return index < (rollingUpdate.partition ?? 0);
  return type === "RollingUpdate" && index < (set.status?.currentReplicas ?? 0);
}

interface Progress {
  readonly steps: Step[];
  /** Something has to happen before the next phase may begin. */
  readonly blocked: boolean;
}

/** STS-10, STS-14: every wanted Pod exists and is itself. In order, each waits for the ones before it. */
function keepSeats(seen: Observation, seats: readonly Seat[], healthy: (pod: Pod) => boolean): Progress {
  const { set, findClaim } = seen;
  const ordered = !isParallel(set);
  const steps: Step[] = [];
  for (const { ordinal, pod, exists } of seats) {
    if (!exists) {
      if (!hasStaleClaim(set, ordinal, pod, findClaim)) {
        const claims = missingClaims(set, ordinal, findClaim);
        steps.push({ do: "create", pod, claims, waitsFor: leavingClaim(set, ordinal, findClaim) });
      }
      if (ordered) return { steps, blocked: true };
      continue;
    }
    if (isPodTerminal(pod)) {
      if (!isLeaving(pod)) steps.push({ do: "delete", pod });
      if (ordered) return { steps, blocked: true };
      continue;
    }
    if (pod.status?.phase === "Pending") {
      const claims = missingClaims(set, ordinal, findClaim);
      if (claims.length > 0) steps.push({ do: "create-claims", pod, claims });
    }
    if (ordered && !healthy(pod)) return { steps, blocked: true };
    steps.push(...correction(seen, pod, ordinal, true));
  }
  return { steps, blocked: false };
}

function correction({ set, findClaim }: Observation, pod: Pod, ordinal: number, wanted: boolean): Step[] {
  const corrected = wanted ? withIdentity(set, ordinal, pod) : pod;
  const claims = claimsToHandOver(set, ordinal, pod, wanted, findClaim);
  return corrected === pod && claims.length === 0 ? [] : [{ do: "correct", pod: corrected, changed: corrected !== pod, claims }];
}

/**
 * STS-10, STS-11: what is no longer wanted goes from the highest ordinal down. In order one goes at a time, each waits for
 * the one before it to be gone, and an unhealthy one holds up the rest unless it is the first unhealthy Pod of all.
 */
function dismiss(
  set: StatefulSet,
  seats: readonly Seat[],
  condemned: readonly { readonly pod: Pod; readonly ordinal: number }[],
  healthy: (pod: Pod) => boolean,
): Progress {
  const staying = condemned.map(({ pod }) => pod).filter((pod) => !isLeaving(pod));
  if (isParallel(set)) return { steps: staying.map((pod): Step => ({ do: "delete", pod })), blocked: false };
  const highest = condemned[0]?.pod;
  if (!highest) return { steps: [], blocked: false };
  const upwards = [...seats.map(({ pod }) => pod), ...condemned.map(({ pod }) => pod).reverse()];
  const firstUnhealthy = upwards.find((pod) => !healthy(pod));
  const mayGo = !isLeaving(highest) && (highest === firstUnhealthy || healthy(highest));
  return { steps: mayGo ? [{ do: "delete", pod: highest }] : [], blocked: true };
}
