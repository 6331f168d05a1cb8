// Who a history names where a server calls the webhook of users: the part of kube-apiserver is played by a rule of admission.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Deployment } from "../api/kinds/deployment/index.ts";
import { ReplicaSet } from "../api/kinds/replica-set/index.ts";
import type { AnyObject } from "../api/meta/object.ts";
import type { Deployment as DeploymentObject } from "../api/types.ts";
import { silentLog } from "../base/log.ts";
import { randomInt, randomPick, seededRandom } from "../base/random.ts";
import { settle } from "../base/settle.node.ts";
import { VirtualClock } from "../base/virtual-clock.ts";
import { deploymentController } from "../controllers/deployment/deployment.ts";
import { replicaSetController } from "../controllers/replicaset/replica-set.ts";
import { applyJsonPatch } from "../machinery/json-patch.ts";
import { readHistory } from "../release/records/history-store.ts";
import { releaseRecorders } from "../release/records/recorder.ts";
import { reviewUser } from "../release/records/user-webhook.ts";
import { changedByKey } from "../release/records/writer.ts";
import type { AdmissionRule } from "../server/admission/admission.ts";
import type { User } from "../server/api.ts";
import { openMemoryStore } from "../store/memory-store.ts";
import { createControlPlane } from "./control-plane.ts";

const namespace = "default";
const key = { namespace, name: "web" };
const user = (name: string): User => ({ name, groups: ["system:authenticated"] });
const [jane, bob] = [user("jane"), user("bob")];

/** Everything goes as JSON, there and back; owners of fields were noted before, as elsewhere. */
const callsWebhook: AdmissionRule = {
  name: "MutatingAdmissionWebhook",
  concerns: (kind, operation, subresource) => kind.kind === "Deployment" && operation !== "DELETE" && subresource === "",
  rewrite({ object, old, operation, context }) {
    const request = { uid: "7", operation, userInfo: { username: context.user.name }, object, oldObject: old ?? null };
    const review = JSON.parse(JSON.stringify({ apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", request }));
    const { response } = reviewUser(review) as { response: { patch?: string } };
    if (response.patch === undefined) return false;
    object.metadata = (applyJsonPatch(review.request.object, JSON.parse(atob(response.patch))) as AnyObject).metadata;
    return true;
  },
};

const manifest = (image: string, annotations?: Record<string, string>): DeploymentObject => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { ...key, ...(annotations && { annotations }) },
  spec: {
    replicas: 1,
    selector: { matchLabels: { app: "web" } },
    template: { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "app", image }] } },
  },
});

async function start() {
  const clock = new VirtualClock(settle);
  const store = openMemoryStore();
  const plane = createControlPlane({
    store,
    world: { clock, random: seededRandom(1), log: silentLog },
    facts: { caBundle: "", apiServer: () => ({ ip: "127.0.0.1", port: 6443 }) },
    releases: false,
    api: { admission: [callsWebhook] },
    controllers: (deps) => [deploymentController(deps), replicaSetController(deps), ...releaseRecorders(deps)],
  });
  await plane.start();
  const live = () => plane.client.get(Deployment, key);
  return {
    clock,
    live,
    as: (who: User, manager = "kubectl") => plane.clientFor(who, manager),
    named: async () => (await live()).metadata.annotations?.[changedByKey],
    users: async () => (await readHistory(plane.client, await live())).releases.map(({ images, user: name }) => `${images.app} ${name}`),
    /** As `kubectl rollout undo`: the template of a ReplicaSet, and its annotations in place of the Deployment's (KR-20). */
    async undo(who: User, image: string) {
      const { items } = await plane.client.list(ReplicaSet, { namespace });
      const set = items.find(({ spec }) => spec?.template?.spec?.containers[0]?.image === image);
      const { "pod-template-hash": _, ...labels } = set?.spec?.template?.metadata?.labels ?? {};
      const template = { ...set?.spec?.template, metadata: { ...set?.spec?.template?.metadata, labels } };
      await plane.clientFor(who, "kubectl-rollout").patch(Deployment, key, "json", [
        { op: "replace", path: "/spec/template", value: template },
        { op: "replace", path: "/metadata/annotations", value: { ...set?.metadata.annotations } },
      ]);
    },
    async stop() {
      await plane.stop();
      await store.close();
    },
  };
}

