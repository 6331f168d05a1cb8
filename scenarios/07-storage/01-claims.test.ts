/** What a Pod writes to its claim outlives the Pod, the engine, and the engine's sudden death, and goes with the claim. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { core, startEngine } from "../harness/engine.ts";
import { until } from "../harness/until.ts";
import { rolledOut } from "../harness/workloads.ts";

test("storage that is claimed", async (t) => {
  const engine = await startEngine(t, { images: ["ch03-sleep.tar"], nodes: 2, files: new URL("manifests/", import.meta.url) });
  const { run, attempt } = engine;
  const volumes = join(engine.home, "volumes");
  const note = (): Promise<string> => run("kubectl exec deploy/notes -- cat /data/note");
  const claim = () => engine.read(`${core}/persistentvolumeclaims/notes`);

  await t.test("a claim waits for its first Pod", async () => {
    const classes = await run("kubectl get storageclass");
    assert.match(classes, /^standard \(default\) +windlass\.dev\/local-path +Delete +WaitForFirstConsumer +false +\S+$/m);
    await run("kubectl apply -f claim.yaml");
    assert.match(await run("kubectl get pvc notes"), /^notes +Pending +standard +<unset> +\S+$/m);
    await until("it says why", async () =>
      /WaitForFirstConsumer .*waiting for first consumer to be created before binding/.test(await run("kubectl describe pvc notes")),
    );
  });

  await t.test("it is bound with the Pod, which writes to it", async () => {
    await run("kubectl apply -f notes.yaml && kubectl rollout status deploy/notes");
    assert.match(await run("kubectl get pvc notes"), /^notes +Bound +pvc-\S+ +100Mi +RWO +standard +<unset> +\S+$/m);
    assert.match(await run("kubectl get pv"), /^pvc-\S+ +100Mi +RWO +Delete +Bound +default\/notes +standard +<unset> +\S+$/m);
    await run("kubectl exec deploy/notes -- sh -c 'echo first > /data/note'");
    const directory = join(volumes, (await claim()).spec.volumeName);
    assert.equal(readFileSync(join(directory, "note"), "utf8"), "first\n");
  });

  await t.test("another Pod in its place finds the file", async () => {
    await run("kubectl delete pod -l app=notes");
    await rolledOut(engine, "notes");
    assert.equal(await note(), "first");
    await run("kubectl rollout restart deploy/notes && kubectl rollout status deploy/notes");
    assert.equal(await note(), "first");
  });

  await t.test("so does the Pod after the engine was taken down", async () => {
    await run("windlass down");
    await engine.up();
    assert.equal(await until("the Pod answers again", note), "first");
  });

  await t.test("and after the engine was killed", async () => {
    await run("kubectl exec deploy/notes -- sh -c 'echo second > /data/note'");
    process.kill(engine.pid(), "SIGKILL");
    await until("the process is gone", async () => (await attempt("windlass status")).code === 3);
    await engine.up();
    assert.equal(await until("the Pod answers again", note), "second");
    assert.equal((await claim()).status.phase, "Bound");
  });

  await t.test("a volume of one's own keeps its files and leads the Pod to its node", async () => {
    const own = join(engine.home, "..", "own-disk");
    mkdirSync(own);
    writeFileSync(join(own, "readme"), "mine\n");
    await run(`sed 's|DIRECTORY|${own}|' own-disk.yaml | kubectl apply -f -`);
    await run("kubectl wait --for=condition=Ready pod/reader --timeout=60s");
    assert.equal(await run("kubectl get pod reader -o jsonpath={.spec.nodeName}"), "windlass-2");
    assert.equal(await run("kubectl exec reader -- cat /data/readme"), "mine");
    await run("kubectl delete pod/reader pvc/own");
    await until("it is released", async () => (await run("kubectl get pv own-disk -o jsonpath={.status.phase}")) === "Released");
    assert.ok(existsSync(join(own, "readme")));
  });

  await t.test("a claim in use stays until its Pod has gone; then nothing of it is left", async () => {
    await run("kubectl delete pvc notes --wait=false");
    assert.match(await run("kubectl get pvc notes"), /^notes +Terminating /m);
    assert.equal(await note(), "second");
    await run("kubectl delete deploy notes");
    await run("kubectl wait --for=delete pvc/notes --timeout=60s");
    await until("the volume has gone", async () => !(await run("kubectl get pv")).includes("default/notes"));
    assert.deepEqual(readdirSync(volumes), []);
  });
});
