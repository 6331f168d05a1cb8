/** Field tables of networking.v1; `notation.ts` documents the notation. */
import type { TypeTable } from "../notation.ts";

export const networkingV1: TypeTable = {
  HTTPIngressPath: {
    backend: "!networking.v1.IngressBackend",
    path: "string",
    pathType: "!string",
  },
  HTTPIngressRuleValue: {
    paths: "![]networking.v1.HTTPIngressPath list=atomic",
  },
  IPAddress: {
    apiVersion: "string",
    kind: "string",
    metadata: "meta.v1.ObjectMeta",
    spec: "!networking.v1.IPAddressSpec",
  },
  IPAddressList: {
    apiVersion: "string",
    items: "![]networking.v1.IPAddress",
    kind: "string",
    metadata: "meta.v1.ListMeta",
  },
  IPAddressSpec: {
    parentRef: "!networking.v1.ParentReference",
  },
  IPBlock: {
    cidr: "!string",
    except: "[]string list=atomic",
  },
  Ingress: {
    apiVersion: "string",
    kind: "string",
    metadata: "meta.v1.ObjectMeta",
    spec: "networking.v1.IngressSpec",
    status: "networking.v1.IngressStatus",
  },
  IngressBackend: {
    resource: "core.v1.TypedLocalObjectReference",
    service: "networking.v1.IngressServiceBackend",
  },
  IngressClass: {
    apiVersion: "string",
    kind: "string",
    metadata: "meta.v1.ObjectMeta",
    spec: "networking.v1.IngressClassSpec",
  },
  IngressClassList: {
    apiVersion: "string",
    items: "![]networking.v1.IngressClass",
    kind: "string",
    metadata: "meta.v1.ListMeta",
  },
  IngressClassParametersReference: {
    apiGroup: "string",
    kind: "!string",
    name: "!string",
    namespace: "string",
    scope: "string",
  },
  IngressClassSpec: {
    controller: "string",
    parameters: "networking.v1.IngressClassParametersReference",
  },
  IngressList: {
    apiVersion: "string",
    items: "![]networking.v1.Ingress",
    kind: "string",
    metadata: "meta.v1.ListMeta",
  },
  IngressLoadBalancerIngress: {
    hostname: "string",
    ip: "string",
    ports: "[]networking.v1.IngressPortStatus list=atomic",
  },
  IngressLoadBalancerStatus: {
    ingress: "[]networking.v1.IngressLoadBalancerIngress list=atomic",
  },
  IngressPortStatus: {
    error: "string",
    port: "!int32",
    protocol: "!string",
  },
  IngressRule: {
    host: "string",
    http: "networking.v1.HTTPIngressRuleValue",
  },
  IngressServiceBackend: {
    name: "!string",
    port: "networking.v1.ServiceBackendPort",
  },
  IngressSpec: {
    defaultBackend: "networking.v1.IngressBackend",
    ingressClassName: "string",
    rules: "[]networking.v1.IngressRule list=atomic",
    tls: "[]networking.v1.IngressTLS list=atomic",
  },
  IngressStatus: {
    loadBalancer: "networking.v1.IngressLoadBalancerStatus",
  },
  IngressTLS: {
    hosts: "[]string list=atomic",
    secretName: "string",
  },
  NetworkPolicy: {
    apiVersion: "string",
    kind: "string",
    metadata: "meta.v1.ObjectMeta",
    spec: "networking.v1.NetworkPolicySpec",
  },
  NetworkPolicyEgressRule: {
    ports: "[]networking.v1.NetworkPolicyPort list=atomic",
    to: "[]networking.v1.NetworkPolicyPeer list=atomic",
  },
  NetworkPolicyIngressRule: {
    from: "[]networking.v1.NetworkPolicyPeer list=atomic",
    ports: "[]networking.v1.NetworkPolicyPort list=atomic",
  },
  NetworkPolicyList: {
    apiVersion: "string",
    items: "![]networking.v1.NetworkPolicy",
    kind: "string",
    metadata: "meta.v1.ListMeta",
  },
  NetworkPolicyPeer: {
    ipBlock: "networking.v1.IPBlock",
    namespaceSelector: "meta.v1.LabelSelector",
    podSelector: "meta.v1.LabelSelector",
  },
  NetworkPolicyPort: {
    endPort: "int32",
    port: "intorstring",
    protocol: "string",
  },
  NetworkPolicySpec: {
    egress: "[]networking.v1.NetworkPolicyEgressRule list=atomic",
    ingress: "[]networking.v1.NetworkPolicyIngressRule list=atomic",
    podSelector: "meta.v1.LabelSelector",
    policyTypes: "[]string list=atomic",
  },
  ParentReference: {
    group: "string",
    name: "!string",
    namespace: "string",
    resource: "!string",
  },
  ServiceBackendPort: {
    $struct: "atomic",
    name: "string",
    number: "int32",
  },
  ServiceCIDR: {
    apiVersion: "string",
    kind: "string",
    metadata: "meta.v1.ObjectMeta",
    spec: "networking.v1.ServiceCIDRSpec",
    status: "networking.v1.ServiceCIDRStatus",
  },
  ServiceCIDRList: {
    apiVersion: "string",
    items: "![]networking.v1.ServiceCIDR",
    kind: "string",
    metadata: "meta.v1.ListMeta",
  },
  ServiceCIDRSpec: {
    cidrs: "[]string list=atomic",
  },
  ServiceCIDRStatus: {
    conditions: "[]meta.v1.Condition list=map:type patch=merge:type",
  },
};
