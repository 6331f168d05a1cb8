import assert from "node:assert/strict";
import { test } from "node:test";
import type { ApiError } from "../../api/errors.ts";
import { context, inDefault, pod, pods, refusal, served, serviceAccounts, startApi } from "../core/fixture.suite.ts";

const bindingTo = (name: string, metadata: object = {}) => ({
  apiVersion: "v1",
  kind: "Binding",
  metadata: { name: "a", ...metadata },
  target: { apiVersion: "v1", kind: "Node", name },
});

async function startPod(spec: object = {}) {
  const started = await startApi();
  await started.api.create(pods, "default", pod("a", spec), context);
  return {
    ...started,
    post: (subresource: string, body: object) => started.api.createSubresource(pods, inDefault("a"), subresource, body as never, context),
  };
}

test("binding puts a Pod on a node once", async () => {
  const { api, post } = await startPod();
  const answer = await post("binding", bindingTo("n1", { annotations: { by: "scheduler" } }));
  assert.deepEqual([answer.kind, answer["status"], answer["code"]], ["Status", "Success", 201]);
  const { object } = await api.get(pods, inDefault("a"));
  assert.equal(object.spec.nodeName, "n1");
  assert.equal(object.metadata.annotations?.["by"], "scheduler");
  assert.equal(object.metadata.generation, 1);
  const condition = object.status.conditions.find((candidate: { type: string }) => candidate.type === "PodScheduled");
  assert.equal(condition.status, "True");
  await assert.rejects(
    post("binding", bindingTo("n2")),
    refusal(409, 'Operation cannot be fulfilled on pods/binding "a": pod a is already assigned to node "n1"'),
  );
});

test("binding refuses a Pod that is absent, going or held, and a target that is none", async () => {
  const { api, post } = await startPod({ schedulingGates: [{ name: "example.com/gate" }] });
  await assert.rejects(post("binding", bindingTo("n1")), refusal(409, /non-empty .spec.schedulingGates/));
  await assert.rejects(post("binding", bindingTo("")), refusal(422, /target.name: Required value/));
  await assert.rejects(
    api.createSubresource(pods, inDefault("none"), "binding", bindingTo("n1"), context),
    refusal(404, 'pods "none" not found'),
  );
  await api.patch(pods, inDefault("a"), "json", [{ op: "add", path: "/metadata/finalizers", value: ["example.com/hold"] }], context);
  await api.delete(pods, inDefault("a"), {}, context);
  await assert.rejects(post("binding", bindingTo("n1")), refusal(409, /pod a is being deleted, cannot be assigned to a host/));
});

test("the Binding kind binds, too", async () => {
  const { api } = await startPod();
  const { object } = await api.create(served("", "bindings"), "default", bindingTo("n1"), context);
  assert.equal(object["status"], "Success");
  assert.equal((await api.get(pods, inDefault("a"))).object.spec.nodeName, "n1");
});

const budget = {
  apiVersion: "policy/v1",
  kind: "PodDisruptionBudget",
  metadata: { name: "web" },
  spec: { minAvailable: 1, selector: { matchLabels: { app: "web" } } },
};
const evictionOf = (name: string) => ({ apiVersion: "policy/v1", kind: "Eviction", metadata: { name } });

async function startBudget(status: object) {
  const started = await startPod();
  const budgets = served("policy", "poddisruptionbudgets");
  await started.api.create(budgets, "default", budget, context);
  await started.api.patch(budgets, inDefault("web"), "merge", { status: { observedGeneration: 1, ...status } }, context, "status");
  const running = { status: { phase: "Running", conditions: [{ type: "Ready", status: "True" }] } };
  await started.api.patch(pods, inDefault("a"), "merge", running, context, "status");
  return { ...started, budgets };
}

test("API-86: an eviction beyond the budget is refused, and not told when to come back: kubectl would wait without a word", async () => {
  const { post, api } = await startBudget({ disruptionsAllowed: 0, desiredHealthy: 1, currentHealthy: 1, expectedPods: 1 });
  await assert.rejects(post("eviction", evictionOf("a")), (error: unknown) => {
    refusal(429, "Cannot evict pod as it would violate the pod's disruption budget.")(error);
    const { details } = (error as ApiError).status;
    assert.equal(details?.retryAfterSeconds, undefined);
    assert.deepEqual(details?.causes, [
      { reason: "DisruptionBudget", message: "The disruption budget web needs 1 healthy pods and has 1 currently" },
    ]);
    return true;
  });
  assert.ok(await api.get(pods, inDefault("a")));
});

