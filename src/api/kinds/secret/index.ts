/** The kind Secret of v1. */
import type { Secret as SecretObject } from "../../types.ts";
import { defineKind } from "../../kind.ts";

/** Secret (v1). */
export const Secret = defineKind<SecretObject>({
  group: "",
  version: "v1",
  kind: "Secret",
  plural: "secrets",
  scope: "Namespaced",
  schema: "core.v1.Secret",
  secret: true,
});
