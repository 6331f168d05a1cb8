/** Keeps the status of PodDisruptionBudgets: how many of the Pods they speak of may be evicted now. */
import { isConflict, isNotFound } from "../../api/errors.ts";
import { Deployment } from "../../api/kinds/deployment/index.ts";
import { PodDisruptionBudget } from "../../api/kinds/pod-disruption-budget/index.ts";
import { Pod } from "../../api/kinds/pod/index.ts";
import { ReplicaSet } from "../../api/kinds/replica-set/index.ts";
import { ReplicationController } from "../../api/kinds/replication-controller/index.ts";
import { StatefulSet } from "../../api/kinds/stateful-set/index.ts";
import { keyOf, type ObjectKey } from "../../api/meta/object.ts";
import type { Pod as PodObject, PodDisruptionBudget as Budget, PodDisruptionBudgetStatus } from "../../api/types.ts";
import { formatTime, parseTime } from "../../base/time.ts";
import { deepEqual } from "../../machinery/equality.ts";
import { resolveIntOrPercent } from "../../machinery/int-or-string.ts";
import { controllerOf } from "../../machinery/owners.ts";
import { isPodReady, isPodTerminal } from "../../machinery/pods.ts";
import { compileLabelSelector } from "../../machinery/selectors.ts";
import { type Controller, type ControllerDeps, controller } from "../../client/controller.ts";
import { done, type Outcome, requeueAfter } from "../../client/outcome.ts";

/** An eviction that has not led to a deletion after this long is forgotten. */
const disruptionTimeoutMs = 120_000;

/** The disruption controller. */
export const disruptionController = (deps: ControllerDeps): Controller =>
  controller("disruption", deps)
    .reconciles(PodDisruptionBudget)
    .maps(Pod, (pod, change) =>
      deps.informers
        .of(PodDisruptionBudget)
        .lister.list({ namespace: pod.metadata.namespace as string })
        .filter((budget) => speaksOf(budget, pod) || (change.type === "updated" && speaksOf(budget, change.old)))
        .map(keyOf),
    )
    .reads(Deployment)
    .reads(ReplicaSet)
    .reads(ReplicationController)
    .reads(StatefulSet)
    .with(reconcile);

const speaksOf = (budget: Budget, pod: PodObject): boolean => compileLabelSelector(budget.spec?.selector).matches(pod.metadata.labels);

async function reconcile(key: ObjectKey, deps: ControllerDeps): Promise<Outcome> {
  const budget = deps.informers.of(PodDisruptionBudget).lister.get(key);
  if (!budget) return done;
  const now = deps.world.clock.now();
  const pods = deps.informers.of(Pod).lister.list({ namespace: key.namespace as string });
  const concerned = pods.filter((pod) => speaksOf(budget, pod) && !isPodTerminal(pod));
  const status = statusOf(budget, concerned, expectedReplicas(concerned, deps), now);
  if (!deepEqual(budget.status, status)) {
    try {
      await deps.client.update(PodDisruptionBudget, { ...budget, status }, { subresource: "status" });
    } catch (error) {
      if (isNotFound(error)) return done;
      if (isConflict(error)) return requeueAfter(1, "the budget changed meanwhile");
      throw error;
    }
  }
  const pending = Object.values(status.disruptedPods ?? {}).map((time) => (parseTime(time) ?? now) + disruptionTimeoutMs - now);
  return pending.length > 0 ? requeueAfter(Math.max(1, Math.min(...pending)), "an eviction may come to nothing") : done;
}

/** The sum of what the Pods' controllers are asked for, or undefined where a Pod has none that can be scaled. */
function expectedReplicas(pods: readonly PodObject[], { informers }: ControllerDeps): number | undefined {
  const perController = new Map<string, number>();
  for (const pod of pods) {
    const owner = controllerOf(pod);
    if (!owner) return undefined;
    const key = { namespace: pod.metadata.namespace as string, name: owner.name };
    const set =
      informers.of(ReplicaSet).lister.get(key) ??
      informers.of(StatefulSet).lister.get(key) ??
      informers.of(ReplicationController).lister.get(key);
    if (set?.metadata.uid !== owner.uid) return undefined;
    const above = controllerOf(set);
    const deployment = above && informers.of(Deployment).lister.get({ namespace: key.namespace, name: above.name });
    if (deployment && deployment.metadata.uid === above?.uid) perController.set(above.uid, deployment.spec?.replicas ?? 1);
    else perController.set(owner.uid, set.spec?.replicas ?? 1);
  }
  let sum = 0;
  for (const replicas of perController.values()) sum += replicas;
  return sum;
}

/** The whole status. Pure. */
export function statusOf(budget: Budget, pods: readonly PodObject[], expected: number | undefined, now: number): PodDisruptionBudgetStatus {
  const { minAvailable, maxUnavailable } = budget.spec ?? {};
  const disrupted: Record<string, string> = {};
  for (const [name, time] of Object.entries(budget.status?.disruptedPods ?? {})) {
    const pod = pods.find((each) => each.metadata.name === name);
    if (pod && !pod.metadata.deletionTimestamp && (parseTime(time) ?? 0) + disruptionTimeoutMs > now) disrupted[name] = time;
  }
  const healthy = pods.filter(
    (pod) => isPodReady(pod) && !pod.metadata.deletionTimestamp && !((pod.metadata.name as string) in disrupted),
  ).length;
  const needsScale = maxUnavailable !== undefined || typeof minAvailable === "string";
  const failed = needsScale && expected === undefined;
  const expectedPods = needsScale ? (expected ?? 0) : pods.length;
  const desired =
    maxUnavailable !== undefined
      ? Math.max(0, expectedPods - resolveIntOrPercent(maxUnavailable, expectedPods, "up"))
      : resolveIntOrPercent(minAvailable ?? 1, expectedPods, "up");
  const allowed = failed || expectedPods <= 0 ? 0 : Math.max(0, healthy - desired);
  const reason = failed ? "SyncFailed" : allowed > 0 ? "SufficientPods" : "InsufficientPods";
  const wanted = { type: "DisruptionAllowed", status: allowed > 0 ? "True" : "False", reason };
  const known = (budget.status?.conditions ?? []).find((condition) => condition.type === wanted.type);
  const condition = {
    ...wanted,
    message: failed ? "found no controllers for pods" : "",
    observedGeneration: budget.metadata.generation ?? 0,
    lastTransitionTime: known?.status === wanted.status ? known.lastTransitionTime : formatTime(now),
  };
  return {
    observedGeneration: budget.metadata.generation ?? 0,
    disruptionsAllowed: allowed,
    currentHealthy: healthy,
    desiredHealthy: desired,
    expectedPods,
    ...(Object.keys(disrupted).length > 0 && { disruptedPods: disrupted }),
    conditions: [condition],
  };
}