test("an eviction within the budget spends it and deletes the Pod", async () => {
  const { post, api, budgets } = await startBudget({ disruptionsAllowed: 1, desiredHealthy: 0, currentHealthy: 1, expectedPods: 1 });
  assert.equal((await post("eviction", evictionOf("a")))["code"], 201);
  await assert.rejects(api.get(pods, inDefault("a")), refusal(404, /not found/));
  const { status } = (await api.get(budgets, inDefault("web"))).object;
  assert.deepEqual([status.disruptionsAllowed, Object.keys(status.disruptedPods)], [0, ["a"]]);
});

test("an evicted Pod says that it was evicted; one that only was asked about does not", async () => {
  const { post, api } = await startPod();
  const held = { metadata: { finalizers: ["example.com/held"] } };
  await api.patch(pods, inDefault("a"), "merge", held, context);
  const conditions = async () =>
    (await api.get(pods, inDefault("a"))).object.status?.conditions?.map(({ type, reason }: any) => [type, reason]);
  await post("eviction", { ...evictionOf("a"), deleteOptions: { dryRun: ["All"] } });
  assert.equal(await conditions(), undefined);
  await post("eviction", evictionOf("a"));
  assert.deepEqual(await conditions(), [["DisruptionTarget", "EvictionByEvictionAPI"]]);
});

test("a Pod that does not run yet needs no budget", async () => {
  const { post, api } = await startPod();
  await api.create(served("policy", "poddisruptionbudgets"), "default", budget, context);
  assert.equal((await post("eviction", evictionOf("a")))["code"], 201);
});

test("ephemeral containers are added, never changed or removed", async () => {
  const { api } = await startPod();
  const add = (containers: object[], type: "strategic" | "merge" = "strategic") =>
    api.patch(
      pods,
      inDefault("a"),
      type,
      { spec: { ephemeralContainers: containers, activeDeadlineSeconds: 5 } },
      context,
      "ephemeralcontainers",
    );
  const { object } = await add([{ name: "debug", image: "busybox", targetContainerName: "app" }]);
  assert.equal(object.spec.ephemeralContainers[0].name, "debug");
  assert.equal(object.spec.activeDeadlineSeconds, undefined, "nothing else passes");
  await assert.rejects(add([{ name: "debug", image: "other" }]), refusal(422, /existing ephemeral containers "debug" may not be changed/));
  await assert.rejects(
    add([{ name: "else", image: "other" }], "merge"),
    refusal(422, /existing ephemeral containers "debug" may not be removed/),
  );
});

test("resize changes resources alone", async () => {
  const { api } = await startPod();
  const resources = { requests: { cpu: "200m" }, limits: { cpu: "300m" } };
  const resize = (body: object) => api.patch(pods, inDefault("a"), "strategic", { spec: { containers: [body] } }, context, "resize");
  const { object } = await resize({ name: "app", image: "other:v9", resources });
  assert.deepEqual(object.spec.containers[0].resources, resources);
  assert.equal(object.spec.containers[0].image, "web:v1");
  assert.equal(object.metadata.generation, 2);
  await assert.rejects(
    resize({ name: "app", resources: { requests: { cpu: "500m" } } }),
    refusal(422, /spec.containers\[0\].resources.requests: Invalid value: "500m": must be less than or equal to cpu limit of 300m/),
  );
});

test("a token is issued by whoever signs, for an account that is there", async () => {
  const request = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", metadata: { name: "" }, spec: { audiences: ["x"] } };
  const { api } = await startApi({
    issueToken: async (account, body) => ({ ...body, status: { token: `for ${account.metadata.name}` } }),
  });
  const post = (name: string) => api.createSubresource(serviceAccounts, inDefault(name), "token", request, context);
  assert.equal((await post("default"))["status"].token, "for default");
  await assert.rejects(post("none"), refusal(404, 'serviceaccounts "none" not found'));
});
