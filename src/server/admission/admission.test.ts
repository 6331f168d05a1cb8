import assert from "node:assert/strict";
import { test } from "node:test";
import type { AnyObject } from "../../api/meta/object.ts";
import { configMap, configMaps, context, inDefault, pod, pods, refusal, served, serviceAccounts, startApi } from "../core/fixture.suite.ts";
import type { AdmissionRule } from "./admission.ts";

const priorityClasses = served("scheduling.k8s.io", "priorityclasses");
const priorityClass = (name: string, value: number, extra: object = {}): AnyObject => ({
  apiVersion: "scheduling.k8s.io/v1",
  kind: "PriorityClass",
  metadata: { name },
  value,
  ...extra,
});

test("API-95: a Pod needs its service account", async () => {
  const { api } = await startApi();
  await api.delete(serviceAccounts, inDefault("default"), {}, context);
  await assert.rejects(
    api.create(pods, "default", pod("a"), context),
    refusal(403, 'pods "a" is forbidden: error looking up service account default/default: serviceaccount "default" not found'),
  );
});

test("KUB-77: a Pod gets the token volume of its account, unless one of both opts out", async () => {
  const { api } = await startApi();
  const account = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "puller" }, imagePullSecrets: [{ name: "registry" }] };
  await api.create(serviceAccounts, "default", account, context);
  const own = [{ name: "mine", mountPath: "/var/run/secrets/kubernetes.io/serviceaccount" }];
  const { spec } = (
    await api.create(
      pods,
      "default",
      pod("a", {
        serviceAccountName: "puller",
        volumes: [{ name: "mine", emptyDir: {} }],
        containers: [
          { name: "app", image: "web:v1" },
          { name: "own", image: "web:v1", volumeMounts: own },
        ],
      }),
      context,
    )
  ).object;
  const volume = spec.volumes[1];
  assert.match(volume.name, /^kube-api-access-[a-z0-9]{5}$/);
  assert.equal(volume.projected.sources[0].serviceAccountToken.expirationSeconds, 3607);
  assert.deepEqual(spec.containers[0].volumeMounts, [{ name: volume.name, readOnly: true, mountPath: own[0]?.mountPath }]);
  assert.deepEqual(spec.containers[1].volumeMounts, own);
  assert.deepEqual(spec.imagePullSecrets, [{ name: "registry" }]);
  assert.equal(spec.serviceAccount, "puller");
  const without = (await api.create(pods, "default", pod("b", { automountServiceAccountToken: false }), context)).object.spec;
  assert.equal(without.volumes, undefined);
  assert.equal(without.serviceAccountName, "default");
});

test("KUB-78: a Pod tolerates a node's trouble for five minutes, unless it says otherwise", async () => {
  const { api } = await startApi();
  const tolerations = async (name: string, spec: object) =>
    (await api.create(pods, "default", pod(name, spec), context)).object.spec.tolerations;
  const added = (key: string) => ({ key: `node.kubernetes.io/${key}`, operator: "Exists", effect: "NoExecute", tolerationSeconds: 300 });
  assert.deepEqual(await tolerations("a", {}), [added("not-ready"), added("unreachable")]);
  const mine = { key: "node.kubernetes.io/not-ready", operator: "Exists", effect: "NoExecute", tolerationSeconds: 5 };
  assert.deepEqual(await tolerations("b", { tolerations: [mine] }), [mine, added("unreachable")]);
  assert.deepEqual(await tolerations("c", { tolerations: [{ operator: "Exists" }] }), [{ operator: "Exists" }]);
});

