/** The contracts of a node's network: addresses for sandboxes, Services for everybody. */
import type { EndpointSlice, Service } from "../api/types.ts";

/** Gives sandboxes a network namespace and an address. */
export interface PodNetwork {
  /** The node's Pod address range, e.g. `10.244.0.0/24`. */
  readonly podCidr: string;
  /** The gateway: the node's own address on the Pod network, where cluster DNS also listens for forwarding. */
  readonly nodeIp: string;
  /** Creates a network namespace with an interface and an address; resolves when it is usable. Idempotent per id. */
  attach(sandboxId: string): Promise<{ readonly namespacePath: string; readonly ip: string }>;
  /** Takes namespace, link and address away. Idempotent. */
  detach(sandboxId: string): Promise<void>;
  /** What is attached now (from the kernel, so that a new process finds it). */
  list(): Promise<readonly { readonly sandboxId: string; readonly ip: string; readonly namespacePath: string }[]>;
  close(): Promise<void>;
}

/** What the proxy needs to know of the cluster: whole state, not changes. */
export interface ServiceState {
  readonly services: readonly Service[];
  readonly slices: readonly EndpointSlice[];
}

/** Makes Service addresses, node ports, load balancers and external IPs lead to endpoints. */
export interface ServiceProxy {
  /** Brings the machine in line with the state. Resolves when it is in force in the kernel. Calls are serialised; a newer state supersedes a waiting one. */
  sync(state: ServiceState): Promise<void>;
  /** The state version, counted by completed syncs that included a change made before the call: resolves when everything known now is in force. Used to drain before a signal. */
  settled(): Promise<void>;
  /** Removes every rule and address it made. */
  close(): Promise<void>;
}
