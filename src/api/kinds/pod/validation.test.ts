import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pod as PodObject } from "../../types.ts";
import { Pod } from "./index.ts";
import { validateEphemeralContainersUpdate, validatePodUpdate, validateResize } from "./update-rules.ts";

function pod(change: (spec: any) => void = () => {}): PodObject {
  const spec = {
    containers: [{ name: "web", image: "nginx:1", ports: [{ name: "http", containerPort: 80 }] }],
    volumes: [{ name: "data", emptyDir: {} }],
  };
  change(spec);
  const object = { apiVersion: "v1", kind: "Pod", metadata: { name: "p" }, spec } as unknown as PodObject;
  Pod.defaults!(object);
  return object;
}
const problems = (object: PodObject): string[] => Pod.validate!(object).map((error) => `${error.field}: ${error.message}`);

const dnsLabel =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";

const rows: [string, (spec: any) => void, string[]][] = [
  ["a plain Pod is fine", () => {}, []],
  ["there must be a container", (s) => (s.containers = []), ["spec.containers: Required value"]],
  [
    "a container has a name and an image",
    (s) => s.containers.push({}),
    ["spec.containers[1].name: Required value", "spec.containers[1].image: Required value"],
  ],
  ["names are labels", (s) => (s.containers[0].name = "Web"), [`spec.containers[0].name: Invalid value: "Web": ${dnsLabel}`]],
  [
    "names are unique, init containers included",
    (s) => (s.initContainers = [{ name: "web", image: "x" }]),
    ['spec.initContainers[0].name: Duplicate value: "web"'],
  ],
  [
    "a mount needs its volume",
    (s) => (s.containers[0].volumeMounts = [{ name: "nope", mountPath: "/x" }]),
    ['spec.containers[0].volumeMounts[0].name: Not found: "nope"'],
  ],
  [
    "mount paths are unique and there",
    (s) => (s.containers[0].volumeMounts = [{ name: "data" }, { name: "data", mountPath: "/x" }, { name: "data", mountPath: "/x" }]),
    [
      "spec.containers[0].volumeMounts[0].mountPath: Required value",
      'spec.containers[0].volumeMounts[2].mountPath: Invalid value: "/x": must be unique',
    ],
  ],
  [
    "a sub path stays inside",
    (s) => (s.containers[0].volumeMounts = [{ name: "data", mountPath: "/x", subPath: "/a/../b" }]),
    [
      'spec.containers[0].volumeMounts[0].subPath: Invalid value: "/a/../b": must be a relative path',
      "spec.containers[0].volumeMounts[0].subPath: Invalid value: \"/a/../b\": must not contain '..'",
    ],
  ],
  [
    "ports are numbers with short names",
    (s) => s.containers[0].ports.push({ containerPort: 70000, protocol: "ICMP" }, { name: "http", containerPort: 81 }),
    [
      "spec.containers[0].ports[1].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive",
      'spec.containers[0].ports[1].protocol: Unsupported value: "ICMP": supported values: "SCTP", "TCP", "UDP"',
      'spec.containers[0].ports[2].name: Duplicate value: "http"',
    ],
  ],
  [
    "a request is not above its limit",
    (s) => (s.containers[0].resources = { limits: { cpu: "100m" }, requests: { cpu: "1", gpu: "1" } }),
    [
      'spec.containers[0].resources.requests: Invalid value: "1": must be less than or equal to cpu limit of 100m',
      'spec.containers[0].resources.requests[gpu]: Invalid value: "gpu": must be a standard resource for containers',
    ],
  ],
  [
    "a variable has one source",
    (s) =>
      (s.containers[0].env = [
        { value: "x" },
        { name: "A", valueFrom: {} },
        { name: "B", value: "x", valueFrom: { fieldRef: { fieldPath: "spec.foo" } } },
      ]),
    [
      "spec.containers[0].env[0].name: Required value",
      'spec.containers[0].env[1].valueFrom: Invalid value: "": must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`',
      'spec.containers[0].env[2].valueFrom.fieldRef.fieldPath: Unsupported value: "spec.foo": supported values: "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName", "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"',
      'spec.containers[0].env[2].valueFrom: Invalid value: "": may not be specified when `value` is not empty',
    ],
  ],
  [
    "a probe does one thing",
    (s) => {
      s.containers[0].livenessProbe = { successThreshold: 2, exec: { command: ["x"] } };
      s.containers[0].readinessProbe = {};
      s.containers[0].startupProbe = { tcpSocket: { port: 0 }, httpGet: { port: 80 } };
    },
    [
      "spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1",
      "spec.containers[0].readinessProbe: Required value: must specify a handler type",
      "spec.containers[0].startupProbe.tcpSocket: Forbidden: may not specify more than 1 handler type",
    ],
  ],
  [
    "words are from their lists",
    (s) => {
      s.restartPolicy = "Sometimes";
      s.containers[0].imagePullPolicy = "Often";
    },
    [
      'spec.containers[0].imagePullPolicy: Unsupported value: "Often": supported values: "Always", "IfNotPresent", "Never"',
      'spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "Never", "OnFailure"',
    ],
  ],
  [
    "a volume has one source, and that one complete",
    (s) => s.volumes.push({ name: "data", emptyDir: {}, hostPath: { path: "/x" } }, { name: "c", configMap: { defaultMode: 1000 } }),
    [
      'spec.volumes[1].name: Duplicate value: "data"',
      "spec.volumes[1].hostPath: Forbidden: may not specify more than 1 volume type",
      "spec.volumes[2].configMap.name: Required value",
      "spec.volumes[2].configMap.defaultMode: Invalid value: 1000: must be a number between 0 and 0777 (octal), both inclusive",
    ],
  ],
  [
    "an ordinary init container has no probes",
    (s) => (s.initContainers = [{ name: "i", image: "x", readinessProbe: { exec: { command: ["x"] } } }]),
    ["spec.initContainers[0].readinessProbe: Forbidden: may not be set for init containers without restartPolicy=Always"],
  ],
  [
    "a sidecar has probes",
    (s) => (s.initContainers = [{ name: "i", image: "x", restartPolicy: "Always", readinessProbe: { exec: { command: ["x"] } } }]),
    [],
  ],
  [
    "a toleration without a key tolerates everything",
    (s) => (s.tolerations = [{ operator: "Equal", effect: "NoSchedule", tolerationSeconds: 3 }]),
    [
      'spec.tolerations[0].operator: Invalid value: "Equal": operator must be Exists when `key` is empty, which means "match all values and all keys"',
      "spec.tolerations[0].effect: Invalid value: \"NoSchedule\": effect must be 'NoExecute' when `tolerationSeconds` is set",
    ],
  ],
];

