import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ApiError } from "../errors.ts";
import type { AnyObject } from "../meta/object.ts";
import { decodeProtobuf, encodeProtobuf } from "./protobuf.ts";

const bytesOf = (hex: string) => Uint8Array.from(Buffer.from(hex.replace(/\s/g, ""), "hex"));
const roundTrip = (object: object) => decodeProtobuf(encodeProtobuf(object as AnyObject));

test("API-17: the envelope and the object's fields stand where the API puts them", () => {
  const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: "a" } };
  // k8s\0, {1: {1: "v1", 2: "Namespace"}, 2: {1: {1: "a"}}, 3: "", 4: ""}
  const wire = "6b387300 0a0f 0a027631 12094e616d657370616365 1205 0a03 0a0161 1a00 2200";
  assert.deepEqual(Buffer.from(encodeProtobuf(namespace)).toString("hex"), wire.replace(/\s/g, ""));
  assert.deepEqual(decodeProtobuf(bytesOf(wire)), namespace);
});

const objects: Readonly<Record<string, object>> = {
  "a Deployment with every sort of field": {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "web", labels: { app: "web" }, creationTimestamp: "2026-01-01T12:00:00Z", generation: 3 },
    spec: {
      replicas: 0,
      strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: "25%", maxUnavailable: 0 } },
      selector: { matchLabels: { app: "web" } },
      template: {
        metadata: {},
        spec: {
          securityContext: { runAsUser: 0 },
          containers: [
            {
              name: "c",
              image: "web:1",
              args: ["-x", ""],
              resources: { limits: { cpu: "100m", memory: "1Gi" } },
              readinessProbe: { httpGet: { path: "/", port: "http" }, periodSeconds: 5 },
              livenessProbe: { exec: { command: ["true"] } },
              env: [{ name: "A", valueFrom: { configMapKeyRef: { name: "m", key: "k", optional: false } } }],
            },
          ],
          volumes: [
            { name: "v", emptyDir: {} },
            { name: "m", configMap: { name: "m", defaultMode: 420, items: [{ key: "k", path: "p", mode: 256 }] } },
          ],
        },
      },
    },
    status: {},
  },
  "a Secret": { apiVersion: "v1", kind: "Secret", metadata: { name: "s" }, type: "Opaque", data: { "a.b": "AP+A", empty: "" } },
  "a ConfigMap with a hostile key": JSON.parse('{"apiVersion":"v1","kind":"ConfigMap","data":{"__proto__":"x"},"immutable":false}'),
  "a ControllerRevision with free JSON": {
    apiVersion: "apps/v1",
    kind: "ControllerRevision",
    metadata: { name: "r", managedFields: [{ manager: "m", fieldsV1: { "f:data": {} }, time: "2026-01-01T12:00:00Z" }] },
    data: { spec: [1, { a: null }] },
    revision: 9_007_199_254_740_991,
  },
  "a Lease with microseconds": {
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    spec: { renewTime: "2026-01-01T12:00:00.123456Z", acquireTime: "2026-01-01T12:00:00.500000Z", leaseTransitions: 0 },
  },
  "a review with lists in a map": {
    apiVersion: "authorization.k8s.io/v1",
    kind: "SubjectAccessReview",
    spec: { user: "u", extra: { a: ["1", "2"], b: [] }, resourceAttributes: { verb: "get" } },
    status: { allowed: false },
  },
  "delete options of any group": { apiVersion: "apps/v1", kind: "DeleteOptions", gracePeriodSeconds: 0, propagationPolicy: "Background" },
  "a negative number": { apiVersion: "v1", kind: "Pod", spec: { containers: [], priority: -2_000_000_000 } },
};
for (const [name, object] of Object.entries(objects)) {
  test(`${name} survives the wire`, () => {
    const expected = name === "a negative number" ? { apiVersion: "v1", kind: "Pod", spec: { priority: -2_000_000_000 } } : object;
    assert.deepEqual(roundTrip(object), expected);
  });
}

