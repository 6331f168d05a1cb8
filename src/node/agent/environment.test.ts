import assert from "node:assert/strict";
import { test } from "node:test";
import type { ConfigMap, Container, Pod, Secret, Service } from "../../api/types.ts";
import { containerEnvironment } from "./environment.ts";
import { expand } from "./expansion.ts";
import { serviceEnvironment } from "./service-environment.ts";

test("references expand, escapes stay single, unknown ones stay as written (KUB-75)", () => {
  const lookup = (name: string): string | undefined => ({ A: "1", B: "two" })[name];
  const rows: [string, string][] = [
    ["$(A)", "1"],
    ["x$(A)y$(B)z", "x1ytwoz"],
    ["$$(A)", "$(A)"],
    ["$(NOPE)", "$(NOPE)"],
    ["$(A", "$(A"],
    ["$A ${A} $", "$A ${A} $"],
    ["$$$(A)", "$1"],
    ["", ""],
  ];
  for (const [text, expected] of rows) assert.equal(expand(text, lookup), expected, text);
});

const service = (name: string, namespace: string, spec: Service["spec"]): Service => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name, namespace },
  ...(spec && { spec }),
});
const services = [
  service("kubernetes", "default", { clusterIP: "10.96.0.1", ports: [{ name: "https", port: 443, protocol: "TCP" }] }),
  service("my-db", "shop", { clusterIP: "10.96.0.7", ports: [{ port: 5432 }, { name: "metrics", port: 9090, protocol: "UDP" }] }),
  service("headless", "shop", { clusterIP: "None", ports: [{ port: 80 }] }),
  service("other", "elsewhere", { clusterIP: "10.96.0.8", ports: [{ port: 80 }] }),
];

test("Services of the namespace and the API's own become variables (KUB-76)", () => {
  const variables = Object.fromEntries(serviceEnvironment("shop", services, true));
  assert.deepEqual(variables, {
    KUBERNETES_SERVICE_HOST: "10.96.0.1",
    KUBERNETES_SERVICE_PORT: "443",
    KUBERNETES_SERVICE_PORT_HTTPS: "443",
    KUBERNETES_PORT: "tcp://10.96.0.1:443",
    KUBERNETES_PORT_443_TCP: "tcp://10.96.0.1:443",
    KUBERNETES_PORT_443_TCP_PROTO: "tcp",
    KUBERNETES_PORT_443_TCP_PORT: "443",
    KUBERNETES_PORT_443_TCP_ADDR: "10.96.0.1",
    MY_DB_SERVICE_HOST: "10.96.0.7",
    MY_DB_SERVICE_PORT: "5432",
    MY_DB_SERVICE_PORT_METRICS: "9090",
    MY_DB_PORT: "tcp://10.96.0.7:5432",
    MY_DB_PORT_5432_TCP: "tcp://10.96.0.7:5432",
    MY_DB_PORT_5432_TCP_PROTO: "tcp",
    MY_DB_PORT_5432_TCP_PORT: "5432",
    MY_DB_PORT_5432_TCP_ADDR: "10.96.0.7",
    MY_DB_PORT_9090_UDP: "udp://10.96.0.7:9090",
    MY_DB_PORT_9090_UDP_PROTO: "udp",
    MY_DB_PORT_9090_UDP_PORT: "9090",
    MY_DB_PORT_9090_UDP_ADDR: "10.96.0.7",
  });
  assert.ok(serviceEnvironment("shop", services, false).every(([name]) => name.startsWith("KUBERNETES_")));
});

const pod: Pod = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "web-1", namespace: "shop", uid: "u-1", labels: { app: "web", tier: 'a"b' }, annotations: { note: "x" } },
  spec: { containers: [], nodeName: "node-1", serviceAccountName: "default" },
};
const configMap = (name: string, data: Record<string, string>): ConfigMap => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name },
  data,
});
const source = {
  configMap: async (_namespace: string, name: string) => (name === "conf" ? configMap("conf", { COLOR: "blue", SIZE: "l" }) : undefined),
  secret: async (_namespace: string, name: string): Promise<Secret | undefined> =>
    name === "cred"
      ? { apiVersion: "v1", kind: "Secret", metadata: { name }, data: { PASSWORD: btoa("s3cret"), COLOR: btoa("red") } }
      : undefined,
};
const environmentOf = async (container: Partial<Container>) =>
  Object.fromEntries(
    await containerEnvironment({
      pod,
      container: { name: "app", ...container },
      services: [["MY_DB_SERVICE_HOST", "10.96.0.7"]],
      source,
      addresses: { podIp: "10.244.0.2", hostIp: "192.0.2.1", allocatable: { cpu: "4", memory: "8Gi" } },
    }),
  );

