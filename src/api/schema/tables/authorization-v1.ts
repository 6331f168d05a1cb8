/** Field tables of authorization.v1; `notation.ts` documents the notation. */
import type { TypeTable } from "../notation.ts";

export const authorizationV1: TypeTable = {
  FieldSelectorAttributes: {
    rawSelector: "string",
    requirements: "[]meta.v1.FieldSelectorRequirement list=atomic",
  },
  LabelSelectorAttributes: {
    rawSelector: "string",
    requirements: "[]meta.v1.LabelSelectorRequirement list=atomic",
  },
  LocalSubjectAccessReview: {
    apiVersion: "string",
    kind: "string",
    metadata: "meta.v1.ObjectMeta",
    spec: "!authorization.v1.SubjectAccessReviewSpec",
    status: "authorization.v1.SubjectAccessReviewStatus",
  },
  NonResourceAttributes: {
    path: "string",
    verb: "string",
  },
  NonResourceRule: {
    nonResourceURLs: "[]string list=atomic",
    verbs: "![]string list=atomic",
  },
  ResourceAttributes: {
    fieldSelector: "authorization.v1.FieldSelectorAttributes",
    group: "string",
    labelSelector: "authorization.v1.LabelSelectorAttributes",
    name: "string",
    namespace: "string",
    resource: "string",
    subresource: "string",
    verb: "string",
    version: "string",
  },
  ResourceRule: {
    apiGroups: "[]string list=atomic",
    resourceNames: "[]string list=atomic",
    resources: "[]string list=atomic",
    verbs: "![]string list=atomic",
  },
  SelfSubjectAccessReview: {
    apiVersion: "string",
    kind: "string",
    metadata: "meta.v1.ObjectMeta",
    spec: "!authorization.v1.SelfSubjectAccessReviewSpec",
    status: "authorization.v1.SubjectAccessReviewStatus",
  },
  SelfSubjectAccessReviewSpec: {
    nonResourceAttributes: "authorization.v1.NonResourceAttributes",
    resourceAttributes: "authorization.v1.ResourceAttributes",
  },
  SelfSubjectRulesReview: {
    apiVersion: "string",
    kind: "string",
    metadata: "meta.v1.ObjectMeta",
    spec: "!authorization.v1.SelfSubjectRulesReviewSpec",
    status: "authorization.v1.SubjectRulesReviewStatus",
  },
  SelfSubjectRulesReviewSpec: {
    namespace: "string",
  },
  SubjectAccessReview: {
    apiVersion: "string",
    kind: "string",
    metadata: "meta.v1.ObjectMeta",
    spec: "!authorization.v1.SubjectAccessReviewSpec",
    status: "authorization.v1.SubjectAccessReviewStatus",
  },
  SubjectAccessReviewSpec: {
    extra: "map<[]string>",
    groups: "[]string list=atomic",
    nonResourceAttributes: "authorization.v1.NonResourceAttributes",
    resourceAttributes: "authorization.v1.ResourceAttributes",
    uid: "string",
    user: "string",
  },
  SubjectAccessReviewStatus: {
    allowed: "!boolean",
    denied: "boolean",
    evaluationError: "string",
    reason: "string",
  },
  SubjectRulesReviewStatus: {
    evaluationError: "string",
    incomplete: "!boolean",
    nonResourceRules: "![]authorization.v1.NonResourceRule list=atomic",
    resourceRules: "![]authorization.v1.ResourceRule list=atomic",
  },
};
