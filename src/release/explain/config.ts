/** ConfigMaps, Secrets and keys that are not there: in the environment (KUB-70) or in a volume (KUB-71, KUB-74). */
import type { ContainerView, PodView } from "../workload.ts";
import { type Cause, clause, type Inquiry, oneLine, stateEvidence, templateWayOut } from "./cause.ts";
import type { Evidence, WayOut } from "./explanation.ts";

/** What is applied together arrives one after another: a missing object is given this long to follow. */
const arrivalMs = 5000;

interface Missing {
  readonly kind: "ConfigMap" | "Secret";
  readonly name: string;
  readonly key?: string;
}

/** What a message of the node says is missing; undefined where it speaks of something else. */
function missingObject(message: string): Missing | undefined {
  const object = /\b(configmap|secret) "(?:[^"/]*\/)?([^"/]+)" not found/i.exec(message);
  if (object) return { kind: kindOf(object[1]), name: object[2] as string };
  const key = /couldn't find key (\S+) in (ConfigMap|Secret) (?:[^\s/]*\/)?(\S+)/i.exec(message);
  if (key) return { kind: kindOf(key[2]), name: trimmed(key[3]), key: key[1] as string };
  const path = /references non-existent (?:config|secret) key:?\s*(\S+)/i.exec(message);
  if (path) return { kind: /secret key/i.test(message) ? "Secret" : "ConfigMap", name: "", key: trimmed(path[1]) };
  return undefined;
}

const kindOf = (word: string | undefined): Missing["kind"] => (word?.toLowerCase() === "secret" ? "Secret" : "ConfigMap");
const trimmed = (word: string | undefined): string => (word ?? "").replace(/[",.;]+$/, "").replace(/^"/, "");

/** A container that waits for its environment. */
export function configCause(inquiry: Inquiry, pod: PodView, container: ContainerView): Cause | undefined {
  if (container.state.type !== "waiting" || container.state.reason !== "CreateContainerConfigError") return undefined;
  const message = container.state.message ?? "";
  const evidence = [stateEvidence(pod, container, "state.waiting", `CreateContainerConfigError${message && `: ${message}`}`)];
  const missing = missingObject(message);
  if (missing) return missingCause(inquiry, { pod, missing, evidence, container: container.name, where: usedBy(container, missing) });
  return {
    code: "ConfigMissing",
    certainty: "certain",
    same: `${container.name} ${message}`,
    sentence: (subject) => `${subject} can't start: the configuration of container ${container.name} can't be used: ${clause(message)}.`,
    pod,
    container: container.name,
    evidence,
    wayOut: templateWayOut(inquiry, describePod(inquiry, pod)),
  };
}

const usedBy = (container: ContainerView, missing: Missing): string =>
  `the environment of container ${container.name} names ${missing.key === undefined ? "it" : "that key"}`;

/** A Pod that waits for its volumes: something they are made of is missing, or they can't be mounted. */
export function mountCause(inquiry: Inquiry, pod: PodView): Cause | undefined {
  if (!isBeingCreated(pod)) return undefined;
  const event = inquiry.events.last(pod.uid, ["FailedMount", "FailedAttachVolume"]);
  if (!event) return undefined;
  const evidence = [{ at: `event ${event.reason} of Pod ${pod.name}`, text: oneLine(event.message) }];
  const volume = /for volume "([^"]+)"/.exec(event.message)?.[1];
  const missing = missingObject(event.message);
  if (missing) {
    const named = missing.name === "" && volume ? { ...missing, name: sourceOf(pod, volume, missing.kind) } : missing;
    return missingCause(inquiry, {
      pod,
      missing: named,
      evidence,
      where: volume ? `volume ${volume} is made of it` : "a volume is made of it",
    });
  }
  return {
    code: "VolumeNotMounted",
    certainty: "likely",
    same: `${volume ?? ""}`,
    sentence: (subject) =>
      `${subject} can't start: ${volume ? `volume ${volume}` : "a volume"} can't be mounted: ${clause(withoutFrame(event.message))}.`,
    pod,
    evidence,
    wayOut: templateWayOut(inquiry, describePod(inquiry, pod)),
  };
}

const withoutFrame = (message: string): string => message.replace(/^MountVolume\.\w+ failed for volume "[^"]*"\s*:\s*/, "");

/** Bound to a node, and none of its containers has been made yet: else its volumes are there. */
const isBeingCreated = (pod: PodView): boolean =>
  pod.node !== undefined &&
  !pod.ended &&
  !pod.terminating &&
  pod.containers.every(
    ({ state }) => state.type === "waiting" && ["", "ContainerCreating", "PodInitializing"].includes(state.reason ?? ""),
  );

function sourceOf(pod: PodView, volume: string, kind: Missing["kind"]): string {
  const found = pod.object.spec?.volumes?.find(({ name }) => name === volume);
  return (kind === "Secret" ? found?.secret?.secretName : found?.configMap?.name) ?? "";
}

function missingCause(
  inquiry: Inquiry,
  {
    pod,
    missing,
    evidence,
    container,
    where,
  }: {
    readonly pod: PodView;
    readonly missing: Missing;
    readonly evidence: readonly Evidence[];
    readonly container?: string;
    readonly where: string;
  },
): Cause {
  const { kind, name, key } = missing;
  const what = key === undefined ? `${kind} "${name}" does not exist` : `${kind} "${name}" has no key "${key}"`;
  return {
    code: "ConfigMissing",
    certainty: inquiry.nowMs - pod.createdMs >= arrivalMs ? "certain" : "likely",
    same: `${kind} ${name} ${key ?? ""}`,
    sentence: (subject) => `${subject} can't start: ${what}, and ${where}.`,
    pod,
    ...(container !== undefined && { container }),
    evidence,
    wayOut: [provide(inquiry, missing), ...templateWayOut(inquiry, describePod(inquiry, pod)).slice(0, 1)],
  };
}

/** The command that shows where it belongs; a value is for its owner to type. */
function provide({ commands }: Inquiry, { kind, name, key }: Missing): WayOut {
  if (key !== undefined) return commands.kubectl(`add the key "${key}"`, `edit ${kind.toLowerCase()} ${name}`);
  return kind === "Secret"
    ? commands.kubectl("make the Secret", `create secret generic ${name} --from-literal=KEY=VALUE`)
    : commands.kubectl("make the ConfigMap", `create configmap ${name} --from-literal=KEY=VALUE`);
}

const describePod = ({ commands }: Inquiry, pod: PodView): WayOut => commands.kubectl("look closer", `describe pod ${pod.name}`);
