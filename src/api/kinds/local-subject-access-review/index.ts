/** The kind LocalSubjectAccessReview: may somebody do something in this namespace? Answered and never stored. */
import { defineKind } from "../../kind.ts";
import type { LocalSubjectAccessReview as LocalSubjectAccessReviewObject } from "../../types.ts";
import { validateSubjectAccess } from "../access-review.ts";

/** LocalSubjectAccessReview (authorization.k8s.io/v1). */
export const LocalSubjectAccessReview = defineKind<LocalSubjectAccessReviewObject>({
  group: "authorization.k8s.io",
  version: "v1",
  kind: "LocalSubjectAccessReview",
  plural: "localsubjectaccessreviews",
  scope: "Namespaced",
  schema: "authorization.v1.LocalSubjectAccessReview",
  virtual: true,
  validate: (review) => validateSubjectAccess(review.spec),
  verbs: ["create"],
});
