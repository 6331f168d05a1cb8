/** Which objects a list or watch wants: namespace, label selector and field selector compiled into one test. */
import { badRequest } from "../../api/errors.ts";
import type { KindDefinition } from "../../api/kind.ts";
import type { AnyObject } from "../../api/meta/object.ts";
import { parseFieldSelector } from "../../machinery/field-selectors.ts";
import { type LabelMatcher, parseLabelSelector } from "../../machinery/selectors.ts";

export interface Selection {
  readonly namespace: string | undefined;
  /** Whether there is no selector at all (the namespace aside). */
  readonly everything: boolean;
  /** The one name that can match, when the selector says so: then nothing else need be looked at. */
  readonly name: string | undefined;
  /** A field that must have one value for an object to be wanted; absent where no field has to. */
  readonly pin: { readonly field: string; readonly value: string; readonly get: (object: AnyObject) => string } | undefined;
  /** Whether an object of this kind is wanted, namespace aside. */
  matches(object: AnyObject): boolean;
}

interface FieldTest {
  readonly get: (object: AnyObject) => string;
  readonly equal: boolean;
  readonly value: string;
}

/** Throws 400 for a selector that can't be read or names a field that the kind does not offer (API-29). */
export function compileSelection(
  kind: KindDefinition,
  options: { readonly namespace?: string; readonly labelSelector?: string; readonly fieldSelector?: string },
): Selection {
  const labels = options.labelSelector ? parseLabelSelector(options.labelSelector) : undefined;
  const requirements = options.fieldSelector ? parseFieldSelector(options.fieldSelector) : [];
  const fields = requirements.map((requirement): FieldTest => {
    return { get: fieldGetter(kind, requirement.field), equal: requirement.operator === "=", value: requirement.value };
  });
  const named = requirements.find((requirement) => requirement.field === "metadata.name" && requirement.operator === "=");
  const placed = requirements.find((requirement) => requirement.field === "metadata.namespace" && requirement.operator === "=");
  const narrowed = kind.scope === "Namespaced" ? (options.namespace ?? placed?.value) : undefined;
  const everything = (labels === undefined || labels.everything) && fields.length === 0;
  const pinned = named ?? requirements.find((requirement) => requirement.operator === "=");
  const pin = pinned && { field: pinned.field, value: pinned.value, get: fieldGetter(kind, pinned.field) };
  return {
    namespace: narrowed || undefined,
    everything,
    name: named?.value,
    pin,
    matches: everything ? () => true : matcher(labels, fields),
  };
}

function matcher(labels: LabelMatcher | undefined, fields: readonly FieldTest[]): (object: AnyObject) => boolean {
  return (object) => {
    for (const field of fields) if ((field.get(object) === field.value) !== field.equal) return false;
    return labels === undefined || labels.matches(object.metadata.labels);
  };
}

function fieldGetter(kind: KindDefinition, field: string): (object: AnyObject) => string {
  if (field === "metadata.name") return (object) => object.metadata.name ?? "";
  if (field === "metadata.namespace" && kind.scope === "Namespaced") return (object) => object.metadata.namespace ?? "";
  const offered = kind.fieldSelectors;
  if (offered && Object.hasOwn(offered, field)) return offered[field] as (object: AnyObject) => string;
  throw badRequest(
    offered
      ? `field label not supported: ${field}`
      : `"${field}" is not a known field selector: only "metadata.name", "metadata.namespace"`,
  );
}
