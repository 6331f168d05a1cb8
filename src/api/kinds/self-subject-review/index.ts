/** The kind SelfSubjectReview: who is the asker? Answered and never stored. */
import { defineKind } from "../../kind.ts";
import type { SelfSubjectReview as SelfSubjectReviewObject } from "../../types.ts";

/** SelfSubjectReview (authentication.k8s.io/v1). */
export const SelfSubjectReview = defineKind<SelfSubjectReviewObject>({
  group: "authentication.k8s.io",
  version: "v1",
  kind: "SelfSubjectReview",
  plural: "selfsubjectreviews",
  scope: "Cluster",
  schema: "authentication.v1.SelfSubjectReview",
  virtual: true,
  verbs: ["create"],
});
