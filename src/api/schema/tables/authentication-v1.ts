/** Field tables of authentication.v1; `notation.ts` documents the notation. */
import type { TypeTable } from "../notation.ts";

export const authenticationV1: TypeTable = {
  BoundObjectReference: {
    apiVersion: "string #2",
    kind: "string #1",
    name: "string #3",
    uid: "string #4",
  },
  SelfSubjectReview: {
    apiVersion: "string",
    kind: "string",
    metadata: "meta.v1.ObjectMeta #1",
    status: "authentication.v1.SelfSubjectReviewStatus #2",
  },
  SelfSubjectReviewStatus: {
    userInfo: "authentication.v1.UserInfo #1",
  },
  TokenRequest: {
    apiVersion: "string",
    kind: "string",
    metadata: "meta.v1.ObjectMeta #1",
    spec: "authentication.v1.TokenRequestSpec #2",
    status: "authentication.v1.TokenRequestStatus #3",
  },
  TokenRequestSpec: {
    audiences: "[]string list=atomic #1",
    boundObjectRef: "authentication.v1.BoundObjectReference #3",
    expirationSeconds: "int64 #4",
  },
  TokenRequestStatus: {
    expirationTimestamp: "time #2",
    token: "string #1",
  },
  TokenReview: {
    apiVersion: "string",
    kind: "string",
    metadata: "meta.v1.ObjectMeta #1",
    spec: "!authentication.v1.TokenReviewSpec #2",
    status: "authentication.v1.TokenReviewStatus #3",
  },
  TokenReviewSpec: {
    audiences: "[]string list=atomic #2",
    token: "!string #1",
  },
  TokenReviewStatus: {
    audiences: "[]string list=atomic #4",
    authenticated: "boolean #1",
    error: "string #3",
    user: "authentication.v1.UserInfo #2",
  },
  UserInfo: {
    extra: "map<[]string> #4",
    groups: "[]string list=atomic #3",
    uid: "string #2",
    username: "string #1",
  },
};
