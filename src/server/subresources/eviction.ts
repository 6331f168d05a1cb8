/** pods/eviction: a delete that asks the Pod's disruption budget first (API-86). */
import { type ApiError, forbidden, internal, tooManyRequests } from "../../api/errors.ts";
import type { KindDefinition } from "../../api/kind.ts";
import { type AnyObject, keyOf, type ObjectKey } from "../../api/meta/object.ts";
import type { Condition, DeleteOptions, Pod, PodDisruptionBudget } from "../../api/types.ts";
import { formatTime } from "../../base/time.ts";
import { isConditionTrue } from "../../machinery/conditions.ts";
import { deepCopy } from "../../machinery/freeze.ts";
import { isPodReady, isPodTerminal } from "../../machinery/pods.ts";
import { compileLabelSelector } from "../../machinery/selectors.ts";
import type { RequestContext } from "../api.ts";
import type { Core } from "../core/core.ts";
import { deleteObject } from "../core/delete.ts";
import { notFoundIn } from "../core/subject.ts";
import { statusResource } from "../core/main-resource.ts";
import type { Subresource } from "../core/subresource.ts";
import { changeObject } from "../core/update.ts";
import { created } from "./success.ts";

/** Evictions that the budget's controller has not confirmed yet; beyond this nothing more is evicted. */
const unconfirmedMax = 2000;
/** When to ask again about a budget that its controller has not looked at yet. */
const retryAfterSeconds = 10;

export const eviction: Subresource = {
  name: "eviction",
  readable: false,
  async post(core, kind, key, body, context) {
    const options: DeleteOptions = body.deleteOptions ?? {};
    const dryRun = context.dryRun === true || (options.dryRun?.length ?? 0) > 0;
    await evict(core, kind, key, options, { ...context, dryRun });
    return created();
  },
};

/** Throws 404 without such a Pod and 429 when its budget does not allow it. */
async function evict(core: Core, pods: KindDefinition, key: ObjectKey, options: DeleteOptions, context: RequestContext): Promise<void> {
  const stored = core.storage.read(pods, key);
  if (!stored) throw notFoundIn(pods, key.name);
  const pod = stored.object as Pod;
  if (!isOutsideBudgets(pod)) await askBudget(core, pod, context);
  const uid = options.preconditions?.uid ?? pod.metadata.uid;
  if (!context.dryRun && uid === pod.metadata.uid) await markDisrupted(core, pods, pod, context);
  await deleteObject(
    core,
    pods,
    key,
    { ...options, preconditions: { ...options.preconditions, ...(uid !== undefined && { uid }) } },
    context,
  );
}

/** Says on the Pod why it ends: a Job that overlooks disruptions does not count it as a failure. */
async function markDisrupted(core: Core, pods: KindDefinition, pod: Pod, context: RequestContext): Promise<void> {
  const lastTransitionTime = formatTime(core.world.clock.now());
  const disrupted = {
    type: "DisruptionTarget",
    status: "True",
    reason: "EvictionByEvictionAPI",
    message: "Eviction API: evicting",
    lastTransitionTime,
  };
  const change = (old: AnyObject): AnyObject => {
    const next = deepCopy(old) as Pod;
    if (next.metadata.uid !== pod.metadata.uid || isConditionTrue(next.status?.conditions, disrupted.type)) return next;
    const others = (next.status?.conditions ?? []).filter(({ type }) => type !== disrupted.type);
    next.status = { ...next.status, conditions: [...others, disrupted] };
    return next;
  };
  await changeObject(core, pods, keyOf(pod), { face: statusResource(pods), context, change });
}

/** A Pod that serves nobody disrupts nobody. */
const isOutsideBudgets = (pod: Pod): boolean =>
  isPodTerminal(pod) || pod.status?.phase === "Pending" || pod.metadata.deletionTimestamp !== undefined;

async function askBudget(core: Core, pod: Pod, context: RequestContext): Promise<void> {
  const budgets = core.kindOf("policy", "poddisruptionbudgets");
  if (!budgets) return;
  const matching = core.store
    .range(core.storage.prefix(budgets, pod.metadata.namespace))
    .entries.map((entry) => core.storage.ofEntry(budgets, entry).object as PodDisruptionBudget)
    .filter((budget) => compileLabelSelector(budget.spec?.selector).matches(pod.metadata.labels));
  const [budget, another] = matching;
  if (!budget) return;
  if (another) throw internal("This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.");
  if (!isPodReady(pod) && mayGoUnhealthy(budget)) return;
  const face = statusResource(budgets);
  const change = (old: AnyObject): AnyObject => spend(deepCopy(old) as PodDisruptionBudget, pod, core.world.clock.now());
  await changeObject(core, budgets, keyOf(budget), { face, context, change });
}

/** A Pod that is not ready needs no budget when the policy says so, or when enough others are healthy. */
function mayGoUnhealthy(budget: PodDisruptionBudget): boolean {
  if (budget.spec?.unhealthyPodEvictionPolicy === "AlwaysAllow") return true;
  const { currentHealthy = 0, desiredHealthy = 0 } = budget.status ?? {};
  return desiredHealthy > 0 && currentHealthy >= desiredHealthy;
}

/** Takes one disruption from the budget, noting whose it is until the budget's controller has seen the Pod go. */
function spend(budget: PodDisruptionBudget, pod: Pod, now: number): PodDisruptionBudget {
  const name = budget.metadata.name as string;
  const status = (budget.status ??= {});
  const { disruptionsAllowed = 0, disruptedPods = {}, desiredHealthy = 0, currentHealthy = 0 } = status;
  if ((status.observedGeneration ?? 0) < (budget.metadata.generation ?? 0)) {
    throw tooManyDisruptions(`The disruption budget ${name} is still being processed by the server.`, retryAfterSeconds);
  }
  const subject = { group: "policy", resource: "poddisruptionbudgets", name };
  if (disruptionsAllowed < 0) throw forbidden(subject, "pdb disruptions allowed is negative");
  if (Object.keys(disruptedPods).length > unconfirmedMax) {
    throw forbidden(subject, "DisruptedPods map too big - too many evictions not confirmed by PDB controller");
  }
  if (disruptionsAllowed === 0) {
    throw tooManyDisruptions(`The disruption budget ${name} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`);
  }
  status.disruptionsAllowed = disruptionsAllowed - 1;
  status.disruptedPods = { ...disruptedPods, [pod.metadata.name as string]: formatTime(now) };
  if (status.disruptionsAllowed === 0) status.conditions = (status.conditions ?? []).map((condition) => exhausted(condition, now));
  return budget;
}

const exhausted = (condition: Condition, now: number): Condition =>
  condition.type === "DisruptionAllowed" && condition.status !== "False"
    ? { ...condition, status: "False", reason: "InsufficientPods", lastTransitionTime: formatTime(now) }
    : condition;

/**
 * An exhausted budget names no time: clients wait in silence for as long as they are told to, and nobody knows when a Pod may go
 * again. Without it `kubectl drain` says what it waits for and asks every five seconds.
 */
const tooManyDisruptions = (why: string, retryAfterSeconds?: number): ApiError =>
  tooManyRequests("Cannot evict pod as it would violate the pod's disruption budget.", retryAfterSeconds, [
    { reason: "DisruptionBudget", message: why },
  ]);
