/** What every object has, whatever its kind. */
import type { ObjectMeta } from "../types.ts";

/** Any object of the API: type, metadata and whatever its kind adds. */
export interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
}

/** An object seen only as JSON, for code that works on every kind alike. */
export interface AnyObject extends KubeObject {
  [field: string]: any;
}

/** Names one object of a known kind. `namespace` is absent for cluster-scoped kinds. */
export interface ObjectKey {
  readonly namespace?: string;
  readonly name: string;
}

/** The key of an object. */
export const keyOf = (object: KubeObject): ObjectKey =>
  object.metadata.namespace === undefined
    ? { name: object.metadata.name as string }
    : { namespace: object.metadata.namespace, name: object.metadata.name as string };

/** `namespace/name`, or `name` for cluster-scoped objects. */
export const keyText = (key: ObjectKey): string => (key.namespace === undefined ? key.name : `${key.namespace}/${key.name}`);

/** The inverse of `keyText`. */
export function parseKey(text: string): ObjectKey {
  const slash = text.indexOf("/");
  return slash < 0 ? { name: text } : { namespace: text.slice(0, slash), name: text.slice(slash + 1) };
}

/** One change of a watch stream. A BOOKMARK's object carries nothing but metadata.resourceVersion (and annotations). */
export interface WatchEvent<T extends KubeObject = AnyObject> {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK";
  readonly object: T;
}
