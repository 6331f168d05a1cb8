/** AdmissionReviews of admission.k8s.io/v1: what webhooks are asked, and the form of their answers. */
import type { WorkloadObject } from "./workload.ts";

/** The part of a review's request that is looked at. */
export interface AdmissionRequest {
  readonly uid: string;
  readonly namespace?: string;
  readonly dryRun?: boolean;
  /** Whose request it is, as the server authenticated it. */
  readonly userInfo?: { readonly username?: string };
  readonly object?: WorkloadObject | null;
  readonly oldObject?: WorkloadObject | null;
}

/** The request of a review. Throws `TypeError` for what is no review. */
export function requestOf(review: any): AdmissionRequest {
  const request: AdmissionRequest | undefined = review?.request;
  if (review?.kind !== "AdmissionReview" || typeof request?.uid !== "string") throw new TypeError("the body is no AdmissionReview");
  return request;
}

/** What a webhook says: an operation each for what it changes, and warnings for the user. */
export interface Verdict {
  readonly patch?: readonly object[];
  readonly warnings?: readonly string[];
  /** Refuses the write. */
  readonly refusal?: { readonly code: number | undefined; readonly message: string };
}

/** The review that answers a request. */
export function answerTo({ uid }: AdmissionRequest, { patch = [], warnings = [], refusal }: Verdict): unknown {
  const response = {
    uid,
    allowed: refusal === undefined,
    ...(patch.length > 0 && { patchType: "JSONPatch", patch: base64Of(JSON.stringify(patch)) }),
    ...(warnings.length > 0 && { warnings }),
    ...(refusal && { status: refusal }),
  };
  return { apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", response };
}

function base64Of(text: string): string {
  let binary = "";
  for (const byte of new TextEncoder().encode(text)) binary += String.fromCharCode(byte);
  return btoa(binary);
}
