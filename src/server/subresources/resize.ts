/** pods/resize: changes the resources of a running Pod's containers and nothing else. */
import { field, type FieldError } from "../../api/errors.ts";
import type { AnyObject } from "../../api/meta/object.ts";
import type { Container } from "../../api/types.ts";
import { compareQuantities, isQuantity } from "../../machinery/quantity.ts";
import { deepCopy } from "../../machinery/freeze.ts";
import { keepAllBut, keepMetadata } from "../core/main-resource.ts";
import type { Subresource } from "../core/subresource.ts";

const containerLists = ["containers", "initContainers"] as const;

export const resize: Subresource = {
  name: "resize",
  readable: true,
  update: {
    whole: true,
    prepare(object, old) {
      const wanted = object.spec ?? {};
      keepAllBut(object, old, "");
      keepMetadata(object, old);
      object.spec = deepCopy(old.spec);
      for (const list of containerLists) takeResources(object.spec[list] ?? [], wanted[list] ?? []);
    },
    validate: (object) => containerLists.flatMap((list) => resourceProblems(object, list)),
  },
};

function takeResources(containers: Container[], wanted: readonly Container[]): void {
  for (const container of containers) {
    const asked = wanted.find((candidate) => candidate.name === container.name);
    if (!asked) continue;
    if (asked.resources === undefined) delete container.resources;
    else container.resources = asked.resources;
    if (asked.resizePolicy) container.resizePolicy = asked.resizePolicy;
  }
}

/** A resized Pod may change its processor and memory only, and no request may exceed its limit. */
function resourceProblems(object: AnyObject, list: (typeof containerLists)[number]): FieldError[] {
  const problems: FieldError[] = [];
  for (const [i, container] of ((object.spec[list] ?? []) as Container[]).entries()) {
    const path = `spec.${list}[${i}].resources`;
    const limits = container.resources?.limits ?? {};
    for (const [name, request] of Object.entries(container.resources?.requests ?? {})) {
      const limit = limits[name];
      if (!isQuantity(request)) problems.push(field.invalid(`${path}.requests[${name}]`, request, "must be a quantity"));
      else if (limit !== undefined && isQuantity(limit) && compareQuantities(request, limit) > 0) {
        problems.push(field.invalid(`${path}.requests`, request, `must be less than or equal to ${name} limit of ${limit}`));
      }
    }
    for (const [name, limit] of Object.entries(limits)) {
      if (!isQuantity(limit)) problems.push(field.invalid(`${path}.limits[${name}]`, limit, "must be a quantity"));
    }
  }
  return problems;
}
