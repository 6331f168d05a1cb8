/** The kind NetworkPolicy: who may talk to whom. Stored; nothing of ours acts on it. */
import { type FieldError, field } from "../../errors.ts";
import { defineKind } from "../../kind.ts";
import type { NetworkPolicy as NetworkPolicyObject, NetworkPolicyPeer, NetworkPolicyPort } from "../../types.ts";
import { ageColumn, nameColumn, selectorCell, textColumn } from "../columns.ts";
import { type Errors, ruleCidr, ruleLabelSelector, ruleOneOf, ruleOneOfOptional, rulePortOrName } from "../field-rules.ts";

/** NetworkPolicy (networking.k8s.io/v1). */
export const NetworkPolicy = defineKind<NetworkPolicyObject>({
  group: "networking.k8s.io",
  version: "v1",
  kind: "NetworkPolicy",
  plural: "networkpolicies",
  singular: "networkpolicy",
  scope: "Namespaced",
  schema: "networking.v1.NetworkPolicy",
  shortNames: ["netpol"],
  defaults(policy) {
    const spec = policy.spec;
    if (!spec) return;
    spec.podSelector ??= {};
    if (!spec.policyTypes?.length) spec.policyTypes = spec.egress?.length ? ["Ingress", "Egress"] : ["Ingress"];
    for (const rule of [...(spec.ingress ?? []), ...(spec.egress ?? [])]) for (const port of rule.ports ?? []) port.protocol ??= "TCP";
  },
  validate,
  columns: [nameColumn, textColumn("Pod-Selector", (policy) => selectorCell(policy.spec?.podSelector)), ageColumn],
});

function validate(policy: NetworkPolicyObject): FieldError[] {
  const errors: Errors = [];
  const { podSelector, ingress, egress, policyTypes } = policy.spec ?? {};
  ruleLabelSelector(errors, "spec.podSelector", podSelector);
  for (const [i, rule] of (ingress ?? []).entries()) {
    for (const [j, port] of (rule.ports ?? []).entries()) rulePolicyPort(errors, `spec.ingress[${i}].ports[${j}]`, port);
    for (const [j, peer] of (rule.from ?? []).entries()) rulePeer(errors, `spec.ingress[${i}].from[${j}]`, peer);
  }
  for (const [i, rule] of (egress ?? []).entries()) {
    for (const [j, port] of (rule.ports ?? []).entries()) rulePolicyPort(errors, `spec.egress[${i}].ports[${j}]`, port);
    for (const [j, peer] of (rule.to ?? []).entries()) rulePeer(errors, `spec.egress[${i}].to[${j}]`, peer);
  }
  if ((policyTypes?.length ?? 0) > 2)
    errors.push(field.invalid("spec.policyTypes", policyTypes, "may not specify more than two policyTypes"));
  for (const [i, type] of (policyTypes ?? []).entries()) ruleOneOf(errors, `spec.policyTypes[${i}]`, type, ["Egress", "Ingress"]);
  return errors;
}

function rulePolicyPort(errors: Errors, path: string, port: NetworkPolicyPort): void {
  ruleOneOfOptional(errors, `${path}.protocol`, port.protocol, ["SCTP", "TCP", "UDP"]);
  if (port.port !== undefined) rulePortOrName(errors, `${path}.port`, port.port);
  if (port.endPort === undefined) return;
  if (typeof port.port !== "number")
    errors.push(field.invalid(`${path}.endPort`, port.endPort, "may not be specified when `port` is not specified"));
  else if (port.endPort < port.port) errors.push(field.invalid(`${path}.endPort`, port.endPort, "must be greater than or equal to `port`"));
}

function rulePeer(errors: Errors, path: string, peer: NetworkPolicyPeer): void {
  if (!peer.podSelector && !peer.namespaceSelector && !peer.ipBlock) errors.push(field.required(path, "must specify a peer"));
  ruleLabelSelector(errors, `${path}.podSelector`, peer.podSelector);
  ruleLabelSelector(errors, `${path}.namespaceSelector`, peer.namespaceSelector);
  if (!peer.ipBlock) return;
  if (peer.podSelector || peer.namespaceSelector) errors.push(field.forbidden(path, "may not specify both ipBlock and another peer"));
  ruleCidr(errors, `${path}.ipBlock.cidr`, peer.ipBlock.cidr ?? "");
  for (const [i, cidr] of (peer.ipBlock.except ?? []).entries()) ruleCidr(errors, `${path}.ipBlock.except[${i}]`, cidr);
}
