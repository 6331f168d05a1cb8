/** What a Pod asks of a node, and what a node has to give: the arithmetic that the scheduler and the node share. */
import type { Container, Pod } from "../api/types.ts";
import { quantityMilliValue, quantityValue } from "./quantity.ts";

/** Resource name to amount: `cpu` in thousandths, everything else in whole units. */
export type Amounts = ReadonlyMap<string, number>;

const amountOf = (resource: string, quantity: string | number): number =>
  resource === "cpu" ? quantityMilliValue(quantity) : quantityValue(quantity);

function addInto(sum: Map<string, number>, amounts: Iterable<readonly [string, number]>): void {
  for (const [resource, amount] of amounts) sum.set(resource, (sum.get(resource) ?? 0) + amount);
}

function raiseTo(most: Map<string, number>, amounts: Iterable<readonly [string, number]>): void {
  for (const [resource, amount] of amounts) most.set(resource, Math.max(most.get(resource) ?? 0, amount));
}

function requestsOf(container: Container): Map<string, number> {
  const amounts = new Map<string, number>();
  for (const [resource, quantity] of Object.entries(container.resources?.requests ?? {}))
    amounts.set(resource, amountOf(resource, quantity));
  return amounts;
}

/**
 * Containers and sidecars run together, so they add up; an ordinary init container runs beside the sidecars started
 * before it, so the dearest moment of the start-up counts when it exceeds that sum. Overhead comes on top.
 */
export function requestedAmounts(pod: Pod): Amounts {
  const together = new Map<string, number>();
  const sidecars = new Map<string, number>();
  const startUp = new Map<string, number>();
  for (const container of pod.spec?.containers ?? []) addInto(together, requestsOf(container));
  for (const container of pod.spec?.initContainers ?? []) {
    const own = requestsOf(container);
    if (container.restartPolicy === "Always") {
      addInto(together, own);
      addInto(sidecars, own);
      raiseTo(startUp, sidecars);
    } else {
      const moment = new Map(sidecars);
      addInto(moment, own);
      raiseTo(startUp, moment);
    }
  }
  raiseTo(together, startUp);
  for (const [resource, quantity] of Object.entries(pod.spec?.resources?.requests ?? {}))
    together.set(resource, amountOf(resource, quantity));
  for (const [resource, quantity] of Object.entries(pod.spec?.overhead ?? {}))
    addInto(together, [[resource, amountOf(resource, quantity)]]);
  return together;
}

/** What a node has to give. */
export function allocatableOf(allocatable: Readonly<Record<string, string | number>> | undefined): Map<string, number> {
  const amounts = new Map<string, number>();
  for (const [resource, quantity] of Object.entries(allocatable ?? {})) amounts.set(resource, amountOf(resource, quantity));
  return amounts;
}
