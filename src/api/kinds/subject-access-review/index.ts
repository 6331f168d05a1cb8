/** The kind SubjectAccessReview: may somebody do something? Answered and never stored. */
import { defineKind } from "../../kind.ts";
import type { SubjectAccessReview as SubjectAccessReviewObject } from "../../types.ts";
import { validateSubjectAccess } from "../access-review.ts";

/** SubjectAccessReview (authorization.k8s.io/v1). */
export const SubjectAccessReview = defineKind<SubjectAccessReviewObject>({
  group: "authorization.k8s.io",
  version: "v1",
  kind: "SubjectAccessReview",
  plural: "subjectaccessreviews",
  scope: "Cluster",
  schema: "authorization.v1.SubjectAccessReview",
  virtual: true,
  validate: (review) => validateSubjectAccess(review.spec),
  verbs: ["create"],
});
