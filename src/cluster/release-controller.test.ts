// `windlass controller` against a cluster that knows nothing of it, with the rights of its manifest and no others.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { isForbidden } from "../api/errors.ts";
import { ConfigMap } from "../api/kinds/config-map/index.ts";
import { Deployment } from "../api/kinds/deployment/index.ts";
import { Event } from "../api/kinds/event/index.ts";
import { Lease } from "../api/kinds/lease/index.ts";
import { Secret } from "../api/kinds/secret/index.ts";
import { ServiceAccount } from "../api/kinds/service-account/index.ts";
import { StatefulSet } from "../api/kinds/stateful-set/index.ts";
import { kinds } from "../api/registry.ts";
import type { AnyObject } from "../api/meta/object.ts";
import { type Log, silentLog } from "../base/log.ts";
import { systemClock, systemRandom } from "../base/system-world.node.ts";
import type { Client } from "../client/client.ts";
import { httpClient } from "../client/http-client.node.ts";
import { httpTransport } from "../client/http-transport.node.ts";
import { controllerManifest, controllerNamespace, leaseName, recordUserPath, webhookPath } from "../release/controller/manifest.ts";
import { openMemoryStore } from "../store/memory-store.ts";
import { type Engine, startEngine } from "./engine.node.ts";
import { releaseController } from "./release-controller.node.ts";
import { startSimulatedNode } from "./simulated-nodes.ts";

const world = { clock: systemClock, random: systemRandom, log: silentLog };
const namespace = "default";
const key = { namespace, name: "web" };
let folder: string;
let engine: Engine;
let admin: Client;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "windlass-controller-"));
  engine = await startEngine({ world, store: openMemoryStore(), pkiDirectory: folder, releases: false });
  const node = await startSimulatedNode(engine.plane, world, {
    name: "node-1",
    index: 0,
    imageFails: (reference) => reference.includes("broken"),
  });
  engine.agents.set("node-1", node);
  admin = engine.plane.client;
  const served = new Set(kinds.map(({ kind }) => kind));
  const manifest = controllerManifest({ namespace: controllerNamespace, image: "windlass:test", webhook: true, matchConditions: true });
  // The controller itself runs here; the webhook's configuration is a kind that this engine does not serve.
  for (const object of manifest.filter(({ kind }) => served.has(kind) && kind !== "Deployment")) {
    const kind = kinds.find((one) => one.kind === object.kind)!;
    await admin.create(kind, object);
  }
});

after(async () => {
  await engine.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** A client with the controller's token, which notes whatever it was not allowed to do. */
async function controllerClient(): Promise<{ client: Client; forbidden: string[]; close(): void }> {
  const account = { namespace: controllerNamespace, name: "windlass-controller" };
  const request = {
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenRequest",
    metadata: {},
    spec: { audiences: [], expirationSeconds: 3600 },
  };
  const { status } = await admin.createSubresource(ServiceAccount, account, "token", request);
  const access = { server: `https://127.0.0.1:${engine.server.port}`, certificateAuthority: engine.pki.ca, token: status.token };
  const transport = httpTransport({ access, clock: systemClock, userAgent: "windlass-controller/test" });
  const forbidden: string[] = [];
  const note = (error: unknown): void => {
    // The webhook's configuration is not served here, and what is not served is not found.
    if (isForbidden(error)) forbidden.push((error as Error).message);
  };
  const inner = httpClient({ transport, fieldManager: "windlass" });
  const client = new Proxy(inner, {
    get(target, name: keyof Client) {
      if (name === "watch") {
        return ((kind, options, handler) =>
          target.watch(kind, options, {
            event: (event) => handler.event(event),
            end(error) {
              note(error);
              handler.end(error);
            },
          })) as Client["watch"];
      }
      return (...args: never[]) =>
        (target[name] as (...all: never[]) => Promise<unknown>)(...args).catch((error: unknown) => {
          note(error);
          throw error;
        });
    },
  });
  return { client, forbidden, close: () => transport.close() };
}

async function until<T>(what: string, look: () => Promise<T | undefined | false>): Promise<T> {
  const endMs = systemClock.now() + 30_000;
  for (;;) {
    const found = await look().catch(() => undefined);
    if (found) return found;
    if (systemClock.now() > endMs) throw new Error(`not within 30 s: ${what}`);
    await new Promise<void>((resolve) => systemClock.setTimer(10, resolve));
  }
}

const complete = (image: string) => async () => {
  const { spec, status, metadata } = await admin.get(Deployment, key);
  const isDone =
    status?.observedGeneration === metadata.generation &&
    status?.updatedReplicas === 2 &&
    status.availableReplicas === 2 &&
    status.replicas === 2;
  return isDone && spec?.template.spec?.containers[0]?.image === image;
};

const deployment = (image: string): AnyObject => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: {
    ...key,
    annotations: {
      "windlass.dev/auto-rollback": "on-certain-failure",
      "windlass.dev/config-revisions": "true",
      "windlass.dev/proven-after-seconds": "0",
    },
  },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: "web" } },
    template: {
      metadata: { labels: { app: "web" } },
      spec: {
        terminationGracePeriodSeconds: 0,
        containers: [{ name: "app", image, envFrom: [{ configMapRef: { name: "shop" } }, { secretRef: { name: "keys" } }] }],
      },
    },
  },
});

