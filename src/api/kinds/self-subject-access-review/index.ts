/** The kind SelfSubjectAccessReview of authorization.k8s.io/v1. */
import type { SelfSubjectAccessReview as SelfSubjectAccessReviewObject } from "../../types.ts";
import { defineKind } from "../../kind.ts";

/** SelfSubjectAccessReview (authorization.k8s.io/v1). */
export const SelfSubjectAccessReview = defineKind<SelfSubjectAccessReviewObject>({
  group: "authorization.k8s.io",
  version: "v1",
  kind: "SelfSubjectAccessReview",
  plural: "selfsubjectaccessreviews",
  scope: "Cluster",
  schema: "authorization.v1.SelfSubjectAccessReview",
  virtual: true,
  verbs: ["create"],
});
