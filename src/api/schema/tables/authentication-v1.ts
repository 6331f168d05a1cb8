/** Field tables of authentication.v1; `notation.ts` documents the notation. */
import type { TypeTable } from "../notation.ts";

export const authenticationV1: TypeTable = {
  BoundObjectReference: {
    apiVersion: "string",
    kind: "string",
    name: "string",
    uid: "string",
  },
  SelfSubjectReview: {
    apiVersion: "string",
    kind: "string",
    metadata: "meta.v1.ObjectMeta",
    status: "authentication.v1.SelfSubjectReviewStatus",
  },
  SelfSubjectReviewStatus: {
    userInfo: "authentication.v1.UserInfo",
  },
  TokenRequest: {
    apiVersion: "string",
    kind: "string",
    metadata: "meta.v1.ObjectMeta",
    spec: "authentication.v1.TokenRequestSpec",
    status: "authentication.v1.TokenRequestStatus",
  },
  TokenRequestSpec: {
    audiences: "[]string list=atomic",
    boundObjectRef: "authentication.v1.BoundObjectReference",
    expirationSeconds: "int64",
  },
  TokenRequestStatus: {
    expirationTimestamp: "time",
    token: "string",
  },
  TokenReview: {
    apiVersion: "string",
    kind: "string",
    metadata: "meta.v1.ObjectMeta",
    spec: "!authentication.v1.TokenReviewSpec",
    status: "authentication.v1.TokenReviewStatus",
  },
  TokenReviewSpec: {
    audiences: "[]string list=atomic",
    token: "!string",
  },
  TokenReviewStatus: {
    audiences: "[]string list=atomic",
    authenticated: "boolean",
    error: "string",
    user: "authentication.v1.UserInfo",
  },
  UserInfo: {
    extra: "map<[]string>",
    groups: "[]string list=atomic",
    uid: "string",
    username: "string",
  },
};
