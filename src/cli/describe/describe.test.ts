/** Descriptions of objects that have next to nothing, or odd things; the usual ones are compared with kubectl's in a scenario. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { AnyObject } from "../../api/meta/object.ts";
import type { Resource } from "../discovery/resource.ts";
import { alignTabs } from "../printing/tabs.ts";
import type { Surroundings } from "./describer.ts";
import { describerOf } from "./describers.ts";
import { eventLines, longTime } from "./lines.ts";

const nowMs = Date.parse("2026-01-02T03:04:05Z");
const nobody: Surroundings = { nowMs, list: async () => [], get: async () => undefined };

async function textOf(plural: string, group: string, object: AnyObject): Promise<string> {
  return alignTabs((await describerOf({ plural, group } as Resource).lines(object, nobody)).join("\n"));
}

test("an object that its controller has not touched, and that lacks whatever may be left out, is described", async () => {
  const kinds: [plural: string, group: string, kind: string][] = [
    ["pods", "", "Pod"],
    ["services", "", "Service"],
    ["nodes", "", "Node"],
    ["configmaps", "", "ConfigMap"],
    ["secrets", "", "Secret"],
    ["persistentvolumeclaims", "", "PersistentVolumeClaim"],
    ["persistentvolumes", "", "PersistentVolume"],
    ["deployments", "apps", "Deployment"],
    ["replicasets", "apps", "ReplicaSet"],
    ["statefulsets", "apps", "StatefulSet"],
    ["daemonsets", "apps", "DaemonSet"],
    ["jobs", "batch", "Job"],
    ["namespaces", "", "Namespace"],
    ["serviceaccounts", "", "ServiceAccount"],
    ["resourcequotas", "", "ResourceQuota"],
    ["limitranges", "", "LimitRange"],
    ["endpoints", "", "Endpoints"],
    ["endpointslices", "discovery.k8s.io", "EndpointSlice"],
    ["ingresses", "networking.k8s.io", "Ingress"],
    ["networkpolicies", "networking.k8s.io", "NetworkPolicy"],
    ["poddisruptionbudgets", "policy", "PodDisruptionBudget"],
    ["clusterroles", "rbac.authorization.k8s.io", "ClusterRole"],
    ["widgets", "example.com", "Widget"],
  ];
  for (const [plural, group, kind] of kinds) {
    const template = { metadata: {}, spec: { containers: [{ name: "c", image: "x" }] } };
    const spec = group === "apps" || group === "batch" ? { template, selector: {} } : {};
    const bare: AnyObject = { apiVersion: `${group === "" ? "" : `${group}/`}v1`, kind, metadata: { name: "odd", namespace: "n" }, spec };
    const text = await textOf(plural, group, bare);
    assert.match(text, /^Name: +odd$/m, kind);
    assert.doesNotMatch(text, /undefined|NaN|\[object/, kind);
  }
});

test("values of a Secret are never shown", async () => {
  const text = await textOf("secrets", "", {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "s", namespace: "n" },
    type: "Opaque",
    data: { password: "aHVudGVyMg==", token: "YWJj", empty: "" },
  });
  assert.match(text, /^password: +7 bytes$/m);
  assert.match(text, /^token: +3 bytes$/m);
  assert.match(text, /^empty: +0 bytes$/m);
  assert.doesNotMatch(text, /hunter2|aHVudGVyMg/);
});

test("a kind that nobody knows is laid out by its fields, with spaced names", async () => {
  const text = await textOf("widgets", "example.com", {
    apiVersion: "example.com/v1",
    kind: "Widget",
    metadata: { name: "w", namespace: "n", uid: "u-1" },
    spec: { maxSize: 3, apiURL: "http://x", parts: [{ name: "a" }, { name: "b" }], words: ["one", "two"], isOn: false },
  });
  for (const line of [/^ {2}Max Size: +3$/m, /^ {2}Is On: +false$/m, /^ {4}Name: +a$/m, /^ {4}two$/m, /^ {2}UID: +u-1$/m])
    assert.match(text, line);
});

test("times are long, and a missing one is told", () => {
  assert.equal(longTime("2026-01-02T03:04:05Z"), "Fri, 02 Jan 2026 03:04:05 +0000");
  assert.equal(longTime(undefined), "<unset>");
});

test("events stand in the order of their last time, with counts and the field they are about (KR-54)", () => {
  const event = (over: object): any => ({
    type: "Normal",
    reason: "Pulled",
    message: "done\n",
    source: { component: "kubelet" },
    metadata: {},
    ...over,
  });
  const lines = eventLines(
    [
      event({ firstTimestamp: "2026-01-02T03:00:05Z", lastTimestamp: "2026-01-02T03:03:05Z", count: 3 }),
      event({
        firstTimestamp: "2026-01-02T03:02:05Z",
        lastTimestamp: "2026-01-02T03:02:05Z",
        involvedObject: { fieldPath: "spec.containers{c}" },
      }),
      event({ reason: "Odd", source: undefined }),
    ],
    nowMs,
  );
  assert.deepEqual(lines.slice(3), [
    "  Normal\tOdd\t<unknown>\t\tdone",
    "  Normal\tPulled\t2m\tkubelet\tspec.containers{c}: done",
    "  Normal\tPulled\t60s (x3 over 4m)\tkubelet\tdone",
  ]);
  assert.deepEqual(eventLines([], nowMs), ["Events:\t<none>"]);
});
