/** The kind Deployment of apps/v1. */
import type { Deployment as DeploymentObject } from "../../types.ts";
import { defineKind } from "../../kind.ts";

/** Deployment (apps/v1). */
export const Deployment = defineKind<DeploymentObject>({
  group: "apps",
  version: "v1",
  kind: "Deployment",
  plural: "deployments",
  scope: "Namespaced",
  schema: "apps.v1.Deployment",
  shortNames: ["deploy"],
  categories: ["all"],
  status: {},
});
