/** Values of Secrets never reach a screen: both sides of a difference show whether they differ, and nothing else. */
import type { AnyObject } from "../../api/meta/object.ts";
import { isRecord } from "../../base/own-field.ts";

const hidden = "***";
const fields = ["data", "stringData"] as const;

/** Copies of both sides with masked values; the objects themselves where they are no Secrets. */
export function maskSecrets(
  live: AnyObject | undefined,
  merged: AnyObject | undefined,
): readonly [live: AnyObject | undefined, merged: AnyObject | undefined] {
  const kind = merged ?? live;
  if (kind?.kind !== "Secret" || kind.apiVersion !== "v1") return [live, merged];
  return [masked(live, merged, "before"), masked(merged, live, "after")];
}

function masked(object: AnyObject | undefined, other: AnyObject | undefined, when: string): AnyObject | undefined {
  if (!object) return undefined;
  const copy: AnyObject = { ...object };
  for (const field of fields) {
    if (!isRecord(object[field])) continue;
    copy[field] = Object.fromEntries(
      Object.entries(object[field]).map(([key, value]) => {
        const there = other?.[field]?.[key];
        return [key, there === undefined || there === value ? hidden : `${hidden} (${when})`];
      }),
    );
  }
  // The last apply is a copy of the manifest, values included.
  const { annotations } = object.metadata;
  const name = "kubectl.kubernetes.io/last-applied-configuration";
  if (annotations?.[name] !== undefined) copy.metadata = { ...object.metadata, annotations: { ...annotations, [name]: hidden } };
  return copy;
}
