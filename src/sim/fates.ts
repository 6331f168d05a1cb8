/**
 * What becomes of the containers of a simulated Pod: some images never get that far, some contents of ConfigMaps are a mistake, and
 * what is not there has to be waited for. Where somebody reads it, the node says in its own words how the containers are.
 */
import { ConfigMap } from "../api/kinds/config-map/index.ts";
import { Secret } from "../api/kinds/secret/index.ts";
import type { KindRef } from "../api/kind.ts";
import type { ObjectKey } from "../api/meta/object.ts";
import type { Pod } from "../api/types.ts";
import { namedConfiguration } from "./checkers/pod-states.ts";
import type { History } from "./history.ts";

/** `unpullable`: it stays Pending. `crashes`, `sleeps`: it runs and is never ready. `waits`: what it names is not there yet. */
export type Fate = "unpullable" | "crashes" | "sleeps" | "waits" | "serves";

const imageFates: readonly (readonly [RegExp, Fate])[] = [
  [/-bad$/, "unpullable"],
  [/-crash$/, "crashes"],
  [/-sleepy$/, "sleeps"],
];

/** The key under which contents stand in the ConfigMaps and Secrets of a run. */
export const contentKey = "CONTENT";

/** Whether Pods of this image become ready at last. */
export const isGoodImage = (image: string): boolean => !imageFates.some(([pattern]) => pattern.test(image));
/** Whether Pods that see this content become ready at last. */
export const isGoodContent = (content: string): boolean => !content.endsWith("-bad");

const find = (history: History, kind: string, key: ObjectKey): any =>
  history.get((kind === "Secret" ? Secret : ConfigMap) as unknown as KindRef<any>, key);

/** The first that a Pod names and that is not there. */
const missingFor = ({ spec, metadata }: Pick<Pod, "spec" | "metadata">, history: History) =>
  namedConfiguration({ spec: spec as NonNullable<Pod["spec"]> }).find(
    ({ kind, name }) => !find(history, kind, { namespace: metadata.namespace as string, name }),
  );

/** What becomes of a Pod that starts now. */
export function fateOf({ spec, metadata }: Pod, history: History): Fate {
  const image = spec?.containers[0]?.image ?? "";
  const ofImage = imageFates.find(([pattern]) => pattern.test(image))?.[1];
  if (ofImage === "unpullable") return ofImage;
  if (missingFor({ spec, metadata }, history)) return "waits";
  for (const { kind, name } of namedConfiguration({ spec: spec as NonNullable<Pod["spec"]> })) {
    const found = find(history, kind, { namespace: metadata.namespace as string, name });
    if (kind === "ConfigMap" && !isGoodContent(found?.data?.[contentKey] ?? "")) return "crashes";
  }
  return ofImage ?? "serves";
}

/** The status of its only container, as a node says it. */
export function containerStatus(pod: Pod, fate: Fate, { ready, history }: { readonly ready: boolean; readonly history: History }): object {
  const { spec } = pod;
  const missing = missingFor(pod, history);
  const image = spec?.containers[0]?.image ?? "";
  const waiting = (reason: string, message: string) => ({ waiting: { reason, message } });
  const states: Record<Fate, object> = {
    unpullable: waiting("ErrImagePull", `failed to pull ${image}: not found`),
    crashes: waiting("CrashLoopBackOff", "back-off restarting failed container"),
    waits: waiting("CreateContainerConfigError", `${missing?.kind.toLowerCase()} "${missing?.name}" not found`),
    sleeps: { running: {} },
    serves: { running: {} },
  };
  const crashed = { restartCount: 4, lastState: { terminated: { exitCode: 1, reason: "Error" } } };
  return {
    name: "app",
    image,
    imageID: "",
    ready,
    started: fate === "sleeps" || fate === "serves",
    state: states[fate],
    ...(fate === "crashes" ? crashed : { restartCount: 0 }),
  };
}
