import assert from "node:assert/strict";
import { test } from "node:test";
import type { Deployment, ReplicaSet } from "../../api/types.ts";
import { appendRevision, asNewSet, beyondHistory, findNewSet, newReplicaSet, nextRevision } from "./revision.ts";

const template = (image: string) => ({ metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "c", image }] } });
const deployment = (over: Partial<Deployment["spec"]> = {}, annotations: Record<string, string> = {}): Deployment => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web", namespace: "shop", uid: "d", annotations },
  spec: {
    replicas: 10,
    selector: { matchLabels: { app: "web" } },
    template: template("v2"),
    strategy: { rollingUpdate: { maxSurge: "25%" } },
    ...over,
  },
});
const set = (
  name: string,
  image: string,
  annotations: Record<string, string> = {},
  over: Partial<ReplicaSet["metadata"]> = {},
): ReplicaSet => ({
  apiVersion: "apps/v1",
  kind: "ReplicaSet",
  metadata: { name, uid: name, creationTimestamp: "2024-01-01T00:00:00Z", annotations, ...over },
  spec: { replicas: 0, selector: {}, template: { ...template(image), metadata: { labels: { app: "web", "pod-template-hash": name } } } },
  status: { replicas: 0 },
});
const revision = (number: number | string) => ({ "deployment.kubernetes.io/revision": String(number) });

test("DEP-10: the oldest set with the Deployment's template is the new one, whatever its hash label", () => {
  const sets = [
    set("c", "v2", {}, { creationTimestamp: "2024-01-01T00:00:02Z" }),
    set("b", "v2", {}, { creationTimestamp: "2024-01-01T00:00:01Z" }),
    set("a", "v1"),
  ];
  assert.equal(findNewSet(deployment(), sets)?.metadata.name, "b");
  assert.equal(findNewSet(deployment({ template: template("v3") }), sets), undefined);
});

test("DEP-11 … DEP-14: a new set carries the template's labels, the hash, its owner and the annotations of its birth", () => {
  const annotations = {
    team: "shop",
    "kubernetes.io/change-cause": "faster",
    "kubectl.kubernetes.io/last-applied-configuration": "{}",
    ...revision(1),
    "deployment.kubernetes.io/desired-replicas": "3",
  };
  const made = newReplicaSet(deployment({ minReadySeconds: 5 }, annotations), 2n);
  const hash = made.metadata.labels?.["pod-template-hash"] as string;
  assert.match(hash, /^[a-z0-9]{1,10}$/);
  assert.equal(made.metadata.name, `web-${hash}`);
  assert.deepEqual(made.metadata.labels, { app: "web", "pod-template-hash": hash });
  assert.deepEqual(made.spec?.selector, { matchLabels: { app: "web", "pod-template-hash": hash } });
  assert.deepEqual(made.spec?.template?.metadata?.labels, { app: "web", "pod-template-hash": hash });
  assert.equal(made.spec?.minReadySeconds, 5);
  assert.deepEqual(made.metadata.annotations, {
    team: "shop",
    "kubernetes.io/change-cause": "faster",
    "deployment.kubernetes.io/revision": "2",
    "deployment.kubernetes.io/desired-replicas": "10",
    "deployment.kubernetes.io/max-replicas": "13",
  });
  assert.deepEqual(made.metadata.ownerReferences, [
    { apiVersion: "apps/v1", kind: "Deployment", name: "web", uid: "d", controller: true, blockOwnerDeletion: true },
  ]);
});

test("DEP-19: another collision count gives another name", () => {
  const first = newReplicaSet(deployment(), 1n).metadata.name;
  const second = newReplicaSet({ ...deployment(), status: { collisionCount: 1 } }, 1n).metadata.name;
  assert.notEqual(first, second);
});

test("DEP-22: the longest of Deployment names still gives a valid name", () => {
  const long = { ...deployment(), metadata: { name: "a".repeat(253), namespace: "shop" } };
  assert.ok((newReplicaSet(long, 1n).metadata.name as string).length <= 253);
});

test("DEP-15: numbers go up, and only up", () => {
  assert.equal(nextRevision([]), 1n);
  assert.equal(nextRevision([set("a", "v1", revision(3)), set("b", "v1", revision(7)), set("c", "v1", revision("x"))]), 8n);
  assert.equal(nextRevision([set("a", "v1", revision("3546343826724305832"))]), 3546343826724305833n);
  const kept = set("a", "v2", revision(9));
  assert.equal(asNewSet(kept, deployment(), 4n), kept);
});

test("DEP-16: a set that is rolled back to remembers the numbers it bore", () => {
  const back = asNewSet(set("a", "v2", revision(1)), deployment(), 4n);
  assert.deepEqual(back.metadata.annotations, { ...revision(4), "deployment.kubernetes.io/revision-history": "1" });
  const again = asNewSet(back, deployment(), 6n);
  assert.deepEqual(again.metadata.annotations, { ...revision(6), "deployment.kubernetes.io/revision-history": "1,4" });
});

test("DEP-16: the remembered numbers stay within 2000 characters, the newest of them", () => {
  let history: string | undefined;
  for (let number = 1; number < 1000; number++) history = appendRevision(history, String(number));
  assert.ok((history as string).length <= 2000);
  assert.ok((history as string).length > 1900);
  assert.ok((history as string).endsWith(",998,999"));
});

test("DEP-18: a changed annotation or minReadySeconds is taken over in place", () => {
  const present = set("a", "v2", { ...revision(2), team: "old" });
  const updated = asNewSet(present, deployment({ minReadySeconds: 7 }, { team: "new" }), 2n);
  assert.equal(updated.metadata.annotations?.team, "new");
  assert.equal(updated.spec?.minReadySeconds, 7);
  assert.equal(updated.metadata.annotations?.["deployment.kubernetes.io/revision-history"], undefined);
});

test("DEP-110: history keeps the highest revisions and never drops a set that is in use", () => {
  const old = [
    set("three", "v3", revision(3)),
    set("one", "v1", revision(1)),
    { ...set("two", "v2", revision(2)), status: { replicas: 1 } },
    set("four", "v4", revision(4)),
  ];
  const names = (limit: number | undefined) =>
    beyondHistory(deployment({ ...(limit !== undefined && { revisionHistoryLimit: limit }) }), old).map((s) => s.metadata.name);
  assert.deepEqual(names(4), []);
  assert.deepEqual(names(2), ["one"]); // "two" is beyond the limit, too, but has a Pod.
  assert.deepEqual(names(0), ["one", "three", "four"]);
  assert.deepEqual(names(2_147_483_647), []);
});
