/** The kind Endpoints of v1. */
import type { Endpoints as EndpointsObject } from "../../types.ts";
import { defineKind } from "../../kind.ts";

/** Endpoints (v1). */
export const Endpoints = defineKind<EndpointsObject>({
  group: "",
  version: "v1",
  kind: "Endpoints",
  plural: "endpoints",
  scope: "Namespaced",
  schema: "core.v1.Endpoints",
  shortNames: ["ep"],
  singular: "endpoints",
});
