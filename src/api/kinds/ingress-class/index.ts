/** The kind IngressClass of networking.k8s.io/v1. */
import type { IngressClass as IngressClassObject } from "../../types.ts";
import { defineKind } from "../../kind.ts";

/** IngressClass (networking.k8s.io/v1). */
export const IngressClass = defineKind<IngressClassObject>({
  group: "networking.k8s.io",
  version: "v1",
  kind: "IngressClass",
  plural: "ingressclasses",
  scope: "Cluster",
  schema: "networking.v1.IngressClass",
});
