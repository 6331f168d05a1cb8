/** The kind TokenReview: whose token is this? Answered and never stored. */
import { defineKind } from "../../kind.ts";
import type { TokenReview as TokenReviewObject } from "../../types.ts";

/** TokenReview (authentication.k8s.io/v1). */
export const TokenReview = defineKind<TokenReviewObject>({
  group: "authentication.k8s.io",
  version: "v1",
  kind: "TokenReview",
  plural: "tokenreviews",
  scope: "Cluster",
  schema: "authentication.v1.TokenReview",
  virtual: true,
  verbs: ["create"],
});
