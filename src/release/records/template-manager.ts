/** Who wrote a workload's template, as far as the object itself tells. */
import type { KubeObject } from "../../api/meta/object.ts";
import { parseTime } from "../../base/time.ts";

/** Annotation: who is behind the present template. Whoever writes on behalf of a person may set it, with the template. */
const changedByKey = "windlass.dev/changed-by";

export interface TemplateManager {
  /** Such as `kubectl-client-side-apply` or `helm`. */
  readonly manager: string;
  /** When it last wrote any of its fields, to the second, by the server's clock. */
  readonly timeMs?: number;
}

/**
 * The field manager that owns fields of `spec.template` and wrote last. An entry's time is that of the manager's last change of any
 * of its fields, so this is a good guess right after the template has changed and a worse one later.
 */
export function templateManager(object: KubeObject): TemplateManager | undefined {
  let found: TemplateManager | undefined;
  for (const { manager, time, subresource, fieldsV1 } of object.metadata.managedFields ?? []) {
    if (!manager || subresource || !ownsTemplate(fieldsV1)) continue;
    const timeMs = parseTime(time);
    if (found && (timeMs ?? 0) < (found.timeMs ?? 0)) continue;
    found = { manager, ...(timeMs !== undefined && { timeMs }) };
  }
  return found;
}

const ownsTemplate = (fields: any): boolean => fields?.["f:spec"]?.["f:template"] !== undefined;

/** The person, where somebody said so. The API itself tells no reader who sent a request. */
export const changedBy = (object: KubeObject): string | undefined => object.metadata.annotations?.[changedByKey];
