import assert from "node:assert/strict";
import { test } from "node:test";
import type { Node, Pod } from "../../api/types.ts";
import { refusalOf } from "./node-admission.ts";

const node: Node = { apiVersion: "v1", kind: "Node", metadata: { name: "node" }, status: {} };
const podWith = (uid: string, spec: Partial<NonNullable<Pod["spec"]>>): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: uid, uid },
  spec: { containers: [], ...spec },
});
const withPort = (uid: string, port: object): Pod =>
  podWith(uid, { containers: [{ name: "main", image: "x", ports: [{ containerPort: 80, hostPort: 80, ...port }] }] });

test("KUB-47: Pods may share a host port at different addresses and protocols, and not otherwise", () => {
  const taken = withPort("taken", { hostIP: "127.0.0.1" });
  const refused = (port: object): string | undefined => refusalOf(withPort("new", port), node, [taken])?.reason;
  assert.equal(refused({ hostIP: "10.0.0.1" }), undefined);
  assert.equal(refused({ hostIP: "127.0.0.1", protocol: "UDP" }), undefined);
  assert.equal(refused({ hostIP: "127.0.0.1" }), "NodePorts");
  assert.equal(refused({}), "NodePorts");
});

test("KUB-47: a Pod for another system, or with kernel settings that reach beyond it, is refused", () => {
  const refusal = (spec: Partial<NonNullable<Pod["spec"]>>) => refusalOf(podWith("new", spec), node, []);
  const sysctl = (name: string) => refusal({ securityContext: { sysctls: [{ name, value: "1" }] } });
  assert.equal(refusal({ os: { name: "linux" } }), undefined);
  assert.equal(refusal({ os: { name: "windows" } })?.reason, "PodOSNotSupported");
  assert.equal(sysctl("kernel.shm_rmid_forced"), undefined);
  assert.equal(sysctl("net/ipv4/tcp_syncookies"), undefined);
  assert.deepEqual(sysctl("kernel.msgmax"), { reason: "SysctlForbidden", message: 'forbidden sysctl: "kernel.msgmax" not allowlisted' });
});
