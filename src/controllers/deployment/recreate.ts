/** The Recreate strategy: all old Pods go before the first new one comes (DEP-75 … DEP-77). */
import type { ReplicaSet } from "../../api/types.ts";
import { actualOf } from "./replica-sets.ts";

/**
 * Whether anything old still runs (DEP-76). `setsWithPods` are the uids of the ReplicaSets that have Pods which have not
 * ended; Pods that are being deleted are among them.
 */
export const oldPodsRemain = (oldSets: readonly ReplicaSet[], setsWithPods: ReadonlySet<string>): boolean =>
  oldSets.some((oldSet) => actualOf(oldSet) > 0 || setsWithPods.has(oldSet.metadata.uid ?? ""));
