/** What a writer of a /status subresource may not change (API-60). */
import type { KubeObject } from "../meta/object.ts";

/** The spec stays as it was; labels and annotations come from the request. */
export function keepSpec(object: KubeObject & { spec?: unknown }, old: KubeObject & { spec?: unknown }): void {
  if (old.spec === undefined) delete object.spec;
  else object.spec = old.spec;
}

/** As `keepSpec`, and the labels stay as well: what a Deployment does. */
export function keepSpecAndLabels(object: KubeObject & { spec?: unknown }, old: KubeObject & { spec?: unknown }): void {
  keepSpec(object, old);
  if (old.metadata.labels === undefined) delete object.metadata.labels;
  else object.metadata.labels = old.metadata.labels;
}
