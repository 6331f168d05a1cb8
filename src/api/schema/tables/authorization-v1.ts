/** Field tables of authorization.v1; `notation.ts` documents the notation. */
import type { TypeTable } from "../notation.ts";

export const authorizationV1: TypeTable = {
  FieldSelectorAttributes: {
    rawSelector: "string #1",
    requirements: "[]meta.v1.FieldSelectorRequirement list=atomic #2",
  },
  LabelSelectorAttributes: {
    rawSelector: "string #1",
    requirements: "[]meta.v1.LabelSelectorRequirement list=atomic #2",
  },
  LocalSubjectAccessReview: {
    apiVersion: "string",
    kind: "string",
    metadata: "meta.v1.ObjectMeta #1",
    spec: "!authorization.v1.SubjectAccessReviewSpec #2",
    status: "authorization.v1.SubjectAccessReviewStatus #3",
  },
  NonResourceAttributes: {
    path: "string #1",
    verb: "string #2",
  },
  NonResourceRule: {
    nonResourceURLs: "[]string list=atomic #2",
    verbs: "![]string list=atomic #1",
  },
  ResourceAttributes: {
    fieldSelector: "authorization.v1.FieldSelectorAttributes #8",
    group: "string #3",
    labelSelector: "authorization.v1.LabelSelectorAttributes #9",
    name: "string #7",
    namespace: "string #1",
    resource: "string #5",
    subresource: "string #6",
    verb: "string #2",
    version: "string #4",
  },
  ResourceRule: {
    apiGroups: "[]string list=atomic #2",
    resourceNames: "[]string list=atomic #4",
    resources: "[]string list=atomic #3",
    verbs: "![]string list=atomic #1",
  },
  SelfSubjectAccessReview: {
    apiVersion: "string",
    kind: "string",
    metadata: "meta.v1.ObjectMeta #1",
    spec: "!authorization.v1.SelfSubjectAccessReviewSpec #2",
    status: "authorization.v1.SubjectAccessReviewStatus #3",
  },
  SelfSubjectAccessReviewSpec: {
    nonResourceAttributes: "authorization.v1.NonResourceAttributes #2",
    resourceAttributes: "authorization.v1.ResourceAttributes #1",
  },
  SelfSubjectRulesReview: {
    apiVersion: "string",
    kind: "string",
    metadata: "meta.v1.ObjectMeta #1",
    spec: "!authorization.v1.SelfSubjectRulesReviewSpec #2",
    status: "authorization.v1.SubjectRulesReviewStatus #3",
  },
  SelfSubjectRulesReviewSpec: {
    namespace: "string #1",
  },
  SubjectAccessReview: {
    apiVersion: "string",
    kind: "string",
    metadata: "meta.v1.ObjectMeta #1",
    spec: "!authorization.v1.SubjectAccessReviewSpec #2",
    status: "authorization.v1.SubjectAccessReviewStatus #3",
  },
  SubjectAccessReviewSpec: {
    extra: "map<[]string> #5",
    groups: "[]string list=atomic #4",
    nonResourceAttributes: "authorization.v1.NonResourceAttributes #2",
    resourceAttributes: "authorization.v1.ResourceAttributes #1",
    uid: "string #6",
    user: "string #3",
  },
  SubjectAccessReviewStatus: {
    allowed: "!boolean #1",
    denied: "boolean #4",
    evaluationError: "string #3",
    reason: "string #2",
  },
  SubjectRulesReviewStatus: {
    evaluationError: "string #4",
    incomplete: "!boolean #3",
    nonResourceRules: "![]authorization.v1.NonResourceRule list=atomic #2",
    resourceRules: "![]authorization.v1.ResourceRule list=atomic #1",
  },
};
