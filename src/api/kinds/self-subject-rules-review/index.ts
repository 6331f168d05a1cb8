/** The kind SelfSubjectRulesReview: what may the asker do in a namespace? Answered and never stored. */
import { defineKind } from "../../kind.ts";
import type { SelfSubjectRulesReview as SelfSubjectRulesReviewObject } from "../../types.ts";

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
