import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pod, PodTemplateSpec } from "../../types.ts";
import { defaultPod, defaultPodTemplate, pullPolicyOf } from "./defaults.ts";

const spec = (): any => ({
  hostNetwork: true,
  hostPID: false,
  serviceAccount: "builder",
  tolerations: [],
  initContainers: [{ name: "init", image: "busybox:1.36" }],
  containers: [
    {
      name: "web",
      image: "nginx",
      args: [],
      stdin: false,
      ports: [{ containerPort: 80 }],
      env: [
        { name: "EMPTY", value: "" },
        { name: "IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
        { name: "CPU", valueFrom: { resourceFieldRef: { resource: "limits.cpu" } } },
      ],
      resources: { limits: { cpu: 0.5, memory: "1024Mi" }, requests: { cpu: "100m" } },
      readinessProbe: { httpGet: { port: 80 }, initialDelaySeconds: 0 },
      livenessProbe: { grpc: { port: 9 }, periodSeconds: 3 },
      lifecycle: { preStop: { httpGet: { port: "http", path: "/bye" } } },
    },
  ],
  volumes: [
    { name: "none" },
    { name: "cm", configMap: { name: "c" } },
    { name: "host", hostPath: { path: "/data" } },
    {
      name: "all",
      projected: {
        sources: [
          { serviceAccountToken: { path: "token" } },
          { downwardAPI: { items: [{ path: "ns", fieldRef: { fieldPath: "metadata.namespace" } }] } },
        ],
      },
    },
  ],
});

const filledTemplate = {
  restartPolicy: "Always",
  terminationGracePeriodSeconds: 30,
  dnsPolicy: "ClusterFirst",
  schedulerName: "default-scheduler",
  securityContext: {},
  hostNetwork: true,
  serviceAccount: "builder",
  serviceAccountName: "builder",
  initContainers: [
    {
      name: "init",
      image: "busybox:1.36",
      imagePullPolicy: "IfNotPresent",
      terminationMessagePath: "/dev/termination-log",
      terminationMessagePolicy: "File",
      resources: {},
    },
  ],
  containers: [
    {
      name: "web",
      image: "nginx",
      imagePullPolicy: "Always",
      terminationMessagePath: "/dev/termination-log",
      terminationMessagePolicy: "File",
      ports: [{ containerPort: 80, protocol: "TCP" }],
      env: [
        { name: "EMPTY" },
        { name: "IP", valueFrom: { fieldRef: { apiVersion: "v1", fieldPath: "status.podIP" } } },
        { name: "CPU", valueFrom: { resourceFieldRef: { resource: "limits.cpu", divisor: "0" } } },
      ],
      resources: { limits: { cpu: "500m", memory: "1Gi" }, requests: { cpu: "100m" } },
      readinessProbe: {
        httpGet: { path: "/", port: 80, scheme: "HTTP" },
        timeoutSeconds: 1,
        periodSeconds: 10,
        successThreshold: 1,
        failureThreshold: 3,
      },
      livenessProbe: {
        grpc: { port: 9, service: "" },
        timeoutSeconds: 1,
        periodSeconds: 3,
        successThreshold: 1,
        failureThreshold: 3,
      },
      lifecycle: { preStop: { httpGet: { path: "/bye", port: "http", scheme: "HTTP" } } },
    },
  ],
  volumes: [
    { name: "none", emptyDir: {} },
    { name: "cm", configMap: { name: "c", defaultMode: 420 } },
    { name: "host", hostPath: { path: "/data", type: "" } },
    {
      name: "all",
      projected: {
        defaultMode: 420,
        sources: [
          { serviceAccountToken: { path: "token", expirationSeconds: 3600 } },
          { downwardAPI: { items: [{ path: "ns", fieldRef: { apiVersion: "v1", fieldPath: "metadata.namespace" } }] } },
        ],
      },
    },
  ],
};

test("KUB-20, KUB-74: a template gets what every Pod of it would have, in one spelling", () => {
  const template: PodTemplateSpec = { spec: spec() };
  defaultPodTemplate(template);
  assert.deepEqual(template.spec, filledTemplate);
});

test("a Pod gets besides service links, host ports and requests as large as its limits", () => {
  const pod: Pod = { apiVersion: "v1", kind: "Pod", metadata: { name: "p" }, spec: spec() };
  defaultPod(pod);
  const web = {
    ...filledTemplate.containers[0],
    ports: [{ containerPort: 80, hostPort: 80, protocol: "TCP" }],
    resources: { limits: { cpu: "500m", memory: "1Gi" }, requests: { cpu: "100m", memory: "1Gi" } },
  };
  assert.deepEqual(pod.spec, { ...filledTemplate, containers: [web], enableServiceLinks: true });
});

test("KUB-4: an image is always pulled when its tag is latest, said or not", () => {
  const rows: [string, string][] = [
    ["nginx", "Always"],
    ["nginx:latest", "Always"],
    ["nginx:1.27", "IfNotPresent"],
    ["registry:5000/nginx", "Always"],
    ["registry:5000/nginx:1", "IfNotPresent"],
    ["nginx@sha256:0123", "IfNotPresent"],
    ["nginx:latest@sha256:0123", "IfNotPresent"],
    ["", "IfNotPresent"],
  ];
  for (const [image, policy] of rows) assert.equal(pullPolicyOf(image), policy, image);
});
