/** The official client for Node against real containers: objects, watches, informers and streams. */
import assert from "node:assert/strict";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import * as k8s from "@kubernetes/client-node";
import { startEngine } from "../harness/engine.ts";
import { until } from "../harness/until.ts";

const namespace = "default";

test("@kubernetes/client-node", async (t) => {
  const engine = await startEngine(t);
  const config = new k8s.KubeConfig();
  config.loadFromFile(engine.kubeconfig);
  const core = config.makeApiClient(k8s.CoreV1Api);
  const apps = config.makeApiClient(k8s.AppsV1Api);
  const labels = { app: "web" };
  const ready = () =>
    until("two Pods are ready", async () => {
      const { items } = await core.listNamespacedPod({ namespace, labelSelector: "app=web" });
      const live = items.filter(({ metadata }) => !metadata?.deletionTimestamp);
      return live.length === 2 && live.every(({ status }) => status?.containerStatuses?.[0]?.ready) && live;
    });

  await t.test("an informer and a watch see a Deployment come to life", async () => {
    const seen: string[] = [];
    const informer = k8s.makeInformer(config, `/api/v1/namespaces/${namespace}/pods`, () => core.listNamespacedPod({ namespace }));
    informer.on("add", (pod) => seen.push(`add ${pod.metadata?.labels?.app}`));
    informer.on("update", (pod) => seen.push(`update ${pod.status?.phase}`));
    informer.on("delete", () => seen.push("delete"));
    await informer.start();
    const events: string[] = [];
    const watch = new k8s.Watch(config);
    const watching = await watch.watch(
      `/apis/apps/v1/namespaces/${namespace}/deployments`,
      {},
      (type, object) => events.push(`${type} ${object.metadata.name} ${object.status.availableReplicas ?? 0}`),
      () => {},
    );
    await apps.createNamespacedDeployment({
      namespace,
      body: {
        metadata: { name: "web" },
        spec: {
          replicas: 2,
          selector: { matchLabels: labels },
          template: {
            metadata: { labels },
            spec: { terminationGracePeriodSeconds: 1, containers: [{ name: "web", image: "kiamol/ch09-vweb:v1" }] },
          },
        },
      },
    });
    await ready();
    await until("the watch has seen both available", () => events.includes("MODIFIED web 2"));
    assert.equal(events[0], "ADDED web 0");
    assert.equal(seen.filter((line) => line === "add web").length, 2);
    await until("the informer has seen them run", () => seen.includes("update Running"));
    watching.abort();
    await informer.stop();
  });

  await t.test("patches of three types and a server-side apply", async () => {
    const body = { spec: { template: { spec: { containers: [{ name: "web", image: "kiamol/ch09-vweb:v2" }] } } } };
    const key = { namespace, name: "web" };
    await apps.patchNamespacedDeployment({ ...key, body }, k8s.setHeaderOptions("Content-Type", k8s.PatchStrategy.StrategicMergePatch));
    await apps.patchNamespacedDeployment(
      { ...key, body: { metadata: { annotations: { note: "merged" } } } },
      k8s.setHeaderOptions("Content-Type", k8s.PatchStrategy.MergePatch),
    );
    await apps.patchNamespacedDeployment({ ...key, body: [{ op: "add", path: "/spec/minReadySeconds", value: 1 }] });
    const applied = await apps.patchNamespacedDeployment(
      {
        ...key,
        fieldManager: "mine",
        force: true,
        body: { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "web", labels: { applied: "yes" } } },
      },
      k8s.setHeaderOptions("Content-Type", k8s.PatchStrategy.ServerSideApply),
    );
    assert.equal(applied.metadata?.labels?.applied, "yes");
    assert.equal(applied.metadata?.annotations?.note, "merged");
    assert.equal(applied.spec?.template.spec?.containers[0]?.image, "kiamol/ch09-vweb:v2");
    await until("v2 runs alone", async () => (await ready()).every(({ spec }) => spec?.containers[0]?.image === "kiamol/ch09-vweb:v2"));
  });

  await t.test("a conflict and what is not there are errors with their codes", async () => {
    const code = (promise: Promise<unknown>): Promise<number> =>
      promise.then(
        () => 0,
        (error: k8s.ApiException<unknown>) => error.code,
      );
    assert.equal(await code(core.readNamespacedPod({ namespace, name: "nobody" })), 404);
    const service = await core.readNamespacedService({ namespace, name: "kubernetes" });
    const stale = { ...service, metadata: { ...service.metadata, resourceVersion: "1" } };
    assert.equal(await code(core.replaceNamespacedService({ namespace, name: "kubernetes", body: stale })), 409);
  });

  await t.test("exec, attach, log and port-forward stream", async () => {
    const [pod] = await ready();
    const name = pod?.metadata?.name as string;
    const out = new PassThrough();
    let text = "";
    out.on("data", (chunk) => {
      text += chunk;
    });
    const status = await new Promise<k8s.V1Status>((resolve, reject) => {
      new k8s.Exec(config).exec(namespace, name, "web", ["sh", "-c", "echo inside; exit 4"], out, null, null, false, resolve).catch(reject);
    });
    assert.equal(status.status, "Failure");
    assert.deepEqual(status.details?.causes, [{ reason: "ExitCode", message: "4" }]);
    await until("its output has come", () => text === "inside\n");

    const log = new PassThrough();
    let lines = "";
    log.on("data", (chunk) => {
      lines += chunk;
    });
    await new k8s.Log(config).log(namespace, name, "web", log, { tailLines: 100 });
    await until("the log has come", () => lines.includes("start worker process"));

    const forward = new k8s.PortForward(config);
    const server = createServer((socket) => void forward.portForward(namespace, name, [80], socket, null, socket));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    assert.equal(await engine.run(`curl -s http://127.0.0.1:${(server.address() as AddressInfo).port}/v.txt`), "v2");
    server.close();
  });

  await t.test("a collection is deleted", async () => {
    await apps.deleteCollectionNamespacedDeployment({ namespace, labelSelector: "applied=yes" });
    await until("nothing is left", async () => (await core.listNamespacedPod({ namespace, labelSelector: "app=web" })).items.length === 0);
  });
});
