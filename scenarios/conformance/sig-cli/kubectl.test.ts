/** Stock kubectl against the API, as the official tests type it. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { needed } from "../../harness/engine.ts";
import { shell } from "../../harness/shell.ts";
import { until } from "../../harness/until.ts";
import { stage, template } from "../conformance.ts";

const scratch = mkdtempSync(join(tmpdir(), "windlass-conformance-"));
const sh = shell(scratch, {
  PATH: `${dirname(needed("WINDLASS_TEST_KUBECTL"))}:${process.env.PATH}`,
  HOME: scratch,
  KUBECONFIG: join(scratch, "kubeconfig"),
  TERM: "dumb",
});
const open = stage({ nodes: 1, pods: { log: "served" } }, ({ kubeconfig }) => {
  writeFileSync(join(scratch, "kubeconfig"), kubeconfig, { mode: 0o600 });
});
after(() => rmSync(scratch, { recursive: true, force: true }));

const manifest = (name: string, object: unknown): string => {
  writeFileSync(join(scratch, name), JSON.stringify(object));
  return name;
};
const controller = {
  apiVersion: "v1",
  kind: "ReplicationController",
  metadata: { name: "agnhost-primary", labels: { app: "agnhost", role: "primary" } },
  spec: {
    replicas: 1,
    selector: { app: "agnhost", role: "primary" },
    template: {
      ...template({ app: "agnhost", role: "primary" }),
      spec: { containers: [{ name: "agnhost-primary", image: "agnhost:2", ports: [{ name: "agnhost-server", containerPort: 6379 }] }] },
    },
  },
};

async function primary(): Promise<{ namespace: string; pod: string }> {
  const namespace = await open.namespace();
  await sh.run(`kubectl create -n ${namespace} -f -`, { input: JSON.stringify(controller) });
  const { items } = await open.wire.until(
    "the Pod runs",
    `/api/v1/namespaces/${namespace}/pods`,
    (list) => list.items[0]?.status.phase === "Running",
  );
  return { namespace, pod: items[0].metadata.name };
}

test("Kubectl client Kubectl api-versions should check if v1 is in available api versions", async () => {
  assert.ok((await sh.run("kubectl api-versions")).split("\n").includes("v1"));
});

test("Kubectl client Kubectl cluster-info should check if Kubernetes control plane services is included in cluster-info", async () => {
  const bare = (await sh.run("kubectl cluster-info")).replaceAll(/\u001b\[[0-9;]*m/g, "");
  assert.match(bare, /Kubernetes control plane is running at https:/);
});

test("Kubectl client Kubectl version should check is all data is printed", async () => {
  const text = await sh.run("kubectl version");
  for (const line of [/Client Version: v\d/, /Server Version: v\d/]) assert.match(text, line);
  assert.doesNotMatch((await sh.attempt("kubectl version")).stderr, /WARNING/);
});

test("Kubectl client Kubectl describe should check if kubectl describe prints relevant information for rc and pods", async () => {
  const { namespace, pod } = await primary();
  await sh.run(
    `kubectl create -n ${namespace} -f ${manifest("service.json", { apiVersion: "v1", kind: "Service", metadata: { name: "agnhost-primary", labels: { app: "agnhost", role: "primary" } }, spec: { ports: [{ port: 6379, targetPort: "agnhost-server" }], selector: { app: "agnhost", role: "primary" } } })}`,
  );
  const lines = async (command: string, wanted: readonly RegExp[]): Promise<void> => {
    const text = await sh.run(`kubectl describe ${command}`);
    for (const each of wanted) assert.match(text, each, command);
  };
  await lines(`-n ${namespace} pod ${pod}`, [
    /Name:\s+agnhost-primary-/,
    new RegExp(`Namespace:\\s+${namespace}`),
    /Node:/,
    /Labels:\s+app=agnhost/,
    /role=primary/,
    /Annotations:/,
    /Status:\s+Running/,
    /IP:/,
    /Controlled By:\s+ReplicationController\/agnhost-primary/,
    /Image:/,
    /State:\s+Running/,
    /QoS Class:\s+BestEffort/,
  ]);
  await lines(`-n ${namespace} rc agnhost-primary`, [
    /Name:\s+agnhost-primary/,
    /Labels:\s+app=agnhost/,
    /Selector:\s+app=agnhost,role=primary/,
    /Replicas:\s+1 current \/ 1 desired/,
    /Pods Status:\s+1 Running \/ 0 Waiting \/ 0 Succeeded \/ 0 Failed/,
    /Pod Template:/,
    /Image:/,
    /Events:[\s\S]*SuccessfulCreate/,
  ]);
  await lines(`-n ${namespace} service agnhost-primary`, [
    /Name:\s+agnhost-primary/,
    /Type:\s+ClusterIP/,
    /IP:\s+\d/,
    /Port:\s+<unset>\s+6379\/TCP/,
    /Endpoints:\s+\d/,
    /Session Affinity:\s+None/,
  ]);
  await lines("node node-1", [
    /Name:\s+node-1/,
    /Labels:/,
    /Annotations:/,
    /CreationTimestamp:/,
    /Conditions:/,
    /Type/,
    /MemoryPressure/,
    /DiskPressure/,
    /PIDPressure/,
    /Ready/,
    /Addresses:/,
    /Capacity:/,
    /Version:/,
    /Kubelet Version:/,
    /Pods:/,
  ]);
  await lines(`namespace ${namespace}`, [/Name:/, new RegExp(namespace), /Labels:/, /Annotations:/, /Status:\s+Active/]);
});

test("Kubectl client Kubectl diff should check if kubectl diff finds a difference for Deployments", async () => {
  const namespace = await open.namespace();
  const deployment = (image: string) => ({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "httpd-deployment" },
    spec: { replicas: 1, selector: { matchLabels: { app: "httpd" } }, template: template({ app: "httpd" }, image) },
  });
  await sh.run(`kubectl create -n ${namespace} -f ${manifest("before.json", deployment("httpd:1"))}`);
  const { code, stdout } = await sh.attempt(`kubectl diff -n ${namespace} -f ${manifest("after.json", deployment("busybox:1"))}`);
  assert.equal(code, 1);
  assert.match(stdout, /-\s+(- )?image: httpd:1/);
  assert.match(stdout, /\+\s+(- )?image: busybox:1/);
});

test("Kubectl client Kubectl expose should create services for rc", async () => {
  const { namespace } = await primary();
  const check = async (name: string, port: number): Promise<void> => {
    const service = await open.wire.get(`/api/v1/namespaces/${namespace}/services/${name}`);
    assert.deepEqual([service.spec.ports[0].port, service.spec.ports[0].targetPort], [port, 6379]);
    await open.wire.until(
      "the Pod stands behind it",
      `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices?labelSelector=kubernetes.io%2Fservice-name%3D${name}`,
      ({ items }) => items[0]?.endpoints?.length === 1 && items[0].ports[0].port === 6379,
    );
  };
  await sh.run(`kubectl expose -n ${namespace} rc agnhost-primary --name=rm2 --port=1234 --target-port=6379`);
  await check("rm2", 1234);
  await sh.run(`kubectl expose -n ${namespace} service rm2 --name=rm3 --port=2345 --target-port=6379`);
  await check("rm3", 2345);
});

test("Kubectl client Kubectl label should update the label on a resource", async () => {
  const { namespace, pod } = await primary();
  await sh.run(`kubectl label -n ${namespace} pods ${pod} testing-label=testing-label-value`);
  assert.match(await sh.run(`kubectl get -n ${namespace} pod ${pod} -L testing-label`), /testing-label-value/);
  await sh.run(`kubectl label -n ${namespace} pods ${pod} testing-label-`);
  assert.doesNotMatch(await sh.run(`kubectl get -n ${namespace} pod ${pod} -L testing-label`), /testing-label-value/);
});

test("Kubectl client Kubectl patch should add annotations for pods in rc", async () => {
  const { namespace, pod } = await primary();
  await sh.run(`kubectl patch -n ${namespace} pod ${pod} -p '{"metadata":{"annotations":{"x":"y"}}}'`);
  assert.equal((await open.wire.get(`/api/v1/namespaces/${namespace}/pods/${pod}`)).metadata.annotations.x, "y");
});

test("Kubectl client Kubectl run pod should create a pod from an image when restart is Never", async () => {
  const namespace = await open.namespace();
  await sh.run(`kubectl run -n ${namespace} e2e-test-httpd-pod --restart=Never --image=httpd:1`);
  const { spec } = await open.wire.get(`/api/v1/namespaces/${namespace}/pods/e2e-test-httpd-pod`);
  assert.deepEqual([spec.containers[0].image, spec.restartPolicy], ["httpd:1", "Never"]);
});

test("Kubectl client Kubectl replace should update a single-container pod's image", async () => {
  const namespace = await open.namespace();
  await sh.run(`kubectl run -n ${namespace} e2e-test-httpd-pod --image=httpd:1 --labels=run=e2e-test-httpd-pod`);
  await open.wire.until("it runs", `/api/v1/namespaces/${namespace}/pods/e2e-test-httpd-pod`, ({ status }) => status.phase === "Running");
  const json = (await sh.run(`kubectl get -n ${namespace} pod e2e-test-httpd-pod -o json`)).replace(
    '"image": "httpd:1"',
    '"image": "busybox:1"',
  );
  await sh.run(`kubectl replace -n ${namespace} -f -`, { input: json });
  assert.equal((await open.wire.get(`/api/v1/namespaces/${namespace}/pods/e2e-test-httpd-pod`)).spec.containers[0].image, "busybox:1");
});

test("Kubectl client Kubectl server-side dry-run should check if kubectl can dry-run update Pods", async () => {
  const namespace = await open.namespace();
  await sh.run(`kubectl run -n ${namespace} dry --image=httpd:1`);
  await sh.run(`kubectl patch -n ${namespace} pod dry -p '{"spec":{"containers":[{"name":"dry","image":"busybox:1"}]}}' --dry-run=server`);
  assert.equal((await open.wire.get(`/api/v1/namespaces/${namespace}/pods/dry`)).spec.containers[0].image, "httpd:1");
});

test("Kubectl client Proxy server should support proxy with --port 0 and --unix-socket=/path", async () => {
  const onPort = sh.start("kubectl proxy -p 0 --disable-filter");
  const onSocket = sh.start("kubectl proxy --unix-socket=./proxy.sock");
  try {
    const port = await until("it says where", () => /Starting to serve on 127\.0\.0\.1:(\d+)/.exec(onPort.output())?.[1]);
    const versions: any = await (await fetch(`http://127.0.0.1:${port}/api/`)).json();
    assert.deepEqual(versions.versions, ["v1"]);
    await until("it says where", () => /Starting to serve on/.test(onSocket.output()));
    assert.match(await sh.run("curl -s --unix-socket ./proxy.sock http://localhost/api/"), /"versions"/);
  } finally {
    await onPort.end();
    await onSocket.end();
  }
});

test("Kubectl logs logs should be able to retrieve and filter logs", async () => {
  const { namespace, pod } = await primary();
  const lines = (await sh.run(`kubectl logs -n ${namespace} ${pod} agnhost-primary`)).split("\n");
  assert.ok(lines.length >= 1);
  assert.equal((await sh.run(`kubectl logs -n ${namespace} ${pod} --tail=1`)).split("\n").length, 1);
  assert.equal((await sh.run(`kubectl logs -n ${namespace} ${pod} --limit-bytes=1`)).length, 1);
  assert.match(await sh.run(`kubectl logs -n ${namespace} ${pod} --tail=1 --timestamps`), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/);
});

test("kubectl explain tells every field of every served kind", async () => {
  assert.ok((await sh.run("kubectl api-resources --no-headers -o wide")).split("\n").length > 45);
  const headers = { accept: "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList" };
  const { items } = await open.wire.get("/apis", { headers });
  const { items: core } = await open.wire.get("/api", { headers });
  const commands: string[] = [];
  for (const { metadata, versions } of [...core, ...items]) {
    for (const { version, resources } of versions) {
      for (const { resource } of resources) {
        const group = metadata?.name ? `${metadata.name}/` : "";
        commands.push(`kubectl explain ${resource} --api-version=${group}${version} --recursive`);
      }
    }
  }
  const script = commands.map(
    (command) =>
      `${command} > out.txt 2> err.txt || { echo "FAILED ${command}"; cat err.txt; }; grep -q FIELDS out.txt || echo "NO FIELDS ${command}"`,
  );
  const told = await sh.run(script.join("\n"), { patienceMs: 120_000 });
  assert.equal(told, "");
});

test("kubectl get --raw serves what the API has beside objects", async () => {
  for (const path of [
    "/version",
    "/healthz",
    "/readyz",
    "/livez",
    "/openapi/v2",
    "/openapi/v3",
    "/openapi/v3/apis/apps/v1",
    "/apis",
    "/api/v1",
    "/metrics",
  ]) {
    assert.ok((await sh.run(`kubectl get --raw ${path} | head -c 2000`)).length > 1, path);
  }
  for (const odd of [
    "?watch=1&timeoutSeconds=1",
    "?watch=true&timeoutSeconds=1&resourceVersion=0&allowWatchBookmarks=true",
    "?watch=0&limit=1",
    "?pretty=true",
  ]) {
    const { code, stderr } = await sh.attempt(`kubectl get --raw '/api/v1/namespaces${odd}'`);
    assert.equal(code, 0, `${odd}: ${stderr}`);
  }
});