test("later sources win, env wins over envFrom, prefixes apply, Services come last (KUB-75)", async () => {
  assert.deepEqual(
    await environmentOf({
      envFrom: [{ configMapRef: { name: "conf" } }, { secretRef: { name: "cred" } }, { prefix: "C_", configMapRef: { name: "conf" } }],
      env: [
        { name: "SIZE", value: "xl" },
        { name: "URL", value: "http://$(MY_DB_SERVICE_HOST)/$(SIZE)$(UNKNOWN)" },
      ],
    }),
    {
      COLOR: "red",
      SIZE: "xl",
      PASSWORD: "s3cret",
      C_COLOR: "blue",
      C_SIZE: "l",
      URL: "http://10.96.0.7/xl$(UNKNOWN)",
      MY_DB_SERVICE_HOST: "10.96.0.7",
    },
  );
});

test("fields and resources of the Pod", async () => {
  const field = (name: string, fieldPath: string) => ({ name, valueFrom: { fieldRef: { fieldPath } } });
  const resource = (name: string, resourceName: string, divisor?: string) => ({
    name,
    valueFrom: { resourceFieldRef: { resource: resourceName, ...(divisor !== undefined && { divisor }) } },
  });
  const { MY_DB_SERVICE_HOST: _service, ...environment } = await environmentOf({
    resources: { requests: { cpu: "250m", memory: "64Mi" }, limits: { memory: "128Mi" } },
    env: [
      field("NAME", "metadata.name"),
      field("LABEL", "metadata.labels['app']"),
      field("LABELS", "metadata.labels"),
      field("NODE", "spec.nodeName"),
      field("IP", "status.podIP"),
      field("HOST", "status.hostIP"),
      resource("CPU", "requests.cpu"),
      resource("CPU_MILLI", "requests.cpu", "1m"),
      resource("MEMORY", "limits.memory", "1Mi"),
      resource("CPU_LIMIT", "limits.cpu"),
    ],
  });
  assert.deepEqual(environment, {
    NAME: "web-1",
    LABEL: "web",
    LABELS: 'app="web"\ntier="a\\"b"',
    NODE: "node-1",
    IP: "10.244.0.2",
    HOST: "192.0.2.1",
    CPU: "1",
    CPU_MILLI: "250",
    MEMORY: "128",
    CPU_LIMIT: "4",
  });
});

test("what is missing is named, unless it is optional (KUB-70)", async () => {
  const reference = (optional?: boolean) => ({
    name: "X",
    valueFrom: { configMapKeyRef: { name: "gone", key: "k", ...(optional !== undefined && { optional }) } },
  });
  await assert.rejects(environmentOf({ env: [reference()] }), { message: 'configmap "gone" not found' });
  await assert.rejects(environmentOf({ envFrom: [{ secretRef: { name: "gone" } }] }), { message: 'secret "gone" not found' });
  await assert.rejects(environmentOf({ env: [{ name: "X", valueFrom: { configMapKeyRef: { name: "conf", key: "nope" } } }] }), {
    message: "couldn't find key nope in ConfigMap shop/conf",
  });
  await assert.rejects(environmentOf({ env: [{ name: "X", valueFrom: { secretKeyRef: { name: "cred", key: "nope" } } }] }), {
    message: "couldn't find key nope in Secret shop/cred",
  });
  assert.deepEqual(await environmentOf({ env: [reference(true)], envFrom: [{ configMapRef: { name: "gone", optional: true } }] }), {
    MY_DB_SERVICE_HOST: "10.96.0.7",
  });
});
