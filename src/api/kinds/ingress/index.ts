/** The kind Ingress of networking.k8s.io/v1. */
import type { Ingress as IngressObject } from "../../types.ts";
import { defineKind } from "../../kind.ts";

/** Ingress (networking.k8s.io/v1). */
export const Ingress = defineKind<IngressObject>({
  group: "networking.k8s.io",
  version: "v1",
  kind: "Ingress",
  plural: "ingresses",
  scope: "Namespaced",
  schema: "networking.v1.Ingress",
  shortNames: ["ing"],
  status: {},
});
