/**
 * Automatic rollback: gives up rollouts that fail, where an annotation asks for it. It needs the recorder beside it: what was proven
 * good, and what was given up, is remembered in the workload's history.
 */
import { isForbidden, isInvalid, isNotFound } from "../../api/errors.ts";
import { ConfigMap } from "../../api/kinds/config-map/index.ts";
import { Pod } from "../../api/kinds/pod/index.ts";
import { keyOf, type ObjectKey } from "../../api/meta/object.ts";
import { type Controller, type ControllerDeps, controller } from "../../client/controller.ts";
import { done, type Outcome, requeueAfter, TerminalError } from "../../client/outcome.ts";
import { cachedWorkloads, Remembered } from "../cached-workload.ts";
import { explain } from "../explain/explain.ts";
import { nothingRelated } from "../explain/explanation.ts";
import { gather } from "../explain/gather.ts";
import { decodeHistory, historyKeyOf, historyLabel, isHistoryOf, shortened } from "../records/history-object.ts";
import { changeHistory } from "../records/history-store.ts";
import { emptyHistory, type Release, type ReleaseHistory } from "../records/release.ts";
import { changedByKey, ownManager } from "../records/writer.ts";
import { workloadKinds } from "../workload-kinds.ts";
import type { PodView, WorkloadKind, WorkloadObject, WorkloadSnapshot } from "../workload.ts";
import { decideRollback, type Plan } from "./decide.ts";
import { type RollbackPolicy, rollbackPolicy } from "./policy.ts";

/** Events are not watched, for there are too many of them: while a rollout lasts they are read this often. */
const eventsReadMs = 5000;
/** What was said is remembered so far back. */
const toldMax = 10;
const changeCauseKey = "kubernetes.io/change-cause";

/** One controller per kind of workload. */
export const rollbackControllers = (deps: ControllerDeps): Controller[] => workloadKinds.map((kind) => rollbackController(kind, deps));

/** What this process knows of a rollout beside the history. */
interface Watched {
  readonly generation: number;
  readonly sinceMs: number;
  readonly eventsReadMs: number;
}