test("it records, rolls back and follows configuration with the rights of its manifest, and lets go of its lease", async () => {
  const { client, forbidden, close } = await controllerClient();
  const interrupt = new AbortController();
  const running = releaseController({
    client,
    interrupted: interrupt.signal as never,
    controllerNamespace,
    leaderElection: true,
    healthAddress: "127.0.0.1:0",
    world,
  });
  await admin.create(ConfigMap, { apiVersion: "v1", kind: "ConfigMap", metadata: { namespace, name: "shop" }, data: { COLOR: "green" } });
  await admin.create(Secret, { apiVersion: "v1", kind: "Secret", metadata: { namespace, name: "keys" }, data: { key: "c2VjcmV0" } });
  await admin.create<any>(Deployment, deployment("web:1"));
  const color = async (): Promise<string | undefined> => {
    const name = (await admin.get(Deployment, key)).spec?.template.spec?.containers[0]?.envFrom?.[0]?.configMapRef?.name as string;
    return name === "shop" ? undefined : (await admin.get(ConfigMap, { namespace, name })).data?.COLOR;
  };
  await until("the configuration is pinned", async () => (await color()) === "green");
  await until("the first release is complete", complete("web:1"));
  await admin.patch(ConfigMap, { namespace, name: "shop" }, "merge", { data: { COLOR: "blue" } });
  await until("the new configuration is rolled out", async () => (await color()) === "blue");
  await until("the release of the new configuration is complete", complete("web:1"));
  await until("it is proven", async () => {
    const { data } = await admin.get(ConfigMap, { namespace, name: "web.deployment.releases" });
    return data?.releases?.trimEnd().split("\n").at(-2)?.includes('"proven"');
  });
  await admin.patch(Deployment, key, "strategic", { spec: { template: { spec: { containers: [{ name: "app", image: "broken:2" }] } } } });
  await until("it is rolled back", async () =>
    (await admin.list(Event, { namespace })).items.find(({ reason }) => reason === "RolledBack"),
  );
  await until("what was proven is complete again", complete("web:1"));
  assert.equal(await color(), "blue");

  const set = deployment("web:1");
  set.kind = "StatefulSet";
  set.spec.serviceName = "db";
  set.metadata.name = "db";
  await admin.create<any>(StatefulSet, set);
  const db = { namespace, name: "db" };
  await until("the set's first release is proven", async () => {
    const { data } = await admin.get(ConfigMap, { namespace, name: "db.statefulset.releases" });
    return data?.releases?.includes('"proven"');
  });
  await admin.patch(StatefulSet, db, "strategic", { spec: { template: { spec: { containers: [{ name: "app", image: "broken:2" }] } } } });
  await until("its broken Pod is freed", async () =>
    (await admin.list(Event, { namespace })).items.find(({ reason }) => reason === "FreedBlockedPod"),
  );
  await until("the set is whole again", async () => (await admin.get(StatefulSet, db)).status?.readyReplicas === 2);
  const lease = { namespace: controllerNamespace, name: leaseName };
  assert.notEqual((await admin.get(Lease, lease)).spec?.holderIdentity, "");
  interrupt.abort();
  assert.equal(await running, 0);
  assert.equal((await admin.get(Lease, lease)).spec?.holderIdentity, "");
  assert.deepEqual(forbidden, []);
  close();
});

