/** What is to be done with the containers of a Pod. Pure: from its spec and what is known of them, nothing else. */
import type { Container, Pod } from "../../api/types.ts";
import type { ContainerRecord, DeclaredContainer } from "./container-record.ts";
import { restartsAfter } from "./restart-policy.ts";

export interface Decision {
  /** Containers to start now, one after another. Those that have ended before are subject to back-off. */
  readonly start: readonly DeclaredContainer[];
  /** Running containers whose image is no longer what the Pod says: to be stopped and started anew. */
  readonly replace: readonly DeclaredContainer[];
  /** Nothing will run again: stop what is left (sidecars) and call the Pod ended. */
  readonly over: boolean;
}

/**
 * Init containers go one by one; a sidecar lets the next one go as soon as it has started; app containers go when all
 * init containers are through. Once an app container has been started init containers are not looked at again, while
 * sidecars that end are started again (KUB-43 … KUB-45). In a new sandbox init containers run anew.
 */
export function decide(pod: Pod, declared: readonly DeclaredContainer[], records: ReadonlyMap<string, ContainerRecord>): Decision {
  const start: DeclaredContainer[] = [];
  const replace: DeclaredContainer[] = [];
  const recordOf = (container: DeclaredContainer): ContainerRecord | undefined => records.get(container.spec.name);
  const initialised = declared.some((container) => {
    const record = container.role === "app" ? recordOf(container) : undefined;
    return record !== undefined && record.attempt >= 0 && !record.outdated;
  });

  let blocked = false;
  let appsLeft = false;
  for (const container of declared) {
    const record = recordOf(container);
    const state = record?.state ?? "none";
    const redo = record?.replaced === true || (record?.outdated === true && container.role === "init");
    const again = state !== "exited" || redo || restarts(pod, container, record as ContainerRecord);
    if (state === "running" && isReplaced(container, record as ContainerRecord)) replace.push(container);

    if (container.role === "init") {
      if (blocked || initialised) continue;
      if (state === "exited" && record?.exitCode === 0 && !redo) continue;
      if (!again) return { start: [], replace: [], over: true };
      if (state !== "running") start.push(container);
      blocked = true;
    } else if (container.role === "sidecar") {
      if (blocked && !initialised) continue;
      if (state !== "running") start.push(container);
      if (!record?.started || state !== "running") blocked = true;
    } else if (container.role === "app") {
      if (state === "running" || again) appsLeft = true;
      if (blocked && !initialised) continue;
      if (state !== "running" && again) start.push(container);
    } else if (state === "none" && (initialised || !blocked)) start.push(container);
  }
  if (!appsLeft) return { start: [], replace: [], over: true };
  return { start, replace, over: false };
}

const restarts = (pod: Pod, container: DeclaredContainer, record: ContainerRecord): boolean =>
  restartsAfter(pod, container.spec as Container, container.role, record.exitCode ?? 0);

const isReplaced = (container: DeclaredContainer, record: ContainerRecord): boolean =>
  (container.role === "app" || container.role === "sidecar") &&
  !record.stopping &&
  container.spec.image !== undefined &&
  record.image !== container.spec.image;
