/** Field tables of networking.v1; `notation.ts` documents the notation. */
import type { TypeTable } from "../notation.ts";

export const networkingV1: TypeTable = {
  HTTPIngressPath: {
    backend: "!networking.v1.IngressBackend #2",
    path: "string #1",
    pathType: "!string #3",
  },
  HTTPIngressRuleValue: {
    paths: "![]networking.v1.HTTPIngressPath list=atomic #1",
  },
  IPAddress: {
    apiVersion: "string",
    kind: "string",
    metadata: "meta.v1.ObjectMeta #1",
    spec: "!networking.v1.IPAddressSpec #2",
  },
  IPAddressList: {
    apiVersion: "string",
    items: "![]networking.v1.IPAddress #2",
    kind: "string",
    metadata: "meta.v1.ListMeta #1",
  },
  IPAddressSpec: {
    parentRef: "!networking.v1.ParentReference #1",
  },
  IPBlock: {
    cidr: "!string #1",
    except: "[]string list=atomic #2",
  },
  Ingress: {
    apiVersion: "string",
    kind: "string",
    metadata: "meta.v1.ObjectMeta #1",
    spec: "networking.v1.IngressSpec #2",
    status: "networking.v1.IngressStatus #3",
  },
  IngressBackend: {
    resource: "core.v1.TypedLocalObjectReference #3",
    service: "networking.v1.IngressServiceBackend #4",
  },
  IngressClass: {
    apiVersion: "string",
    kind: "string",
    metadata: "meta.v1.ObjectMeta #1",
    spec: "networking.v1.IngressClassSpec #2",
  },
  IngressClassList: {
    apiVersion: "string",
    items: "![]networking.v1.IngressClass #2",
    kind: "string",
    metadata: "meta.v1.ListMeta #1",
  },
  IngressClassParametersReference: {
    apiGroup: "string #1",
    kind: "!string #2",
    name: "!string #3",
    namespace: "string #5",
    scope: "string #4",
  },
  IngressClassSpec: {
    controller: "string #1",
    parameters: "networking.v1.IngressClassParametersReference #2",
  },
  IngressList: {
    apiVersion: "string",
    items: "![]networking.v1.Ingress #2",
    kind: "string",
    metadata: "meta.v1.ListMeta #1",
  },
  IngressLoadBalancerIngress: {
    hostname: "string #2",
    ip: "string #1",
    ports: "[]networking.v1.IngressPortStatus list=atomic #4",
  },
  IngressLoadBalancerStatus: {
    ingress: "[]networking.v1.IngressLoadBalancerIngress list=atomic #1",
  },
  IngressPortStatus: {
    error: "string #3",
    port: "!int32 #1",
    protocol: "!string #2",
  },
  IngressRule: {
    host: "string #1",
    http: "networking.v1.HTTPIngressRuleValue #2.1",
  },
  IngressServiceBackend: {
    name: "!string #1",
    port: "networking.v1.ServiceBackendPort #2",
  },
  IngressSpec: {
    defaultBackend: "networking.v1.IngressBackend #1",
    ingressClassName: "string #4",
    rules: "[]networking.v1.IngressRule list=atomic #3",
    tls: "[]networking.v1.IngressTLS list=atomic #2",
  },
  IngressStatus: {
    loadBalancer: "networking.v1.IngressLoadBalancerStatus #1",
  },
  IngressTLS: {
    hosts: "[]string list=atomic #1",
    secretName: "string #2",
  },
  NetworkPolicy: {
    apiVersion: "string",
    kind: "string",
    metadata: "meta.v1.ObjectMeta #1",
    spec: "networking.v1.NetworkPolicySpec #2",
  },
  NetworkPolicyEgressRule: {
    ports: "[]networking.v1.NetworkPolicyPort list=atomic #1",
    to: "[]networking.v1.NetworkPolicyPeer list=atomic #2",
  },
  NetworkPolicyIngressRule: {
    from: "[]networking.v1.NetworkPolicyPeer list=atomic #2",
    ports: "[]networking.v1.NetworkPolicyPort list=atomic #1",
  },
  NetworkPolicyList: {
    apiVersion: "string",
    items: "![]networking.v1.NetworkPolicy #2",
    kind: "string",
    metadata: "meta.v1.ListMeta #1",
  },
  NetworkPolicyPeer: {
    ipBlock: "networking.v1.IPBlock #3",
    namespaceSelector: "meta.v1.LabelSelector #2",
    podSelector: "meta.v1.LabelSelector #1",
  },
  NetworkPolicyPort: {
    endPort: "int32 #3",
    port: "intorstring #2",
    protocol: "string #1",
  },
  NetworkPolicySpec: {
    egress: "[]networking.v1.NetworkPolicyEgressRule list=atomic #3",
    ingress: "[]networking.v1.NetworkPolicyIngressRule list=atomic #2",
    podSelector: "meta.v1.LabelSelector #1",
    policyTypes: "[]string list=atomic #4",
  },
  ParentReference: {
    group: "string #1",
    name: "!string #4",
    namespace: "string #3",
    resource: "!string #2",
  },
  ServiceBackendPort: {
    $struct: "atomic",
    name: "string #1",
    number: "int32 #2",
  },
  ServiceCIDR: {
    apiVersion: "string",
    kind: "string",
    metadata: "meta.v1.ObjectMeta #1",
    spec: "networking.v1.ServiceCIDRSpec #2",
    status: "networking.v1.ServiceCIDRStatus #3",
  },
  ServiceCIDRList: {
    apiVersion: "string",
    items: "![]networking.v1.ServiceCIDR #2",
    kind: "string",
    metadata: "meta.v1.ListMeta #1",
  },
  ServiceCIDRSpec: {
    cidrs: "[]string list=atomic #1",
  },
  ServiceCIDRStatus: {
    conditions: "[]meta.v1.Condition list=map:type patch=merge:type #1",
  },
};
