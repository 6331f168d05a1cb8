/** The kind SelfSubjectAccessReview: may the asker do something? Answered and never stored. */
import { defineKind } from "../../kind.ts";
import type { SelfSubjectAccessReview as SelfSubjectAccessReviewObject } from "../../types.ts";
import { validateAccess } from "../access-review.ts";

/** SelfSubjectAccessReview (authorization.k8s.io/v1). */
export const SelfSubjectAccessReview = defineKind<SelfSubjectAccessReviewObject>({
  group: "authorization.k8s.io",
  version: "v1",
  kind: "SelfSubjectAccessReview",
  plural: "selfsubjectaccessreviews",
  scope: "Cluster",
  schema: "authorization.v1.SelfSubjectAccessReview",
  virtual: true,
  validate: (review) => validateAccess(review.spec),
  verbs: ["create"],
});
