/** Hands proxies the whole state of Services and slices whenever it has changed, once for all changes of one turn. */
import { EndpointSlice } from "../../api/kinds/endpoint-slice/index.ts";
import { Service } from "../../api/kinds/service/index.ts";
import type { Timer } from "../../base/clock.ts";
import type { World } from "../../base/world.ts";
import type { Informers } from "../../client/informers.ts";
import type { ServiceProxy, ServiceState } from "../network.ts";

/** How soon a proxy is told again after it failed. */
const retryMs = 1000;

export interface ServicesWatcher {
  /** Resolves when every proxy has in force all that is known now, or has failed at it. */
  settled(): Promise<void>;
  /** Ends the watching. The proxies stay as they are. */
  close(): void;
}

/** Proxies hear nothing before both caches are complete: half a state would cut traffic. */
export function watchServices(deps: {
  readonly informers: Informers;
  readonly world: World;
  readonly proxies: readonly ServiceProxy[];
}): ServicesWatcher {
  const { informers, world, proxies } = deps;
  const services = informers.of(Service);
  const slices = informers.of(EndpointSlice);
  let timer: Timer | undefined;
  let closed = false;

  const isComplete = (): boolean => services.hasSynced && slices.hasSynced;
  const state = (): ServiceState => ({ services: services.lister.list(), slices: slices.lister.list() });
  const schedule = (): void => {
    if (closed || timer || !isComplete()) return;
    timer = world.clock.setTimer(0, tell);
  };
  const endings = [services.addHandler(schedule), slices.addHandler(schedule)];
  void Promise.all([services.whenSynced(), slices.whenSynced()]).then(schedule);

  return {
    async settled() {
      if (timer) tell();
      await Promise.all(proxies.map((proxy) => proxy.settled()));
    },
    close() {
      closed = true;
      timer?.cancel();
      for (const end of endings) end();
    },
  };

  function tell(): void {
    timer?.cancel();
    timer = undefined;
    if (closed) return;
    const now = state();
    for (const proxy of proxies) proxy.sync(now).catch((error: unknown) => retry(proxy, error));
  }

  function retry(proxy: ServiceProxy, error: unknown): void {
    world.log.error("Services are not in force", { error: error instanceof Error ? error.message : String(error), retryMs });
    world.clock.setTimer(retryMs, () => {
      if (!closed) proxy.sync(state()).catch((next: unknown) => retry(proxy, next));
    });
  }
}