test("the history names the user of each template, an undo's too, although it brings old annotations back", async () => {
  const { as, clock, users, named, undo, stop } = await start();
  await as(jane).create(Deployment, manifest("web:1"));
  await clock.advance(5000);
  await as(bob).patch(Deployment, key, "merge", { spec: manifest("web:2").spec });
  await clock.advance(5000);
  await undo(bob, "web:1");
  await clock.advance(5000);
  assert.deepEqual(await users(), ["web:1 jane", "web:2 bob", "web:1 bob"]);
  assert.equal(await named(), "bob");
  await stop();
});

test("applied again and again, server-side, client-side and as a whole, by whomever, nothing is written", async () => {
  for (const annotations of [undefined, { [changedByKey]: "mallory" }]) {
    const { as, clock, live, named, stop } = await start();
    const applied = manifest("web:1", annotations);
    const apply = (who: User) => as(who).patch(Deployment, key, "apply", applied, { fieldManager: "kubectl" });
    await apply(jane);
    await clock.advance(5000);
    const { resourceVersion, managedFields } = (await live()).metadata;
    for (const who of [bob, jane, bob]) {
      await apply(who);
      await as(who).patch(Deployment, key, "strategic", { spec: applied.spec });
      await as(who).update(Deployment, await live());
      await clock.advance(5000);
    }
    assert.equal((await live()).metadata.resourceVersion, resourceVersion);
    assert.equal(await named(), "jane");
    if (!annotations) assert.doesNotMatch(JSON.stringify(managedFields), new RegExp(changedByKey), "the annotation is no field manager's");
    await stop();
  }
});

test("whatever anybody writes, the name is that of the last user who changed the template", async () => {
  for (let seed = 1; seed <= 3; seed++) {
    const { as, clock, live, named, undo, users, stop } = await start();
    const random = seededRandom(seed);
    const senders = new Map<string, string>();
    let last = "jane";
    senders.set("web:0", last);
    await as(jane).create(Deployment, manifest("web:0"));
    await clock.advance(3000);
    for (let step = 1; step <= 25; step++) {
      const who = user(randomPick(random, ["jane", "bob", "ann"]));
      const before = JSON.stringify((await live()).spec?.template);
      const claim = { [changedByKey]: "mallory" };
      const acts: readonly (() => Promise<unknown>)[] = [
        () => as(who).patch(Deployment, key, "merge", { spec: manifest(`web:${step}`).spec }),
        () => as(who).patch(Deployment, key, "apply", manifest(`web:${step}`, claim), { fieldManager: "kubectl", force: true }),
        () => as(who).patch(Deployment, key, "merge", { spec: { replicas: randomInt(random, 0, 3) }, metadata: { annotations: claim } }),
        () => as(who).patch(Deployment, key, "merge", { metadata: { annotations: { [changedByKey]: null } } }),
        () => undo(who, "web:0"),
      ];
      await randomPick(random, acts)();
      const { spec } = await live();
      if (JSON.stringify(spec?.template) !== before) {
        last = who.name;
        senders.set(spec?.template.spec?.containers[0]?.image as string, last);
      }
      await clock.advance(3000);
      assert.equal(await named(), last, `seed ${seed}, step ${step}`);
      const image = (await live()).spec?.template.spec?.containers[0]?.image;
      assert.equal((await users()).at(-1), `${image} ${senders.get(image as string)}`, `seed ${seed}, step ${step}`);
    }
    await stop();
  }
});
