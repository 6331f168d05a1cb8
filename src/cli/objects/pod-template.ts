/** The Pod template of an object, whatever kind it is: where the verbs of `set` and `rollout restart` work. */
import type { AnyObject } from "../../api/meta/object.ts";
import type { PodSpec } from "../../api/types.ts";
import { CommandError } from "../errors.ts";

/** Names of the fields from the object down to its Pod's spec. Kinds that nest deeper are named here. */
const nested: Readonly<Record<string, readonly string[]>> = {
  Pod: ["spec"],
  CronJob: ["spec", "jobTemplate", "spec", "template", "spec"],
  PodTemplate: ["template", "spec"],
};
const usual = ["spec", "template", "spec"];

/** Throws `CommandError` for an object that has none. */
export function podSpecPath(object: AnyObject): readonly string[] {
  const path = nested[object.kind] ?? usual;
  if (!Array.isArray(podSpecAt(object, path)?.containers))
    throw new CommandError(`the object is not a pod or does not have a pod template: ${object.kind}`);
  return path;
}

/** The Pod's spec itself. Throws `CommandError` for an object that has none. */
export const podSpecOf = (object: AnyObject): PodSpec => podSpecAt(object, podSpecPath(object)) as PodSpec;

const podSpecAt = (object: AnyObject, path: readonly string[]): PodSpec | undefined =>
  path.reduce<any>((value, field) => value?.[field], object);

/** `{ spec: { template: { spec: value } } }` for a path. */
export const atPath = (path: readonly string[], value: unknown): Record<string, unknown> =>
  path.reduceRight<any>((inner, field) => ({ [field]: inner }), value);
