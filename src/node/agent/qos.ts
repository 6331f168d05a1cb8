/** The quality-of-service class of a Pod: who is asked to go first when memory runs out. */
import type { Pod } from "../../api/types.ts";
import { compareQuantities } from "../../machinery/quantity.ts";

export type QosClass = "Guaranteed" | "Burstable" | "BestEffort";

const counted = ["cpu", "memory"] as const;

/** Guaranteed: every container limits CPU and memory and requests as much. BestEffort: none asks for anything. Else Burstable. */
export function qosClass(pod: Pod): QosClass {
  let any = false;
  let guaranteed = true;
  for (const container of [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])]) {
    for (const resource of counted) {
      const limit = container.resources?.limits?.[resource];
      const request = container.resources?.requests?.[resource] ?? limit;
      if (isPositive(limit) || isPositive(request)) any = true;
      if (!isPositive(limit) || request === undefined || compareQuantities(limit as string, request) !== 0) guaranteed = false;
    }
  }
  return !any ? "BestEffort" : guaranteed ? "Guaranteed" : "Burstable";
}

const isPositive = (quantity: string | number | undefined): boolean => quantity !== undefined && compareQuantities(quantity, 0) > 0;
