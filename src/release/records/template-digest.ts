/** By what a template is recognised, whatever number it bears. */
import type { KubeObject } from "../../api/meta/object.ts";
import { canonicalJson } from "../../machinery/canonical-json.ts";
import type { Revision } from "../workload.ts";
import { digestOf } from "./history-object.ts";

/** Objects of caches are frozen and shared, so each is digested once. */
const digested = new WeakMap<KubeObject, string>();

/** The digest of a revision's template, without the labels that controllers add. */
export function templateDigest({ object, template }: Pick<Revision, "object" | "template">): string {
  const known = digested.get(object);
  if (known !== undefined) return known;
  const digest = digestOf(canonicalJson(template));
  if (Object.isFrozen(object)) digested.set(object, digest);
  return digest;
}
