/** The kind NetworkPolicy of networking.k8s.io/v1. */
import type { NetworkPolicy as NetworkPolicyObject } from "../../types.ts";
import { defineKind } from "../../kind.ts";

/** NetworkPolicy (networking.k8s.io/v1). */
export const NetworkPolicy = defineKind<NetworkPolicyObject>({
  group: "networking.k8s.io",
  version: "v1",
  kind: "NetworkPolicy",
  plural: "networkpolicies",
  scope: "Namespaced",
  schema: "networking.v1.NetworkPolicy",
  shortNames: ["netpol"],
});
