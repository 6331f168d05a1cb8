/** The kind LocalSubjectAccessReview of authorization.k8s.io/v1. */
import type { LocalSubjectAccessReview as LocalSubjectAccessReviewObject } from "../../types.ts";
import { defineKind } from "../../kind.ts";

/** LocalSubjectAccessReview (authorization.k8s.io/v1). */
export const LocalSubjectAccessReview = defineKind<LocalSubjectAccessReviewObject>({
  group: "authorization.k8s.io",
  version: "v1",
  kind: "LocalSubjectAccessReview",
  plural: "localsubjectaccessreviews",
  scope: "Namespaced",
  schema: "authorization.v1.LocalSubjectAccessReview",
  virtual: true,
  verbs: ["create"],
});
