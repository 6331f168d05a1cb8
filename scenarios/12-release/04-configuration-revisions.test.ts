/** Configuration that goes with its workload: out with a rollout, back with an undo, and away when nobody needs it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { apps, core, startEngine } from "../harness/engine.ts";
import { until } from "../harness/until.ts";
import { rolledOut } from "../harness/workloads.ts";

test("configuration has revisions", async (t) => {
  const engine = await startEngine(t, { images: ["ch03-sleep.tar"] });
  const { run } = engine;
  const generation = async () => (await engine.read(`${apps}/deployments/web`)).metadata.generation;
  const greeting = async () => {
    const [pod] = await rolledOut(engine, "web");
    return run(`kubectl exec ${pod.metadata.name} -- sh -c 'echo $GREETING'`);
  };
  const copies = async () => (await engine.read(`${core}/configmaps?labelSelector=windlass.dev%2Fconfig-copy`)).items as any[];

  await t.test("the Pods run with an immutable copy, named in the template", async () => {
    await run("kubectl apply -f release/web.yaml");
    assert.equal(await greeting(), "hello");
    const name = await run("kubectl get deployment web -o jsonpath='{.spec.template.spec.containers[0].envFrom[0].configMapRef.name}'");
    assert.match(name, /^web-settings-[a-z0-9]+$/);
    const [copy, ...others] = await copies();
    assert.deepEqual([copy.metadata.name, copy.immutable, others.length], [name, true, 0]);
    assert.match(await run(`kubectl patch configmap ${name} --type=merge -p '{"data":{"GREETING":"x"}}' 2>&1 || true`), /immutable/);
  });

  await t.test("the same manifest again and again, client-side and server-side, is no new generation", async () => {
    const before = (await engine.read(`${apps}/deployments/web`)).metadata.resourceVersion;
    for (let i = 0; i < 3; i++) await run("kubectl apply -f release/web.yaml");
    assert.equal((await engine.read(`${apps}/deployments/web`)).metadata.resourceVersion, before);
    assert.equal(await generation(), 1);
    assert.equal(await run("kubectl diff -f release/web.yaml"), "");
    for (let i = 0; i < 3; i++) await run("kubectl apply --server-side --force-conflicts -f release/web.yaml");
    await run("kubectl apply --server-side -f release/web.yaml");
    assert.equal(await generation(), 1);
    const { items } = await engine.read(`${apps}/replicasets`);
    assert.equal(items.length, 1);
  });

  await t.test("an edit of the one ConfigMap is a rollout", async () => {
    await run(`kubectl patch configmap web-settings --type=merge -p '{"data":{"GREETING":"good day"}}'`);
    await until("the rollout begins", async () => (await generation()) === 2);
    assert.equal(await greeting(), "good day");
    assert.match(await run("kubectl rollout history deployment/web"), /\n2 /);
    await run("kubectl get events --field-selector reason=ConfigurationChanged -o name | grep event");
    await until("the history names who edited it", async () =>
      /\n2 .* ago +windlass for windlass-admin /.test(await run("windlass rollout history deployment/web")),
    );
  });

  await t.test("undo brings the old content back, and nothing pushes it forward again", async () => {
    await run("kubectl rollout undo deployment/web");
    await until("the undo is seen", async () => (await generation()) === 3);
    assert.equal(await greeting(), "hello");
    assert.equal(await run("kubectl get configmap web-settings -o jsonpath='{.data.GREETING}'"), "good day");
    assert.equal(await generation(), 3);
  });

  await t.test("who applies the manifest means the configuration of now", async () => {
    await run("sed 's/GREETING: hello/GREETING: welcome/' release/web.yaml | kubectl apply --server-side --force-conflicts -f -");
    assert.equal(await until("the Pods have it", async () => (await greeting()) === "welcome" && "welcome"), "welcome");
    assert.equal((await copies()).length, 3);
  });

  await t.test("with the Deployment go its copies; what people edit stays", async () => {
    await run("kubectl delete deployment web");
    await until("the copies are gone", async () => (await copies()).length === 0);
    assert.equal(await run("kubectl get configmap web-settings -o name"), "configmap/web-settings");
  });
});
