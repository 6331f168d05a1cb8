/** The kind SelfSubjectRulesReview of authorization.k8s.io/v1. */
import type { SelfSubjectRulesReview as SelfSubjectRulesReviewObject } from "../../types.ts";
import { defineKind } from "../../kind.ts";

/** SelfSubjectRulesReview (authorization.k8s.io/v1). */
export const SelfSubjectRulesReview = defineKind<SelfSubjectRulesReviewObject>({
  group: "authorization.k8s.io",
  version: "v1",
  kind: "SelfSubjectRulesReview",
  plural: "selfsubjectrulesreviews",
  scope: "Cluster",
  schema: "authorization.v1.SelfSubjectRulesReview",
  virtual: true,
  verbs: ["create"],
});
