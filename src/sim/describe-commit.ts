/** A commit in one line, for people who read a trace. */
import type { AnyObject } from "../api/meta/object.ts";
import type { Commit } from "./history.ts";

export function describeCommit({ actor, kind, before, after }: Commit): string {
  const object = (after ?? before) as AnyObject;
  const what = `${kind} ${object.metadata.name}`;
  if (!before) return `${actor} creates ${what}${textOf(featuresOf(after as AnyObject))}`;
  if (!after) return `${actor} removes ${what}`;
  const old = featuresOf(before as AnyObject);
  const changed = featuresOf(after as AnyObject).filter(([name, value]) => value !== old.find((each) => each[0] === name)?.[1]);
  return `${actor} changes ${what}${changed.length > 0 ? textOf(changed) : " (nothing that shows here)"}`;
}

const textOf = (features: readonly (readonly [string, string])[]): string =>
  features.length === 0 ? "" : `: ${features.map(([name, value]) => `${name} ${value}`).join(", ")}`;

/** What is worth showing of whatever kind it is. */
function featuresOf({ metadata, spec, status }: AnyObject): (readonly [string, string])[] {
  const ready = (status?.conditions ?? []).find((condition: { type: string }) => condition.type === "Ready");
  const features: [string, unknown][] = [
    ["replicas", spec?.replicas],
    ["image", (spec?.template?.spec ?? spec)?.containers?.[0]?.image],
    ["restarted", spec?.template?.metadata?.annotations?.["kubectl.kubernetes.io/restartedAt"]],
    ["node", spec?.nodeName],
    ["paused", spec?.paused],
    ["strategy", json(spec?.strategy ?? spec?.updateStrategy)],
    ["unschedulable", spec?.unschedulable],
    ["taints", spec?.taints?.map((taint: { key: string; effect: string }) => `${taint.key}:${taint.effect}`).join(" ")],
    ["phase", status?.phase],
    ["ready", ready?.status],
    ["says", counters(status)],
    ["being deleted", metadata.deletionTimestamp === undefined ? undefined : "yes"],
    ["owner", metadata.ownerReferences?.map(({ name, uid }) => `${name} ${uid.slice(0, 4)}`).join(" ")],
    ["revision", metadata.annotations?.["deployment.kubernetes.io/revision"]],
    ["conditions", kindOfConditions(status)],
  ];
  return features.filter(([, value]) => value !== undefined && value !== "").map(([name, value]) => [name, String(value)]);
}

const json = (value: unknown): string | undefined => (value === undefined ? undefined : JSON.stringify(value));

function counters(status: AnyObject | undefined): string {
  return Object.entries(status ?? {})
    .filter(([name, value]) => typeof value === "number" && name !== "observedGeneration")
    .map(([name, value]) => `${name}=${value}`)
    .join(" ");
}

const kindOfConditions = (status: AnyObject | undefined): string =>
  (status?.conditions ?? [])
    .filter(({ type }: { type: string }) => type === "Progressing" || type === "Available")
    .map(({ type, reason }: { type: string; reason: string }) => `${type}/${reason}`)
    .join(" ");