test("API-15: what kubectl 1.35 posts for `create deployment web --image=nginx:1.27 --replicas=0 --port=80`", () => {
  const body =
    "azhzAAoVCgdhcHBzL3YxEgpEZXBsb3ltZW50Er0BCh8KA3dlYhIAGgAiACoAMgA4AEIAWgoKA2FwcBIDd2ViEosBCAASDAoKCgNhcHASA3dlYhpxChwKABIAGgAiACoAMgA4" +
    "AEIAWgoKA2FwcBIDd2ViElESMwoFbmdpbngSCm5naW54OjEuMjcqADIKCgAQABhQIgAqAEIAagByAIABAIgBAJABAKIBABoAMgBCAEoAUgBYAGAAaACCAQCKAQCaAQDCAQAi" +
    "AgoAKAA4ABoMCAAQABgAIAAoADgAGgAiAA==";
  assert.deepEqual(decodeProtobuf(Uint8Array.from(Buffer.from(body, "base64"))), {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "web", labels: { app: "web" } },
    spec: {
      replicas: 0,
      selector: { matchLabels: { app: "web" } },
      template: {
        metadata: { labels: { app: "web" } },
        spec: { containers: [{ name: "nginx", image: "nginx:1.27", ports: [{ containerPort: 80 }], resources: {} }] },
      },
      strategy: {},
    },
    status: { replicas: 0 },
  });
});

test("zeros that a typed client always writes are left out where they say nothing", () => {
  const typed = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    spec: { replicas: 0, minReadySeconds: 0, paused: false, template: { spec: { nodeName: "" } } },
  };
  assert.deepEqual(roundTrip(typed), { apiVersion: "apps/v1", kind: "Deployment", spec: { replicas: 0, template: { spec: {} } } });
});

const isBadRequest = (error: unknown) => error instanceof ApiError && error.code === 400;

test("bytes that are no object are refused as bad requests", () => {
  const cases: Readonly<Record<string, Uint8Array>> = {
    nothing: new Uint8Array(),
    JSON: new TextEncoder().encode('{"kind":"Pod"}'),
    "an empty envelope": bytesOf("6b387300"),
    "a length beyond the end": bytesOf("6b387300 0aff01"),
    "an endless varint": bytesOf(`6b387300 08${"ff".repeat(12)}`),
    "text that is no UTF-8": bytesOf("6b387300 0a0f 0a027631 12094e616d657370616365 1205 0a03 0a01ff"),
    "an unknown kind": encodeEnvelope("v1", "Nonsense", new Uint8Array()),
    "a number where a message is due": encodeEnvelope("v1", "Pod", Uint8Array.of(8, 1)),
    "a time beyond all calendars": encodeEnvelope("v1", "Pod", bytesOf("0a0c 420a 08ffffffffffffffff7f")),
  };
  for (const [name, bytes] of Object.entries(cases)) assert.throws(() => decodeProtobuf(bytes), isBadRequest, name);
});

function encodeEnvelope(apiVersion: string, kind: string, raw: Uint8Array): Uint8Array {
  const field = (number: number, bytes: Uint8Array | string) => {
    const content = Buffer.from(bytes as Uint8Array);
    return Buffer.concat([Buffer.of(number * 8 + 2, content.length), content]);
  };
  const type = Buffer.concat([field(1, apiVersion), field(2, kind)]);
  return Buffer.concat([Buffer.of(0x6b, 0x38, 0x73, 0), field(1, type), field(2, raw)]);
}

test("whatever the bytes, the answer is an object or a bad request", () => {
  const valid = encodeProtobuf(objects["a Deployment with every sort of field"] as AnyObject);
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(valid.length - 1), fc.nat(255)), { maxLength: 4 }), fc.nat(valid.length), (edits, length) => {
      const bytes = Uint8Array.from(valid);
      for (const [at, value] of edits) bytes[at] = value;
      try {
        decodeProtobuf(bytes.subarray(0, length));
      } catch (error) {
        assert.ok(isBadRequest(error), String(error));
      }
    }),
    { numRuns: 500 },
  );
});

test("a false or a zero that says something survives the wire", () => {
  const driver = {
    apiVersion: "storage.k8s.io/v1",
    kind: "CSIDriver",
    metadata: { name: "d" },
    spec: { attachRequired: false, podInfoOnMount: false },
  };
  assert.deepEqual(decodeProtobuf(encodeProtobuf(driver)), driver);
  const set = { apiVersion: "apps/v1", kind: "StatefulSet", metadata: { name: "s" }, status: { replicas: 0, collisionCount: 0 } };
  const { collisionCount } = decodeProtobuf(encodeProtobuf(set))["status"] as { collisionCount?: number };
  assert.equal(collisionCount, 0);
});