test("a Pod's priority is that of its class, of the default class, or none", async () => {
  const { api } = await startApi();
  const made = async (name: string, spec: object = {}) => (await api.create(pods, "default", pod(name, spec), context)).object.spec;
  assert.equal((await made("plain")).priority, 0);
  assert.equal((await made("critical", { priorityClassName: "system-node-critical" })).priority, 2_000_001_000);
  await api.create(priorityClasses, undefined, priorityClass("high", 1000, { preemptionPolicy: "Never" }), context);
  const high = await made("high", { priorityClassName: "high" });
  assert.deepEqual([high.priority, high.preemptionPolicy], [1000, "Never"]);
  await assert.rejects(
    made("x", { priorityClassName: "nope" }),
    refusal(403, 'pods "x" is forbidden: no PriorityClass with name nope was found'),
  );
  await assert.rejects(
    made("x", { priorityClassName: "high", priority: 5 }),
    refusal(403, /the integer value of priority \(5\) must not be provided in pod spec; priority admission controller computed 1000/),
  );
  await api.create(priorityClasses, undefined, priorityClass("usual", 10, { globalDefault: true }), context);
  const usual = await made("usual");
  assert.deepEqual([usual.priority, usual.priorityClassName], [10, "usual"]);
  await assert.rejects(
    api.create(priorityClasses, undefined, priorityClass("second", 20, { globalDefault: true }), context),
    refusal(403, /PriorityClass usual is already marked as default. Only one default can exist/),
  );
});

test("a claim without a class gets the default class, the youngest of several", async () => {
  const { api, clock } = await startApi();
  const classes = served("storage.k8s.io", "storageclasses");
  const claims = served("", "persistentvolumeclaims");
  const marked = (name: string) => ({
    apiVersion: "storage.k8s.io/v1",
    kind: "StorageClass",
    metadata: { name, annotations: { "storageclass.kubernetes.io/is-default-class": "true" } },
    provisioner: "example.com/disk",
  });
  const claim = (name: string, spec: object = {}) => ({
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { name },
    spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } }, ...spec },
  });
  const classOf = async (name: string, spec?: object) =>
    (await api.create(claims, "default", claim(name, spec), context)).object.spec.storageClassName;
  assert.equal(await classOf("none"), undefined);
  await api.create(classes, undefined, marked("old"), context);
  await clock.advance(5000);
  await api.create(classes, undefined, marked("young"), context);
  assert.equal(await classOf("some"), "young");
  assert.equal(await classOf("empty", { storageClassName: "" }), "");
});

test("API-97: claims are held while in use, where a controller lets them go", async () => {
  const { api } = await startApi({ protectVolumes: true });
  const body = {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { name: "data" },
    spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
  };
  const claims = served("", "persistentvolumeclaims");
  const { object } = await api.create(claims, "default", body, context);
  assert.deepEqual(object.metadata.finalizers, ["kubernetes.io/pvc-protection"]);
  assert.equal((await api.delete(claims, inDefault("data"), {}, context)).gone, false);
});

test("SVC-12: writing Endpoints draws a warning", async () => {
  const { api } = await startApi();
  const warnings: string[] = [];
  const body = { apiVersion: "v1", kind: "Endpoints", metadata: { name: "web" } };
  await api.create(served("", "endpoints"), "default", body, { ...context, warn: (text) => void warnings.push(text) });
  assert.deepEqual([...new Set(warnings)], ["v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"]);
});

test("rules of the engine's own come after the built-in ones and give back what they reserved", async () => {
  const seen: string[] = [];
  const rule: AdmissionRule = {
    name: "Test",
    concerns: (kind) => kind === configMaps,
    mutate(admission) {
      seen.push(`mutate ${admission.operation}`);
      admission.whenOver(() => void seen.push("over"));
      if (admission.operation === "CREATE") admission.object.data = { ...admission.object.data, added: "yes" };
    },
    validate: ({ operation }) => void seen.push(`validate ${operation}`),
  };
  const { api } = await startApi({ admission: [rule] });
  const { object } = await api.create(configMaps, "default", configMap("a"), context);
  assert.equal(object.data.added, "yes");
  await assert.rejects(api.create(configMaps, "default", configMap("Bad Name"), context), refusal(422, /metadata.name/));
  await api.delete(configMaps, inDefault("a"), {}, context);
  assert.deepEqual(seen, ["mutate CREATE", "validate CREATE", "over", "mutate CREATE", "over", "validate DELETE"]);
});