for (const [name, change, expected] of rows) {
  test(`a Pod's rules: ${name}`, () => assert.deepEqual(problems(pod(change)), expected));
}

const changes = (change: (spec: any) => void, base: (spec: any) => void = () => {}): string[] => {
  const after = (spec: any): void => {
    base(spec);
    change(spec);
  };
  return validatePodUpdate(pod(after), pod(base)).map((error) => `${error.field}: ${error.message.split("\n")[0]}`);
};
const forbidden =
  "spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

test("API-88: of a Pod's spec little may change", () => {
  assert.deepEqual(
    changes((s) => (s.containers[0].image = "nginx:1.1")),
    [],
  );
  assert.deepEqual(
    changes((s) => (s.activeDeadlineSeconds = 5)),
    [],
  );
  assert.deepEqual(
    changes((s) => (s.tolerations = [{ key: "a", operator: "Exists" }])),
    [],
  );
  assert.deepEqual(
    changes((s) => (s.nodeName = "n")),
    [forbidden],
  );
  assert.deepEqual(
    changes((s) => (s.containers[0].args = ["x"])),
    [forbidden],
  );
  assert.deepEqual(
    changes(
      (s) => (s.tolerations = []),
      (s) => (s.tolerations = [{ key: "a", operator: "Exists" }]),
    ),
    [forbidden],
  );
  assert.deepEqual(
    changes((s) => s.containers.push({ name: "b", image: "b" })),
    ["spec.containers: Forbidden: pod updates may not add or remove containers"],
  );
  assert.deepEqual(
    changes(
      (s) => (s.activeDeadlineSeconds = 9),
      (s) => (s.activeDeadlineSeconds = 5),
    ),
    ["spec.activeDeadlineSeconds: Invalid value: 9: must be less than or equal to previous value"],
  );
});

test("API-88: resize changes cpu and memory, and never the QoS class", () => {
  const base = (s: any): void => {
    s.containers[0].resources = { limits: { cpu: "1", memory: "1Gi" }, requests: { cpu: "500m", memory: "1Gi" } };
  };
  const resize = (change: (s: any) => void): string[] =>
    validateResize(
      pod((s) => {
        base(s);
        change(s);
      }),
      pod(base),
    ).map((error) => error.message);
  assert.deepEqual(
    resize((s) => (s.containers[0].resources.limits.cpu = "2")),
    [],
  );
  assert.deepEqual(
    resize((s) => (s.containers[0].image = "other")),
    ["Forbidden: only cpu and memory resources are mutable"],
  );
  assert.deepEqual(
    resize((s) => (s.containers[0].resources.requests.cpu = "1")),
    ['Invalid value: "Guaranteed": Pod QOS Class may not change as a result of resizing'],
  );
});

test("ephemeral containers may be added, never changed or removed", () => {
  const debug = { name: "debug", image: "busybox" };
  const withDebug = pod((s) => (s.ephemeralContainers = [{ ...debug }]));
  assert.deepEqual(validateEphemeralContainersUpdate(withDebug, pod()), []);
  assert.equal(validateEphemeralContainersUpdate(pod(), withDebug)[0]?.field, "spec.ephemeralContainers[0]");
  assert.equal(
    validateEphemeralContainersUpdate(
      pod((s) => (s.ephemeralContainers = [{ ...debug, image: "other" }])),
      withDebug,
    ).length,
    1,
  );
});

test("KUB-60: a Pod that no node runs, or that has ended, goes at once", () => {
  const grace = (change: (spec: any) => void, phase: string, requested?: number): number =>
    Pod.graceSeconds!({ ...pod(change), status: { phase } }, requested);
  const placed = (s: any): void => {
    s.nodeName = "n";
  };
  assert.equal(
    grace(() => {}, "Pending"),
    0,
  );
  assert.equal(grace(placed, "Running"), 30);
  assert.equal(grace(placed, "Running", 5), 5);
  assert.equal(grace(placed, "Running", 0), 0);
  assert.equal(grace(placed, "Running", -1), 1);
  assert.equal(grace(placed, "Succeeded"), 0);
});
