/** pods/ephemeralcontainers: adds debugging containers to a Pod that runs; those that are there stay as they are. */
import { field, type FieldError } from "../../api/errors.ts";
import type { AnyObject } from "../../api/meta/object.ts";
import type { EphemeralContainer } from "../../api/types.ts";
import { deepEqual } from "../../machinery/equality.ts";
import { deepCopy } from "../../machinery/freeze.ts";
import { keepAllBut, keepMetadata } from "../core/main-resource.ts";
import type { Subresource } from "../core/subresource.ts";

export const ephemeralContainers: Subresource = {
  name: "ephemeralcontainers",
  readable: true,
  update: {
    whole: true,
    prepare(object, old) {
      const wanted = object.spec?.ephemeralContainers;
      keepAllBut(object, old, "");
      keepMetadata(object, old);
      object.spec = deepCopy(old.spec);
      if (wanted?.length) object.spec.ephemeralContainers = wanted;
      else delete object.spec.ephemeralContainers;
    },
    validate: (object, old) => changedContainers(object, old),
  },
};

function changedContainers(object: AnyObject, old: AnyObject): FieldError[] {
  const path = "spec.ephemeralContainers";
  const wanted = new Map<string, EphemeralContainer>();
  const problems: FieldError[] = [];
  const taken = new Set(
    [...(old.spec.containers ?? []), ...(old.spec.initContainers ?? [])].map((container: { name: string }) => container.name),
  );
  for (const [i, container] of (object.spec.ephemeralContainers ?? []).entries()) {
    if (!container.name) problems.push(field.required(`${path}[${i}].name`));
    else if (wanted.has(container.name) || taken.has(container.name)) problems.push(field.duplicate(`${path}[${i}].name`, container.name));
    if (!container.image) problems.push(field.required(`${path}[${i}].image`));
    wanted.set(container.name, container);
  }
  for (const container of (old.spec.ephemeralContainers ?? []) as EphemeralContainer[]) {
    const now = wanted.get(container.name);
    if (!now) problems.push(field.forbidden(path, `existing ephemeral containers ${JSON.stringify(container.name)} may not be removed`));
    else if (!deepEqual(now, container))
      problems.push(field.forbidden(path, `existing ephemeral containers ${JSON.stringify(container.name)} may not be changed`));
  }
  return problems;
}
