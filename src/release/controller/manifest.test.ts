// What is applied for `windlass controller` to run inside of a cluster. Its rights have a test of their own, where it is seen at work.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { AnyObject } from "../../api/meta/object.ts";
import { controllerManifest, controllerNamespace, type ManifestOptions } from "./manifest.ts";

const manifest = (options: Partial<ManifestOptions> = {}): AnyObject[] =>
  controllerManifest({ namespace: controllerNamespace, image: "windlass:test", webhook: false, matchConditions: true, ...options });

const namesOf = (objects: readonly AnyObject[]): string[] =>
  objects.map(({ kind, metadata }) => [kind, ...(metadata.namespace ? [metadata.namespace] : []), metadata.name].join("/"));

const ofKind = (objects: readonly AnyObject[], kind: string): AnyObject => {
  const [found, ...others] = objects.filter((object) => object.kind === kind);
  assert.deepEqual([found?.kind, others], [kind, []]);
  return found as AnyObject;
};

test("it has a namespace of its own, and everything else stands in that or belongs to the cluster", () => {
  assert.deepEqual(namesOf(manifest()), [
    "Namespace/windlass-system",
    "ServiceAccount/windlass-system/windlass-controller",
    "ClusterRole/windlass-controller",
    "ClusterRoleBinding/windlass-controller",
    "Role/windlass-system/windlass-controller",
    "RoleBinding/windlass-system/windlass-controller",
    "Deployment/windlass-system/windlass-controller",
  ]);
  assert.deepEqual(namesOf(manifest({ webhook: true })).slice(7), [
    "PodDisruptionBudget/windlass-system/windlass-controller",
    "Service/windlass-system/windlass-controller",
    "MutatingWebhookConfiguration/windlass-configuration",
  ]);
});

test("a namespace that somebody else made is not among what a deletion of the manifest would delete", () => {
  const names = namesOf(manifest({ namespace: "tools", webhook: true }));
  assert.deepEqual(
    names.filter((name) => name.startsWith("Namespace/")),
    [],
  );
  assert.ok(names.includes("Deployment/tools/windlass-controller"));
});

const namespace = "shop";

test("for one namespace its rights are a Role there, and of the cluster it may read nodes alone", () => {
  const objects = manifest({ only: namespace });
  assert.ok(namesOf(objects).includes(`Role/${namespace}/windlass-controller`));
  assert.deepEqual(
    ofKind(objects, "ClusterRole").rules.flatMap(({ resources }: AnyObject) => resources),
    ["nodes"],
  );
  assert.ok(ofKind(objects, "Deployment").spec.template.spec.containers[0].args.includes(`--namespace=${namespace}`));
});

test("its Pods are what the Pod security standard calls restricted, and can't write to their own root", () => {
  const objects = manifest();
  assert.equal(ofKind(objects, "Namespace").metadata.labels?.["pod-security.kubernetes.io/enforce"], "restricted");
  const { spec } = ofKind(objects, "Deployment").spec.template;
  assert.deepEqual(spec.securityContext, { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: "RuntimeDefault" } });
  assert.deepEqual(spec.containers[0].securityContext, {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ["ALL"] },
  });
});

test("before Kubernetes 1.28 a webhook that is down is passed over, and nothing is said that such a server does not know", () => {
  const old = manifest({ webhook: true, matchConditions: false });
  const [webhook] = ofKind(old, "MutatingWebhookConfiguration").webhooks;
  assert.deepEqual([webhook.failurePolicy, webhook.matchConditions], ["Ignore", undefined]);
  assert.ok(!old.some(({ apiVersion }) => apiVersion === "policy/v1"));
  const [fresh] = ofKind(manifest({ webhook: true }), "MutatingWebhookConfiguration").webhooks;
  assert.equal(fresh.failurePolicy, "Fail");
  assert.match(fresh.matchConditions[0].expression, /'windlass\.dev\/config-revisions' in object\.metadata\.annotations/);
});

test("to record users the server asks about new templates and about the annotation, after the names of copies, and elsewhere than at home", () => {
  const objects = manifest({ webhook: true, recordUsers: true });
  const { webhooks } = ofKind(objects, "MutatingWebhookConfiguration");
  assert.deepEqual(
    webhooks.map(({ name, clientConfig, failurePolicy }: AnyObject) => [name, clientConfig.service.path, failurePolicy]),
    [
      ["configuration.windlass.dev", "/pin-configuration", "Fail"],
      ["users.windlass.dev", "/record-user", "Fail"],
    ],
  );
  const [{ namespaceSelector, matchConditions, sideEffects }] = webhooks.slice(1);
  assert.equal(sideEffects, "None");
  assert.deepEqual(namespaceSelector.matchExpressions, [
    { key: "kubernetes.io/metadata.name", operator: "NotIn", values: ["kube-system", controllerNamespace] },
  ]);
  const user = (object: string): string =>
    `(has(${object}.metadata.annotations) && 'windlass.dev/changed-by' in ${object}.metadata.annotations ? ${object}.metadata.annotations['windlass.dev/changed-by'] : '')`;
  assert.equal(
    matchConditions[0].expression,
    `request.operation == 'CREATE' || object.spec.template != oldObject.spec.template || ${user("object")} != ${user("oldObject")}`,
  );
});

test("users alone can be recorded, in one namespace alone, and before Kubernetes 1.28 without standing in the way", () => {
  const objects = manifest({ recordUsers: true, only: namespace, matchConditions: false });
  const [webhook, ...others] = ofKind(objects, "MutatingWebhookConfiguration").webhooks;
  assert.deepEqual([webhook.name, others], ["users.windlass.dev", []]);
  assert.deepEqual(webhook.namespaceSelector.matchLabels, { "kubernetes.io/metadata.name": namespace });
  assert.deepEqual([webhook.failurePolicy, webhook.matchConditions], ["Ignore", undefined]);
  assert.ok(ofKind(objects, "Service"));
  const [container] = ofKind(objects, "Deployment").spec.template.spec.containers;
  assert.ok(container.args.includes("--webhook-address=:9443"));
});
