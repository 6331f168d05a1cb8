/** One cluster as commands see it: who is spoken to, in which namespace, and what there is. */
import type { OpenChannels } from "../client/channels.ts";
import type { Client } from "../client/client.ts";
import type { Transport } from "../client/transport.ts";
import type { ResourceMapper } from "./discovery/resource.ts";

export interface Connection {
  readonly client: Client;
  /** Requests by path, for tables, logs, discovery and whatever else is no plain object. */
  readonly transport: Transport;
  readonly resources: ResourceMapper;
  /** Of `-n`, else of the context, else `default`. */
  readonly namespace: string;
  /** `-n` was given: objects from files must be in it. */
  readonly isNamespaceGiven: boolean;
  /** For commands in containers and forwarded ports. */
  readonly openChannels: OpenChannels;
  /** Closes connections; what is under way fails. */
  close(): void;
}
