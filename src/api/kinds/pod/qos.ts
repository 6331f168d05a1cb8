/** The quality-of-service class of a Pod: who is evicted first when a node runs short. */
import { compareQuantities, isQuantity, quantityMilliValue } from "../../../machinery/quantity.ts";
import type { PodSpec } from "../../types.ts";

const counted = ["cpu", "memory"] as const;

const isSet = (amount: string | number | undefined): amount is string | number =>
  amount !== undefined && isQuantity(amount) && quantityMilliValue(amount) > 0;

/**
 * `Guaranteed` when every container has limits of both cpu and memory and asks for exactly as much, `BestEffort` when
 * none has any, `Burstable` between.
 */
export function podQosClass(spec: PodSpec | undefined): "Guaranteed" | "Burstable" | "BestEffort" {
  const owners = spec?.resources ? [spec] : [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])];
  let any = false;
  let guaranteed = owners.length > 0;
  for (const { resources } of owners) {
    for (const name of counted) {
      const limit = resources?.limits?.[name];
      const request = resources?.requests?.[name];
      if (isSet(limit) || isSet(request)) any = true;
      if (!isSet(limit) || (isSet(request) && compareQuantities(request, limit) !== 0)) guaranteed = false;
    }
  }
  return !any ? "BestEffort" : guaranteed ? "Guaranteed" : "Burstable";
}
