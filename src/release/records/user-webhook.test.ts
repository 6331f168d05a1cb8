// What the webhook of users says about writes as a server of Kubernetes describes them, and that nothing but a new template moves it.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { AnyObject } from "../../api/meta/object.ts";
import { randomInt, randomPick, seededRandom } from "../../base/random.ts";
import { applyJsonPatch } from "../../machinery/json-patch.ts";
import { reviewUser } from "./user-webhook.ts";
import { changedByKey } from "./writer.ts";

const web = (image: string, annotations?: Record<string, string>): AnyObject => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web", namespace: "shop", ...(annotations && { annotations }) },
  spec: { replicas: 2, template: { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "app", image }] } } },
});

/** What the server stores when `username` sends `object`. */
function written(object: AnyObject, username: string, oldObject?: AnyObject): AnyObject {
  const operation = oldObject ? "UPDATE" : "CREATE";
  const request = { uid: "7", operation, namespace: "shop", userInfo: { username, groups: [] }, object, oldObject: oldObject ?? null };
  const { response } = reviewUser({ apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", request }) as any;
  assert.deepEqual([response.uid, response.allowed], ["7", true]);
  if (response.patch === undefined) return object;
  assert.equal(response.patchType, "JSONPatch");
  return applyJsonPatch(object, JSON.parse(atob(response.patch))) as AnyObject;
}

const userOf = (object: AnyObject): string | undefined => object.metadata.annotations?.[changedByKey];

test("the user who sends a template is named, and the next one who does takes the place", () => {
  const first = written(web("web:1"), "jane");
  assert.equal(userOf(first), "jane");
  assert.equal(userOf(written(web("web:2", { ...first.metadata.annotations }), "bob", first)), "bob");
  const annotated = web("web:1", { team: "shop" });
  assert.deepEqual(written(annotated, "jane").metadata.annotations, { team: "shop", [changedByKey]: "jane" });
});

test("a write that leaves the template alone leaves the name alone, whatever it says", () => {
  const live = written(web("web:1"), "jane");
  const scaled = { ...live, spec: { ...live.spec, replicas: 5 } };
  assert.equal(written(scaled, "bob", live), scaled, "nothing is patched");
  assert.equal(userOf(written(web("web:1", { [changedByKey]: "mallory" }), "mallory", live)), "jane", "another name");
  assert.equal(userOf(written(web("web:1", { team: "shop" }), "bob", live)), "jane", "replaced without the annotation");
  assert.equal(userOf(written(web("web:1"), "bob", live)), "jane", "replaced without any annotation");
  const unnamed = web("web:1");
  assert.equal(userOf(written(web("web:1", { [changedByKey]: "mallory" }), "mallory", unnamed)), undefined, "where nobody was known");
});

test("a client can't name somebody else with a template of its own", () => {
  assert.equal(userOf(written(web("web:1", { [changedByKey]: "jane" }), "mallory")), "mallory");
  assert.equal(userOf(written(web("web:2", { [changedByKey]: "jane" }), "mallory", web("web:1", { [changedByKey]: "jane" }))), "mallory");
});

test("whatever is written by whom: the name is that of the last who changed the template, and the same write again changes nothing", () => {
  const users = ["jane", "bob", "system:serviceaccount:ci:deployer"];
  for (let seed = 1; seed <= 50; seed++) {
    const random = seededRandom(seed);
    let live: AnyObject | undefined;
    let last = "";
    for (let step = 0; step < 20; step++) {
      const user = randomPick(random, users);
      const image = `web:${randomInt(random, 1, 3)}`;
      const kept = randomPick(random, [undefined, {}, { [changedByKey]: randomPick(random, users) }, { ...live?.metadata.annotations }]);
      if (live?.spec.template.spec.containers[0].image !== image) last = user;
      const sent = web(image, kept);
      live = written(sent, user, live);
      assert.equal(userOf(live), last, `seed ${seed}, step ${step}`);
      assert.deepEqual(written(sent, randomPick(random, users), live).metadata.annotations, live.metadata.annotations, "sent again");
    }
  }
});

test("what is no review is no answer", () => {
  assert.throws(() => reviewUser({ kind: "Status" }), TypeError);
});
