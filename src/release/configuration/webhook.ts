/** The mutating webhook of configuration revisions: answers AdmissionReviews of admission.k8s.io/v1. */
import { ApiError } from "../../api/errors.ts";
import type { Client } from "../../client/client.ts";
import type { WorkloadObject } from "../workload.ts";
import { admitConfiguration, withPins } from "./admit.ts";

/** The part of an AdmissionReview's request that is looked at. */
interface AdmissionRequest {
  readonly uid: string;
  readonly namespace?: string;
  readonly dryRun?: boolean;
  readonly object?: WorkloadObject | null;
  readonly oldObject?: WorkloadObject | null;
}

/** The answer to a review: the same workload, with its template naming copies. Throws `TypeError` for what is no review. */
export async function reviewWorkload(review: any, client: Client): Promise<unknown> {
  const request: AdmissionRequest | undefined = review?.request;
  if (review?.kind !== "AdmissionReview" || typeof request?.uid !== "string") throw new TypeError("the body is no AdmissionReview");
  const answer = (response: object): unknown => ({
    apiVersion: "admission.k8s.io/v1",
    kind: "AdmissionReview",
    response: { uid: request.uid, ...response },
  });
  const { object, oldObject, dryRun = false } = request;
  if (!object?.metadata) return answer({ allowed: true });
  // An object that is being created may not say yet where.
  const namespace = object.metadata.namespace ?? request.namespace ?? "default";
  const placed = { ...object, metadata: { ...object.metadata, namespace } };
  try {
    const pins = await admitConfiguration({ client, object: placed, old: oldObject ?? undefined, dryRun });
    const pinned = pins ? withPins(placed, pins) : placed;
    if (pinned === placed) return answer({ allowed: true, ...(pins?.warnings.length && { warnings: pins.warnings }) });
    const labels = pinned.metadata.labels;
    const patch = [
      ...(labels ? [{ op: "add", path: "/metadata/labels", value: labels }] : [{ op: "remove", path: "/metadata/labels" }]),
      ...(pinned.spec && pinned.spec.template !== placed.spec?.template
        ? [{ op: "replace", path: "/spec/template", value: pinned.spec.template }]
        : []),
    ];
    return answer({
      allowed: true,
      patchType: "JSONPatch",
      patch: base64Of(JSON.stringify(patch)),
      ...(pins?.warnings.length && { warnings: pins.warnings }),
    });
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return answer({ allowed: false, status: { code: error.status.code, message: `configuration revisions: ${error.message}` } });
  }
}

function base64Of(text: string): string {
  let binary = "";
  for (const byte of new TextEncoder().encode(text)) binary += String.fromCharCode(byte);
  return btoa(binary);
}
