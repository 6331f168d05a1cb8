/** Which ports of this machine's localhost belong to which Service, and which Services come too late for theirs. */
import type { Service } from "../../../api/types.ts";
import type { ServiceState } from "../../network.ts";
import { servicePorts } from "../service-ports.ts";
import type { ListenerState } from "./protocol.ts";

export interface ListenerStates {
  readonly listeners: readonly ListenerState[];
  /** Services by the id of their listener. */
  readonly services: ReadonlyMap<string, Service>;
  /** Ports that an older Service has. */
  readonly conflicts: readonly { readonly id: string; readonly service: Service; readonly port: number; readonly message: string }[];
}

/** Of two Services that want one port the older one has it. A Service with a load balancer class is somebody else's. */
export function listenerStates(state: ServiceState): ListenerStates {
  const balanced = state.services.filter(({ spec }) => spec?.type === "LoadBalancer" && !spec.loadBalancerClass);
  const listeners = new Map<string, ListenerState>();
  const services = new Map<string, Service>();
  const conflicts: ListenerStates["conflicts"][number][] = [];
  const byAge = [...balanced].sort((a, b) => (ageKey(a) < ageKey(b) ? -1 : 1));
  for (const { service, protocol, port, backends, affinitySeconds } of servicePorts({ services: byAge, slices: state.slices })) {
    if (protocol === "SCTP") continue;
    const id = `${service.metadata.namespace}/${service.metadata.name}:${port}`;
    const holder = listeners.get(`${protocol} ${port}`);
    if (holder) {
      conflicts.push({ id, service, port, message: `Service ${holder.id.slice(0, holder.id.lastIndexOf(":"))} has it` });
      continue;
    }
    services.set(id, service);
    listeners.set(`${protocol} ${port}`, {
      id,
      protocol,
      port,
      backends: backends.map(({ ip, port: target }) => ({ ip, port: target })),
      ...(affinitySeconds === undefined ? {} : { affinitySeconds }),
    });
  }
  return { listeners: [...listeners.values()], services, conflicts };
}

const ageKey = ({ metadata }: Service): string => `${metadata.creationTimestamp ?? ""} ${metadata.namespace}/${metadata.name}`;
