/** The annotation in which a client-side apply remembers what it was given (API-71). */
import type { AnyObject } from "../../api/meta/object.ts";
import { toCompactJson } from "../printing/json.ts";

export const lastAppliedAnnotation = "kubectl.kubernetes.io/last-applied-configuration";

/** The text for the annotation: the manifest without the annotation itself, as kubectl writes it. */
export function lastAppliedText(manifest: AnyObject): string {
  const { [lastAppliedAnnotation]: _, ...annotations } = manifest.metadata.annotations ?? {};
  return `${toCompactJson({ ...manifest, metadata: { ...manifest.metadata, annotations } })}\n`;
}

/** A copy of the manifest that carries its own text. */
export const withLastApplied = (manifest: AnyObject): AnyObject => ({
  ...manifest,
  metadata: {
    ...manifest.metadata,
    annotations: { ...manifest.metadata.annotations, [lastAppliedAnnotation]: lastAppliedText(manifest) },
  },
});

/** What was applied last; undefined where nothing was, or where nobody can read it any more. */
export function lastAppliedOf(object: AnyObject): AnyObject | undefined {
  const text = object.metadata.annotations?.[lastAppliedAnnotation];
  if (text === undefined || text === "") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