test("the webhooks answer over TLS with their own certificate: copies for names, nothing for who does not ask, and the user", async () => {
  const { client, forbidden, close } = await controllerClient();
  const interrupt = new AbortController();
  let port = 0;
  const log: Log = {
    ...silentLog,
    info: (message, fields) => {
      if (message === "serves the webhook") port = fields?.port as number;
    },
  };
  const running = releaseController({
    client,
    interrupted: interrupt.signal as never,
    controllerNamespace,
    leaderElection: true,
    webhook: { address: "127.0.0.1:0" },
    world: { ...world, log },
  });
  await until("it listens", async () => port > 0);
  const certificate = await until("the certificate is made", () =>
    admin.get(Secret, { namespace: controllerNamespace, name: "windlass-webhook" }),
  );
  const ca = Buffer.from(certificate.data?.["ca.crt"] as string, "base64").toString();
  const userInfo = { username: "jane" };
  const review = (object: AnyObject, { dryRun = false, path = webhookPath } = {}): Promise<any> =>
    new Promise((resolve, reject) => {
      const call = request(
        { host: "127.0.0.1", port, path, method: "POST", ca, servername: `windlass-controller.${controllerNamespace}.svc` },
        (response) => {
          let text = "";
          response.on("data", (chunk) => (text += chunk));
          response.on("end", () =>
            response.statusCode === 200 ? resolve(JSON.parse(text)) : reject(new Error(`${response.statusCode} ${text}`)),
          );
        },
      );
      call.on("error", reject);
      call.end(
        JSON.stringify({
          apiVersion: "admission.k8s.io/v1",
          kind: "AdmissionReview",
          request: { uid: "7", namespace, userInfo, object, dryRun },
        }),
      );
    });
  const object = deployment("web:1");
  object.metadata.name = "other";
  await admin
    .create(ConfigMap, { apiVersion: "v1", kind: "ConfigMap", metadata: { namespace, name: "shop" }, data: { COLOR: "red ✓" } })
    .catch(() => admin.patch(ConfigMap, { namespace, name: "shop" }, "merge", { data: { COLOR: "red ✓" } }));
  const answer = await until("the webhook answers", () => review(object));
  assert.equal(answer.response.uid, "7");
  assert.equal(answer.response.allowed, true);
  const patch = JSON.parse(Buffer.from(answer.response.patch, "base64").toString());
  const template = patch.find(({ path }: { path: string }) => path === "/spec/template").value;
  const name = template.spec.containers[0].envFrom[0].configMapRef.name;
  assert.match(name, /^shop-/);
  assert.equal((await admin.get(ConfigMap, { namespace, name })).data?.COLOR, "red ✓");
  const plain = deployment("web:1");
  delete plain.metadata.annotations;
  assert.deepEqual((await review(plain)).response, { uid: "7", allowed: true });
  const named = (await review(plain, { path: recordUserPath })).response;
  assert.deepEqual(JSON.parse(Buffer.from(named.patch, "base64").toString()), [
    { op: "add", path: "/metadata/annotations", value: { "windlass.dev/changed-by": "jane" } },
  ]);
  await assert.rejects(review(plain, { path: "/elsewhere" }), /^Error: 404/);
  await assert.rejects(
    review(undefined as never).then(({ response }) => assert.equal(response.allowed, false)),
    /false/,
  );
  interrupt.abort();
  assert.equal(await running, 0);
  assert.deepEqual(forbidden, []);
  close();
});
