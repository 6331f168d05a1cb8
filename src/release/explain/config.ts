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
  const root = /runAsNonRoot/.test(message);
  return {
    code: "ContainerConfigInvalid",
    // What a node has not fetched in time, or could not ask for, it asks for again.
    certainty: /timed out|timeout|deadline exceeded|not registered|connection refused|failed to sync/i.test(message) ? "likely" : "certain",
    same: `${container.name} ${message.replace(/\(pod: [^)]*\)/, "")}`,
    sentence: (subject) =>
      root
        ? `${subject} can't start: container ${container.name} must not run as root (runAsNonRoot), and ${/non-numeric/.test(message) ? "the node can't tell who its image's user is" : "its image does"}.`
        : `${subject} can't start: the configuration of container ${container.name} can't be used: ${clause(message)}.`,
    pod,
    container: container.name,
    evidence,
    wayOut: templateWayOut(
      inquiry,
      root
        ? { about: "set securityContext.runAsUser to a number other than 0 in the template, or take another image" }
        : describePod(inquiry, pod),
    ),
  };
}

const usedBy = (container: ContainerView, missing: Missing): string =>
  `the environment of container ${container.name} names ${missing.key === undefined ? "it" : "that key"}`;

/** A Pod that waits for its volumes: something they are made of is missing, or they can't be mounted. */
export function mountCause(inquiry: Inquiry, pod: PodView): Cause | undefined {
  if (!isBeingCreated(pod)) return undefined;
  // "Timed out" comes last and says nothing: what went before it does.
  const event =
    inquiry.events.last(pod.uid, mountReasons, { message: /^(?!Unable to attach or mount volumes)/ }) ??
    inquiry.events.last(pod.uid, mountReasons);
  if (!event) return undefined;
  const evidence = [{ at: `event ${event.reason} of Pod ${pod.name}`, text: oneLine(event.message) }];
  const volume = /for volume "([^"]+)"/.exec(event.message)?.[1] ?? /unmounted volumes=\[([^\]\s]+)/.exec(event.message)?.[1];
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
  if (/^Multi-Attach error/.test(event.message)) return attachedElsewhere(inquiry, pod, volume, event.message, evidence);
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

const mountReasons = ["FailedMount", "FailedAttachVolume", "FailedMapVolume"];

/** A volume that one node at a time may have, and another one has it: it comes when the Pod over there is gone, and its node says so. */
function attachedElsewhere(inquiry: Inquiry, pod: PodView, volume: string | undefined, message: string, evidence: Evidence[]): Cause {
  const users = /used by pod\(s\) (.+?)\.?$/.exec(message)?.[1];
  return {
    code: "VolumeNotMounted",
    certainty: "likely",
    same: `elsewhere ${users ?? ""}`,
    sentence: (subject) =>
      `${subject} can't start: volume ${volume ?? "of its claim"} is still attached to another node${users ? `, for Pod ${users}` : ""}, and only one node at a time may have it.`,
    pod,
    evidence,
    wayOut: [
      inquiry.commands.kubectl("see which node has it, and whether that Pod is going", "get pods -o wide"),
      { about: "such a volume can't be in two places during an update: strategy Recreate, or a StatefulSet" },
    ],
  };
}

const withoutFrame = (message: string): string =>
  message
    .replace(/^(?:MountVolume|MapVolume|AttachVolume)\.\w+ failed for volume "[^"]*"\s*:\s*/, "")
    .replace(/^Unable to attach or mount volumes: .*?\]: ?/, "")
    .replace(/^rpc error: code = \w+ desc = /, "");

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
