/** The Pods behind what a command line names: a Pod itself, or those of a workload, Service or Job. */
import type { KindRef } from "../../api/kind.ts";
import type { AnyObject } from "../../api/meta/object.ts";
import type { Container, Pod } from "../../api/types.ts";
import { sleep } from "../../base/clock.ts";
import { parseTime } from "../../base/time.ts";
import { isPodActive, isPodReady } from "../../machinery/pods.ts";
import { compileLabelSelector } from "../../machinery/selectors.ts";
import type { Environment } from "../command.ts";
import type { Connection } from "../connection.ts";
import { CommandError, throwAll } from "../errors.ts";
import { findObjects } from "./find-objects.ts";

/** Pods, as a client addresses them. */
export const podRef: KindRef<Pod> = { group: "", version: "v1", kind: "Pod", plural: "pods", scope: "Namespaced" };

const lookEveryMs = 200;

export interface PodsOf {
  /** What was named. */
  readonly object: AnyObject;
  /** `pods/web-0`, `deployments/web`: as it was named, in full. */
  readonly title: string;
  /** The best one first: what runs and is ready before what does not. Empty where there are none. */
  readonly pods: readonly Pod[];
}

/** The Pods of one TYPE/NAME; a bare NAME is a Pod's. Throws what the server says, and `CommandError` for what has no Pods. */
export async function podsOf(environment: Environment, connection: Connection, word: string): Promise<PodsOf> {
  const args = [word.includes("/") ? word : `pod/${word}`];
  const { found, errors } = await findObjects(environment, connection, { args }, { fetch: true });
  throwAll(errors);
  const [first] = found;
  const object = first?.object as AnyObject;
  const title = `${first?.resource.plural}/${first?.name}`;
  if (object.kind === "Pod") return { object, title, pods: [object as Pod] };
  const labelSelector = selectorOf(object);
  if (labelSelector === undefined) throw new CommandError(`cannot find the pods of ${title}: it has no selector`);
  const { items } = await connection.client.list(podRef, { namespace: object.metadata.namespace ?? connection.namespace, labelSelector });
  return { object, title, pods: [...items].sort(bestFirst) };
}

/** Waits for the first Pod of what is named, `withinMs` at most. Throws `CommandError` where there is none by then. */
export async function firstPodOf(
  environment: Environment,
  connection: Connection,
  word: string,
  withinMs: number,
): Promise<PodsOf & { readonly pod: Pod }> {
  const { clock } = environment.world;
  const deadline = clock.monotonic() + withinMs;
  for (;;) {
    const result = await podsOf(environment, connection, word);
    const [pod] = result.pods;
    if (pod) return { ...result, pod };
    if (clock.monotonic() >= deadline) throw new CommandError("timed out waiting for the condition");
    await sleep(clock, lookEveryMs, environment.interrupted);
  }
}

/** In text form; undefined for an object without one. Services and ReplicationControllers have bare labels. */
function selectorOf({ spec }: AnyObject): string | undefined {
  const selector = spec?.selector;
  if (typeof selector !== "object" || selector === null || Object.keys(selector).length === 0) return undefined;
  const isFull = "matchLabels" in selector || "matchExpressions" in selector;
  return compileLabelSelector(isFull ? selector : { matchLabels: selector }).toString();
}

/** Bound before unbound, running before pending, ready before not, longer ready first. */
function bestFirst(a: Pod, b: Pod): number {
  const rank = (pod: Pod): number =>
    (isPodActive(pod) ? 8 : 0) + (pod.spec?.nodeName ? 4 : 0) + (pod.status?.phase === "Running" ? 2 : 0) + (isPodReady(pod) ? 1 : 0);
  const created = (pod: Pod): number => parseTime(pod.metadata.creationTimestamp) ?? 0;
  return rank(b) - rank(a) || created(a) - created(b);
}

/** Every container of a Pod, init containers first. */
export const containersOf = ({ spec }: Pod): readonly Container[] => [
  ...(spec?.initContainers ?? []),
  ...(spec?.containers ?? []),
  ...((spec?.ephemeralContainers ?? []) as Container[]),
];

const defaultAnnotation = "kubectl.kubernetes.io/default-container";

/**
 * The container that is meant: `name`, else the one that an annotation names, else the first, with a word on stderr where
 * there are others. Throws `CommandError` for one that is not there.
 */
export function containerOf(pod: Pod, name: string, { stderr }: Pick<Environment, "stderr">): string {
  const all = containersOf(pod);
  const podName = pod.metadata.name ?? "";
  if (name !== "") {
    if (!all.some((each) => each.name === name)) throw new CommandError(`container ${name} is not valid for pod ${podName}`);
    return name;
  }
  const preferred = pod.metadata.annotations?.[defaultAnnotation];
  if (preferred && all.some((each) => each.name === preferred)) return preferred;
  const containers = pod.spec?.containers ?? [];
  const first = containers[0]?.name ?? "";
  if (all.length > 1) {
    const init = new Set((pod.spec?.initContainers ?? []).map((each) => each.name));
    const names = [...containers.map((each) => each.name), ...[...init].map((each) => `${each} (init)`)];
    stderr.write(`Defaulted container ${JSON.stringify(first)} out of: ${names.join(", ")}\n`);
  }
  return first;
}