function rollbackController(kind: WorkloadKind, deps: ControllerDeps): Controller {
  const { client, informers, world } = deps;
  const { clock } = world;
  const recorder = deps.recorderFor("windlass-rollback");
  const workloads = cachedWorkloads(kind, deps);
  const watched = new Remembered<Watched>();
  const told = new Remembered<readonly string[]>();

  const policyOf = (object: WorkloadObject): RollbackPolicy | undefined => rollbackPolicy(object, kind.deadline(object) !== undefined);

  return controller(`rollback-of-${kind.ref.plural}`, deps)
    .reconciles(kind.ref)
    .owns(kind.revisionRef)
    .watches(Pod, ({ object: pod }, enqueue) => {
      const key = workloads.ownerOf(pod);
      const object = key && workloads.get(key);
      if (object && policyOf(object)) enqueue(key);
    })
    .watches(ConfigMap, ({ object }, enqueue) => {
      if (object.metadata.labels?.[historyLabel] === undefined) return;
      for (const owner of object.metadata.ownerReferences ?? [])
        if (owner.kind === kind.ref.kind) enqueue({ namespace: object.metadata.namespace as string, name: owner.name });
    })
    .with(reconcile);

  async function reconcile(key: ObjectKey): Promise<Outcome> {
    const object = workloads.get(key);
    const policy = object && !object.metadata.deletionTimestamp ? policyOf(object) : undefined;
    if (!object || !policy) {
      watched.forget(key);
      told.forget(key);
      return done;
    }
    for (const problem of policy.problems) tell(object, "InvalidAnnotation", problem, problem);
    const snapshot = workloads.snapshot(object);
    const seen = watchedOf(snapshot);
    watched.set(object, seen);
    const plan = await look(snapshot, policy, seen);
    switch (plan.type) {
      case "roll back":
        await rollBack(object, plan);
        return done;
      case "free":
        // What was in the way is not the rollout's fault: from here on it has its full time, even if the answer gets lost.
        watched.set(object, { ...seen, sinceMs: clock.now() });
        await free(object, plan.pods);
        return done;
      case "tell":
        tell(object, plan.reason, `Not rolled back: ${plan.message}`);
        return done;
      case "nothing": {
        const isOnTrial = policy.atOnce && snapshot.observed && !snapshot.complete && !snapshot.paused;
        const afterMs = Math.min(plan.lookAgainMs ?? Number.POSITIVE_INFINITY, isOnTrial ? eventsReadMs : Number.POSITIVE_INFINITY);
        return Number.isFinite(afterMs) ? requeueAfter(afterMs, "the rollout may come to nothing") : done;
      }
    }
  }

  /** A rollout that stands still because somebody wants it to is not failing: its time begins again. */
  function watchedOf({ object, paused, observed, takenMs }: WorkloadSnapshot): Watched {
    const before = watched.get(object);
    const generation = object.metadata.generation ?? 0;
    if (before && !paused && observed) return { ...before, generation };
    return { generation, sinceMs: takenMs, eventsReadMs: before?.eventsReadMs ?? 0 };
  }

  /** Decides by what the Pods say; what costs more to read is read when it matters, and not too often. */
  async function look(snapshot: WorkloadSnapshot, policy: RollbackPolicy, known: Watched): Promise<Plan> {
    const { object, takenMs: nowMs } = snapshot;
    const present = informers.of(ConfigMap).lister.get(historyKeyOf(object));
    const history = present && isHistoryOf(present, object) ? decodeHistory(present) : emptyHistory;
    const decideWith = (related: typeof nothingRelated): Plan =>
      decideRollback({ snapshot, history, policy, explanations: explain(snapshot, related, { nowMs }), knownSinceMs: known.sinceMs });
    const plan = decideWith(nothingRelated);
    const matters = plan.type === "roll back" && !plan.remembered;
    const mayShow = plan.type === "nothing" && policy.atOnce && snapshot.observed && !snapshot.complete && !snapshot.paused;
    if (!matters && !(mayShow && nowMs - known.eventsReadMs >= eventsReadMs)) return plan;
    watched.set(object, { ...known, eventsReadMs: nowMs });
    return decideWith(await gather(snapshot, { client }));
  }

  async function rollBack(object: WorkloadObject, { from, to, why, remembered }: Plan & { readonly type: "roll back" }): Promise<void> {
    if (!remembered) {
      let isRemembered = false;
      await changeHistory(client, object, (history) => {
        const given = givenUp(history, from, { to: to.release.template, why, nowMs: clock.now() });
        isRemembered = given !== history;
        return given;
      });
      // The recorder knows of a newer release: what was decided is out of date.
      if (!isRemembered) return;
    }
    const { [changeCauseKey]: _, [changedByKey]: __, ...annotations } = object.metadata.annotations ?? {};
    if (to.changeCause !== undefined) annotations[changeCauseKey] = to.changeCause;
    // The object carries the version that was looked at: where somebody wrote since, this is refused and decided again.
    const back = { ...object, metadata: { ...object.metadata, annotations }, spec: { ...object.spec, template: to.template } };
    try {
      await client.update<WorkloadObject>(kind.ref, back, { fieldManager: ownManager });
    } catch (error) {
      if (!isForbidden(error) && !isInvalid(error)) throw error;
      const message = error instanceof Error ? error.message : String(error);
      tell(object, "RollbackImpossible", `Not rolled back to revision ${to.release.number}: ${message}`);
      throw new TerminalError("the rollback was refused", { cause: error });
    }
    const numbers = `revision ${from.number} to revision ${to.release.number}`;
    recorder.event(object, "Warning", "RolledBack", `Rolled back from ${numbers}, the last one that was proven good: ${why}`);
  }

  async function free(object: WorkloadObject, pods: readonly PodView[]): Promise<void> {
    for (const { name, uid, object: pod } of pods) {
      try {
        // One that became ready in this very moment has another version, and stays.
        const preconditions = { uid, resourceVersion: pod.metadata.resourceVersion as string };
        await client.delete(Pod, { ...keyOf(object), name }, { preconditions });
      } catch (error) {
        if (isNotFound(error)) continue;
        throw error;
      }
      const message = `Deleted Pod ${name}, which was not ready, of a release that came to nothing: it kept the others waiting`;
      recorder.event(object, "Normal", "FreedBlockedPod", message);
    }
  }

  /** Says something once per generation, and not again with every pass; with `once` the same thing only, whatever the generation. */
  function tell(object: WorkloadObject, reason: string, message: string, once?: string): void {
    const what = once ?? `${reason} ${object.metadata.generation}`;
    const said = told.get(object) ?? [];
    if (said.includes(what)) return;
    told.set(object, [...said.slice(-toldMax), what]);
    recorder.event(object, "Warning", reason, message);
  }
}

/** The history in which a release is given up; the very same where it is not the newest any more, or was given up already. */
function givenUp(
  history: ReleaseHistory,
  from: Release,
  { to, why, nowMs }: { readonly to: string; readonly why: string; readonly nowMs: number },
): ReleaseHistory {
  const last = history.releases.at(-1);
  if (!last || last.number !== from.number || last.template !== from.template || last.rollback) return history;
  const given: Release = {
    ...last,
    failedMs: last.failedMs ?? Math.max(last.startedMs, nowMs),
    outcome: "failed",
    reason: shortened(why),
    rollback: { to },
  };
  return { ...history, releases: [...history.releases.slice(0, -1), given] };
}
