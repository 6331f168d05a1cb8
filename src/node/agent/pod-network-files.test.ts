import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pod, PodSpec } from "../../api/types.ts";
import { hostsFile, podDns, podHostname, resolvConf, sandboxHostname } from "./pod-network-files.ts";

const pod = (spec: Partial<PodSpec> = {}, name = "web-1"): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, namespace: "shop" },
  spec: { containers: [], ...spec },
});
const config = {
  clusterDns: "10.96.0.10",
  clusterDomain: "cluster.local",
  host: { servers: ["192.0.2.53"], searches: ["corp.example"], options: ["timeout:2"] },
};

test("a Pod's name, its hostname, an override, and a name that is too long (KUB-79)", () => {
  assert.equal(podHostname(pod()), "web-1");
  assert.equal(podHostname(pod({ hostname: "db" })), "db");
  assert.equal(podHostname(pod({ hostname: "db", hostnameOverride: "db.example" })), "db.example");
  assert.equal(podHostname(pod({}, `${"a".repeat(62)}-b`)), "a".repeat(62));
  assert.equal(sandboxHostname(pod({ subdomain: "web", setHostnameAsFQDN: true }), "cluster.local"), "web-1.web.shop.svc.cluster.local");
});

test("the resolver by dnsPolicy and dnsConfig", () => {
  const rows: [string, Partial<PodSpec>, string][] = [
    [
      "the cluster's",
      {},
      "search shop.svc.cluster.local svc.cluster.local cluster.local corp.example\nnameserver 10.96.0.10\noptions ndots:5\n",
    ],
    ["the machine's", { dnsPolicy: "Default" }, "search corp.example\nnameserver 192.0.2.53\noptions timeout:2\n"],
    [
      "the machine's with hostNetwork",
      { dnsPolicy: "ClusterFirst", hostNetwork: true },
      "search corp.example\nnameserver 192.0.2.53\noptions timeout:2\n",
    ],
    [
      "the Pod's own",
      {
        dnsPolicy: "None",
        dnsConfig: { nameservers: ["9.9.9.9"], searches: ["a.example"], options: [{ name: "ndots", value: "2" }, { name: "edns0" }] },
      },
      "search a.example\nnameserver 9.9.9.9\noptions ndots:2 edns0\n",
    ],
    [
      "the cluster's with the Pod's option over it",
      { dnsConfig: { options: [{ name: "ndots", value: "1" }] } },
      "search shop.svc.cluster.local svc.cluster.local cluster.local corp.example\nnameserver 10.96.0.10\noptions ndots:1\n",
    ],
  ];
  for (const [name, spec, expected] of rows) assert.equal(resolvConf(podDns(pod(spec), config)), expected, name);
});

test("the hosts file names the Pod, in full where it has a subdomain, and the aliases", () => {
  const lines = hostsFile(
    pod({ subdomain: "web", hostAliases: [{ ip: "192.0.2.9", hostnames: ["a", "b"] }] }),
    "10.244.0.2",
    "cluster.local",
  ).split("\n");
  assert.ok(lines.includes("10.244.0.2\tweb-1.web.shop.svc.cluster.local\tweb-1"));
  assert.ok(lines.includes("192.0.2.9\ta\tb"));
  assert.ok(hostsFile(pod(), "10.244.0.2", "cluster.local").includes("10.244.0.2\tweb-1\n"));
});
