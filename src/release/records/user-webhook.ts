/**
 * The mutating webhook that puts every Pod template down to the user who sent it, in the workload's annotation. The annotation is the
 * server's word from then on: it changes with the template and never otherwise, whatever a manifest or a client says.
 */
import { deepEqual } from "../../machinery/equality.ts";
import { answerTo, requestOf } from "../admission-review.ts";
import type { WorkloadObject } from "../workload.ts";
import { changedByKey } from "./writer.ts";

const annotationPath = `/metadata/annotations/${changedByKey.replace("/", "~1")}`;

/** The answer to a review: the same workload with its user. Throws `TypeError` for what is no review. */
export function reviewUser(review: any): unknown {
  const request = requestOf(review);
  const { object, oldObject, userInfo } = request;
  if (!object?.metadata) return answerTo(request, {});
  const isNew = !oldObject || !deepEqual(object.spec?.template, oldObject.spec?.template);
  const user = isNew ? userInfo?.username || undefined : userOf(oldObject);
  if (user === userOf(object)) return answerTo(request, {});
  return answerTo(request, { patch: [patchTo(object, user)] });
}

const userOf = ({ metadata }: WorkloadObject): string | undefined => metadata.annotations?.[changedByKey];

function patchTo({ metadata }: WorkloadObject, user: string | undefined): object {
  if (user === undefined) return { op: "remove", path: annotationPath };
  if (!metadata.annotations) return { op: "add", path: "/metadata/annotations", value: { [changedByKey]: user } };
  return { op: "add", path: annotationPath, value: user };
}
