/** What the workers of one node share. */
import type { Pod, Service } from "../../api/types.ts";
import type { World } from "../../base/world.ts";
import type { Client } from "../../client/client.ts";
import type { EventRecorder } from "../../client/recorder.ts";
import type { PodFiles, Prober, Runtime } from "../runtime.ts";
import type { PodVolumes } from "../volumes/pod-volumes.ts";
import type { BackOff } from "./back-off.ts";
import type { NodeAgentConfig } from "./config.ts";
import type { ConfigSource } from "./environment.ts";
import type { ImagePuller } from "./image-puller.ts";

export interface AgentContext {
  readonly nodeName: string;
  readonly config: NodeAgentConfig;
  readonly world: World;
  readonly client: Client;
  readonly runtime: Runtime;
  readonly prober: Prober;
  readonly files: PodFiles;
  readonly recorder: EventRecorder;
  readonly volumes: PodVolumes;
  readonly images: ImagePuller;
  readonly source: ConfigSource;
  readonly restarts: BackOff;
  /** Services that there are now. */
  services(): Iterable<Service>;
  /** Resolves when no traffic is led to the Pod any more. */
  drain(pod: Pod): Promise<void>;
  /** Why the node can't take the Pod (KUB-47); undefined: it can. */
  admit(pod: Pod): { readonly reason: string; readonly message: string } | undefined;
}
