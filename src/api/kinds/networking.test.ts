import assert from "node:assert/strict";
import { test } from "node:test";
import { EndpointSlice } from "./endpoint-slice/index.ts";
import { Endpoints } from "./endpoints/index.ts";
import { isIpv4, isIpv6 } from "./field-rules.ts";
import { Ingress } from "./ingress/index.ts";
import { NetworkPolicy } from "./network-policy/index.ts";

const now = Date.UTC(2026, 0, 1, 1, 0, 0);
const metadata = { name: "x", creationTimestamp: "2026-01-01T00:00:00Z" };
const texts = (errors: readonly { field: string; message: string }[]): string[] => errors.map((e) => `${e.field}: ${e.message}`);
const row = (kind: { columns?: readonly any[] }, object: any): unknown[] =>
  kind.columns!.map((column) => column.cell({ metadata, ...object }, { now }));

test("addresses of both families are told from what only looks like them", () => {
  for (const fine of ["0.0.0.0", "10.1.2.3", "255.255.255.255"]) assert.ok(isIpv4(fine), fine);
  for (const bad of ["256.0.0.1", "1.2.3", "1.2.3.4.5", "a.b.c.d", "", "1.2.3.4 "]) assert.ok(!isIpv4(bad), bad);
  for (const fine of ["::", "::1", "fe80::1", "1:2:3:4:5:6:7:8", "::ffff:10.0.0.1"]) assert.ok(isIpv6(fine), fine);
  for (const bad of ["1:2:3:4:5:6:7", "1::2::3", "12345::", "1:2:3:4:5:6:7:8:9", "10.0.0.1", ":::"]) assert.ok(!isIpv6(bad), bad);
});

test("TAB-17: endpoints are listed three at a time", () => {
  const endpoints = ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5"].map((ip) => ({ addresses: [ip] }));
  const ports = [{ name: "http", port: 80, protocol: "TCP" }];
  assert.deepEqual(row(EndpointSlice, { addressType: "IPv4", endpoints, ports }), [
    "x",
    "IPv4",
    "80",
    "10.0.0.1,10.0.0.2,10.0.0.3 + 2 more...",
    "60m",
  ]);
  assert.deepEqual(row(EndpointSlice, { addressType: "IPv4", endpoints: [] }).slice(2, 4), ["<unset>", "<unset>"]);
  const subset = { addresses: ["10.0.0.1", "10.0.0.2"].map((ip) => ({ ip })), ports: [{ port: 80 }, { port: 81 }] };
  assert.deepEqual(row(Endpoints, { subsets: [subset] }), ["x", "10.0.0.1:80,10.0.0.2:80,10.0.0.1:81 + 1 more...", "60m"]);
  assert.deepEqual(row(Endpoints, {}), ["x", "<none>", "60m"]);
});

test("an EndpointSlice counts the changes of what it lists", () => {
  const slice: any = { metadata, addressType: "IPv4", endpoints: [{ addresses: ["10.0.0.1"] }] };
  assert.equal(EndpointSlice.bumpsGeneration!({ ...slice, metadata: { name: "x", labels: { a: "b" } } }, slice), false);
  assert.equal(EndpointSlice.bumpsGeneration!({ ...slice, endpoints: [] }, slice), true);
  assert.deepEqual(texts(EndpointSlice.validate!({ ...slice, endpoints: [{ addresses: ["::1"] }, { addresses: [] }] })), [
    'endpoints[0].addresses[0]: Invalid value: "::1": must be a valid IPv4 address',
    "endpoints[1].addresses: Required value: must contain at least 1 address",
  ]);
});

test("an Ingress sends every path somewhere", () => {
  const ingress = (spec: any): any => ({ metadata, spec });
  const backend = { service: { name: "web", port: { number: 80 } } };
  assert.deepEqual(texts(Ingress.validate!(ingress({ defaultBackend: backend }))), []);
  assert.deepEqual(texts(Ingress.validate!(ingress({}))), [
    "spec: Invalid value: []: either `defaultBackend` or `rules` must be specified",
  ]);
  const paths = [
    { path: "a", pathType: "Prefix", backend },
    { path: "/", backend: { service: { name: "web" } } },
  ];
  assert.deepEqual(texts(Ingress.validate!(ingress({ rules: [{ host: "10.0.0.1", http: { paths } }] }))), [
    'spec.rules[0].host: Invalid value: "10.0.0.1": must be a DNS name, not an IP address',
    'spec.rules[0].http.paths[0].path: Invalid value: "a": must be an absolute path',
    "spec.rules[0].http.paths[1].pathType: Required value: pathType must be specified",
    "spec.rules[0].http.paths[1].backend: Required value: port name or number is required",
  ]);
  const rules = ["a.example.com", "b.example.com", "c.example.com", "d.example.com"].map((host) => ({ host }));
  assert.deepEqual(row(Ingress, { spec: { rules, tls: [{}] } }), [
    "x",
    "<none>",
    "a.example.com,b.example.com,c.example.com + 1 more...",
    "",
    "80, 443",
    "60m",
  ]);
});

test("a NetworkPolicy speaks of incoming traffic, and of outgoing only where it has rules for it", () => {
  const types = (spec: any): unknown => {
    const policy: any = { metadata, spec };
    NetworkPolicy.defaults!(policy);
    return policy.spec.policyTypes;
  };
  assert.deepEqual(types({}), ["Ingress"]);
  assert.deepEqual(types({ egress: [{}] }), ["Ingress", "Egress"]);
  const policy: any = { metadata, spec: { podSelector: {}, ingress: [{ from: [{}, { ipBlock: { cidr: "10.0.0.0/33" } }] }] } };
  assert.deepEqual(texts(NetworkPolicy.validate!(policy)), [
    "spec.ingress[0].from[0]: Required value: must specify a peer",
    'spec.ingress[0].from[1].ipBlock.cidr: Invalid value: "10.0.0.0/33": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
  ]);
});
