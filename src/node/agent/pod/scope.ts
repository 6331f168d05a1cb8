/** What the parts of one Pod's life on its node share: what is known of the Pod, and how they ask for another look at it. */
import type { Container, Pod } from "../../../api/types.ts";
import type { ProbeTarget } from "../../probes/attempt.ts";
import type { SandboxStatus } from "../../runtime.ts";
import type { AgentContext } from "../agent-context.ts";
import type { ContainerRecord, DeclaredContainer } from "../container-record.ts";
import type { Grace } from "../grace.ts";

export interface PodScope {
  readonly uid: string;
  readonly context: AgentContext;
  /** The Pod as it was last seen. */
  readonly pod: Pod;
  readonly declared: readonly DeclaredContainer[];
  /** Whoever awaits something looks here again afterwards: exits and probes change records at any time. */
  readonly records: ReadonlyMap<string, ContainerRecord>;
  readonly sandbox: SandboxStatus | undefined;
  readonly grace: Grace;
  /** It was asked to go, or has vanished from the API. */
  readonly isTerminating: boolean;
  /** The agent stops: nothing is touched any more. */
  readonly isClosed: boolean;
  /** The container's record, made if there is none. */
  recordOf(declared: DeclaredContainer): ContainerRecord;
  /** Another pass, now. */
  wake(): void;
  /** Another pass, at the latest after so many milliseconds. */
  passIn(delayMs: number): void;
  /** Something that the Pod's status follows from has changed. */
  statusChanged(): void;
  /** Lets work go on by itself. What fails is said, and everything is looked at again a moment later. */
  inBackground(work: Promise<void>): void;
}

/** A container may take this long to end, unless somebody says otherwise, in milliseconds. */
export const specGraceMs = ({ spec }: Pod): number => (spec?.terminationGracePeriodSeconds ?? 30) * 1000;

/** Where the hooks and probes of a container reach it. */
export const probeTarget = (scope: PodScope, declared: DeclaredContainer, record: ContainerRecord): ProbeTarget => ({
  runtime: scope.context.runtime,
  prober: scope.context.prober,
  podUid: scope.uid,
  podIp: scope.sandbox?.ip ?? "",
  container: declared.spec as Container,
  containerId: record.id as string,
});
