/** The kind SelfSubjectReview of authentication.k8s.io/v1. */
import type { SelfSubjectReview as SelfSubjectReviewObject } from "../../types.ts";
import { defineKind } from "../../kind.ts";

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
