/** The mutating webhook of configuration revisions. */
import { ApiError } from "../../api/errors.ts";
import type { Client } from "../../client/client.ts";
import { answerTo, requestOf } from "../admission-review.ts";
import { admitConfiguration, withPins } from "./admit.ts";

/** The answer to a review: the same workload, with its template naming copies. Throws `TypeError` for what is no review. */
export async function reviewWorkload(review: any, client: Client): Promise<unknown> {
  const request = requestOf(review);
  const { object, oldObject, dryRun = false } = request;
  if (!object?.metadata) return answerTo(request, {});
  // An object that is being created may not say yet where.
  const namespace = object.metadata.namespace ?? request.namespace ?? "default";
  const placed = { ...object, metadata: { ...object.metadata, namespace } };
  try {
    const pins = await admitConfiguration({ client, object: placed, old: oldObject ?? undefined, dryRun });
    const warnings = pins?.warnings ?? [];
    const pinned = pins ? withPins(placed, pins) : placed;
    if (pinned === placed) return answerTo(request, { warnings });
    const labels = pinned.metadata.labels;
    const patch = [
      ...(labels ? [{ op: "add", path: "/metadata/labels", value: labels }] : [{ op: "remove", path: "/metadata/labels" }]),
      ...(pinned.spec && pinned.spec.template !== placed.spec?.template
        ? [{ op: "replace", path: "/spec/template", value: pinned.spec.template }]
        : []),
    ];
    return answerTo(request, { patch, warnings });
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return answerTo(request, { refusal: { code: error.status.code, message: `configuration revisions: ${error.message}` } });
  }
}
