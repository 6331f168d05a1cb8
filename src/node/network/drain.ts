/** Holds back a terminating Pod's signals until no traffic is led to it any more, so that no request is cut. */
import { EndpointSlice } from "../../api/kinds/endpoint-slice/index.ts";
import { Service } from "../../api/kinds/service/index.ts";
import type { EndpointSlice as EndpointSliceObject, Pod } from "../../api/types.ts";
import type { World } from "../../base/world.ts";
import type { Informers } from "../../client/informers.ts";
import { isEndpointReady, serviceNameLabel } from "./service-ports.ts";

/** The longest a Pod is held back, whatever its grace period. */
const drainMaxMs = 5000;
const graceDefaultSeconds = 30;

export interface DrainDeps {
  readonly informers: Informers;
  readonly world: World;
  /** Tells every proxy what is known; see `watchServices`. */
  readonly services: { settled(): Promise<void> };
  /** Knows of requests under way; absent where none is balanced. */
  readonly loadBalancer?: { whenIdle(ip: string): Promise<void> };
}

/**
 * The gate for a node agent. It resolves when no slice lists the Pod as ready, every proxy has that in force, and the
 * load balancer has no request under way to it; at the latest after the Pod's grace period or five seconds. Never rejects.
 */
export function drainGate(deps: DrainDeps): (pod: Pod) => Promise<void> {
  const { informers, world, services, loadBalancer } = deps;
  const slices = informers.of(EndpointSlice);
  const known = informers.of(Service);
  /** Slices that a Service left behind lead no traffic to anybody. */
  const isLed = ({ metadata: { namespace = "", labels } }: EndpointSliceObject): boolean =>
    known.lister.get({ namespace, name: labels?.[serviceNameLabel] ?? "" }) !== undefined;
  return (pod) => {
    const graceSeconds = pod.metadata.deletionGracePeriodSeconds ?? pod.spec?.terminationGracePeriodSeconds ?? graceDefaultSeconds;
    return new Promise((resolve) => {
      const over = (): void => {
        timer.cancel();
        ending?.();
        resolve();
      };
      const timer = world.clock.setTimer(Math.min(graceSeconds * 1000, drainMaxMs), over);
      let ending: (() => void) | undefined;
      let isWatching = false;
      const left = new Promise<void>((isLeft) => {
        const look = (): void => {
          if (!isListed(slices.lister.list({ namespace: pod.metadata.namespace ?? "" }).filter(isLed), pod)) isLeft();
        };
        ending = slices.addHandler(({ object }) => {
          if (isWatching && object.metadata.namespace === pod.metadata.namespace) look();
        });
        isWatching = true;
        look();
      });
      left
        .then(() => services.settled())
        .then(() => (pod.status?.podIP === undefined ? undefined : loadBalancer?.whenIdle(pod.status.podIP)))
        .then(over, over);
    });
  };
}

/**
 * Where a Service publishes addresses that are not ready, a terminating Pod stays listed as ready until it is gone: to
 * wait for that would be in vain (SVC-1).
 */
const isListed = (slices: readonly EndpointSliceObject[], pod: Pod): boolean =>
  slices.some((slice) =>
    (slice.endpoints ?? []).some(
      (endpoint) =>
        endpoint.targetRef?.kind === "Pod" &&
        endpoint.targetRef.name === pod.metadata.name &&
        isEndpointReady(endpoint) &&
        !endpoint.conditions?.terminating,
    ),
  );
