/** The kind SubjectAccessReview of authorization.k8s.io/v1. */
import type { SubjectAccessReview as SubjectAccessReviewObject } from "../../types.ts";
import { defineKind } from "../../kind.ts";

/** SubjectAccessReview (authorization.k8s.io/v1). */
export const SubjectAccessReview = defineKind<SubjectAccessReviewObject>({
  group: "authorization.k8s.io",
  version: "v1",
  kind: "SubjectAccessReview",
  plural: "subjectaccessreviews",
  scope: "Cluster",
  schema: "authorization.v1.SubjectAccessReview",
  virtual: true,
  verbs: ["create"],
});
