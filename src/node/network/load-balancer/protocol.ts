/**
 * What the engine and the load balancer's process say to each other over a unix socket: one JSON value a line. The
 * engine sends whole states, so that either side may be replaced at any time.
 */

export interface ListenerState {
  /** `namespace/name:port`. */
  readonly id: string;
  readonly protocol: "TCP" | "UDP";
  readonly port: number;
  readonly backends: readonly { readonly ip: string; readonly port: number }[];
  /** Set: connections of one client go to one backend until it has been silent for so long. */
  readonly affinitySeconds?: number;
}

export type ToLoadBalancer =
  | { readonly type: "state"; readonly version: number; readonly listeners: readonly ListenerState[] }
  /** Asks to hear when no request is under way to an address. */
  | { readonly type: "whenIdle"; readonly id: number; readonly ip: string }
  | { readonly type: "stop" };

export type FromLoadBalancer =
  /** No new connection or request goes to anything that is not in the state of this version. */
  | { readonly type: "inForce"; readonly version: number }
  | { readonly type: "idle"; readonly id: number }
  /** A port can't be listened on; it is tried again. */
  | { readonly type: "unavailable"; readonly id: string; readonly port: number; readonly message: string };
