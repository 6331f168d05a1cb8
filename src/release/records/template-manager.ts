/** Who wrote a workload's template, as far as the object itself tells. */
import type { KubeObject } from "../../api/meta/object.ts";
import type { PodTemplateSpec } from "../../api/types.ts";
import { parseTime } from "../../base/time.ts";
import { differenceBetween, rootPlan } from "../../machinery/field-plan.ts";
import { emptySet, type FieldSet, intersectionOf, isEmptySet, sizeOf } from "../../machinery/field-set.ts";
import { readManaged } from "../../machinery/managed-fields.ts";

export interface TemplateManager {
  /** Such as `kubectl-client-side-apply` or `helm`. */
  readonly manager: string;
  /** When it last came to own a field, to the second, by the server's clock. Writing another value into its own field leaves it. */
  readonly timeMs?: number;
}

/**
 * The field manager that owns most of what changed from `before` to `template`; without `before`, the last that came to own any of it.
 * Whoever writes a field owns it, so this is who wrote; but one who only took fields away left no trace, and nobody is named.
 */
export function templateManager(
  object: KubeObject,
  { template, before }: { readonly template: PodTemplateSpec; readonly before?: PodTemplateSpec },
): TemplateManager | undefined {
  const changed = before && differenceBetween(before, template, rootPlan("core.v1.PodTemplateSpec")).changed;
  let found: (TemplateManager & { readonly size: number }) | undefined;
  for (const { entry, fields } of readManaged(object.metadata.managedFields)) {
    const owned = below(below(fields, "f:spec"), "f:template");
    const shared = changed ? intersectionOf(owned, changed) : owned;
    if (!entry.manager || entry.subresource || isEmptySet(shared)) continue;
    const timeMs = parseTime(entry.time);
    const size = changed ? sizeOf(shared) : 0;
    if (found && (size < found.size || (size === found.size && (timeMs ?? 0) < (found.timeMs ?? 0)))) continue;
    found = { manager: entry.manager, size, ...(timeMs !== undefined && { timeMs }) };
  }
  if (!found) return undefined;
  const { size: _, ...manager } = found;
  return manager;
}

const below = (set: FieldSet, step: string): FieldSet => set.children.get(step) ?? emptySet;
