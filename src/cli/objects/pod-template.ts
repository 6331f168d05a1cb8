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

/** The words where an object has none. */
const without = ({ apiVersion, kind }: AnyObject): string =>
  `the object is not a pod or does not have a pod template: *${apiVersion.split("/").at(-1)}.${kind}`;

/** Throws `CommandError` for an object that has none. */
function podSpecPath(object: AnyObject): readonly string[] {
  const path = nested[object.kind] ?? usual;
  if (!Array.isArray(podSpecAt(object, path)?.containers)) throw new CommandError(without(object));
  return path;
}

/** The Pod's spec itself. Throws `CommandError` for an object that has none. */
export const podSpecOf = (object: AnyObject): PodSpec => podSpecAt(object, podSpecPath(object)) as PodSpec;

const podSpecAt = (object: AnyObject, path: readonly string[]): PodSpec | undefined =>
  path.reduce<any>((value, field) => value?.[field], object);
