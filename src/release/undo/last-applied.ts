/**
 * Keeps `last-applied-configuration` true. `kubectl apply` deletes what stood in that annotation and stands in the file no more; an
 * undo that leaves the annotation as it was makes the next apply of a file keep what the undo brought back (KR-26).
 */
import type { KubeObject } from "../../api/meta/object.ts";
import type { PodTemplateSpec } from "../../api/types.ts";
import { canonicalJson } from "../../machinery/canonical-json.ts";

/** The annotation that client-side apply compares with. */
export const lastAppliedKey = "kubectl.kubernetes.io/last-applied-configuration";

/** Left behind by `rollout restart`: no file has it, and taking it away would restart again. */
const restartedAtKey = "kubectl.kubernetes.io/restartedAt";

/** What is applied now, as an object; undefined where nothing is, or nothing that can be read. */
function lastApplied({ metadata }: KubeObject): Record<string, any> | undefined {
  try {
    const value = JSON.parse(metadata.annotations?.[lastAppliedKey] ?? "null");
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The annotation as it should be when `template` is back: with the template that the last apply named when it was the newest
 * (`applied`, compact JSON), else with the whole template. Undefined where the object was not made by apply.
 */
export function lastAppliedAfter(workload: KubeObject, template: PodTemplateSpec, applied: string | undefined): string | undefined {
  const before = lastApplied(workload);
  if (!before) return undefined;
  const named = applied === undefined ? withoutRestart(template) : (JSON.parse(applied) as unknown);
  return appliedText({ ...before, spec: { ...before.spec, template: named } });
}

function withoutRestart(template: PodTemplateSpec): PodTemplateSpec {
  const { [restartedAtKey]: _, ...annotations } = template.metadata?.annotations ?? {};
  if (!template.metadata?.annotations) return template;
  const { annotations: __, ...metadata } = template.metadata;
  return { ...template, metadata: { ...metadata, ...(Object.keys(annotations).length > 0 && { annotations }) } };
}

/** The same for a ConfigMap whose content comes back. */
export function lastAppliedContent(
  configMap: KubeObject,
  content: { readonly data?: unknown; readonly binaryData?: unknown },
): string | undefined {
  const before = lastApplied(configMap);
  if (!before) return undefined;
  const { data: _, binaryData: __, ...rest } = before;
  return appliedText({ ...rest, ...content });
}

/** As kubectl spells it, so that an apply of the same file finds nothing to change: sorted, what HTML would take amiss escaped, a line break. */
const appliedText = (value: unknown): string =>
  `${canonicalJson(value).replace(/[<>&\u2028\u2029]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`)}\n`;
