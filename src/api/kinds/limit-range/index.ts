/** The kind LimitRange of v1. */
import type { LimitRange as LimitRangeObject } from "../../types.ts";
import { defineKind } from "../../kind.ts";

/** LimitRange (v1). */
export const LimitRange = defineKind<LimitRangeObject>({
  group: "",
  version: "v1",
  kind: "LimitRange",
  plural: "limitranges",
  scope: "Namespaced",
  schema: "core.v1.LimitRange",
  shortNames: ["limits"],
});
