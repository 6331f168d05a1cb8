/** Releases that fail at real containers and go back by themselves, once, to what was proven good. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { apps, core, type Engine, startEngine } from "../harness/engine.ts";
import { staysTrue, until } from "../harness/until.ts";
import { rolledOut } from "../harness/workloads.ts";

/** The releases that are remembered of a workload, the oldest first. */
async function releases(engine: Engine, name: string): Promise<any[]> {
  const { data } = await engine.read(`${core}/configmaps/${name}.releases`);
  return JSON.parse(data.releases);
}

const proven = (engine: Engine, name: string, number: number) =>
  until(`revision ${number} of ${name} is proven good`, async () => {
    const last = (await releases(engine, name)).at(-1);
    return last.number === number && last.proven;
  });

async function event(engine: Engine, name: string, reason: string): Promise<string> {
  const { items } = await engine.read(`${core}/events`);
  return (items as any[]).find((one) => one.reason === reason && one.involvedObject.name === name)?.message;
}

const uidsOf = (pods: any[]): string[] => pods.map(({ metadata }) => metadata.uid).sort();
const breakIt = (resource: string, command: string): string =>
  `kubectl patch ${resource} --type=json -p '[{"op":"replace","path":"/spec/template/spec/containers/0/command","value":${command}}]'`;

test("releases that fail go back by themselves", async (t) => {
  const engine = await startEngine(t, { images: ["ch03-sleep.tar"] });
  const { run } = engine;
  await run("kubectl apply -f release/");
  await rolledOut(engine, "web");
  await proven(engine, "web.deployment", 1);
  await run("kubectl set env deployment/web RELEASE=v2");
  const before = uidsOf(await rolledOut(engine, "web"));
  await proven(engine, "web.deployment", 2);

  await t.test("a v3 whose command does not exist is gone within seconds; the Pods of v2 never noticed", async () => {
    await run(breakIt("deployment/web", '["/bin/not-there"]'));
    const said = await until("the rollback is told", () => event(engine, "web", "RolledBack"));
    assert.match(
      said,
      /^Rolled back from revision 3 to revision 2, the last one that was proven good: .*\/bin\/not-there.* does not exist/,
    );
    assert.deepEqual(uidsOf(await rolledOut(engine, "web")), before);
    assert.equal(await run("kubectl get deployment web -o jsonpath='{.spec.template.spec.containers[0].env[0].value}'"), "v2");
  });

  await t.test("the history tells the story", async () => {
    const story = await until("the last release is complete", async () => {
      const all = await releases(engine, "web.deployment");
      return all.at(-1).outcome === "completed" && all;
    });
    assert.deepEqual(
      story.map(({ number, outcome }) => [number, outcome]),
      [
        [1, "completed"],
        [2, "completed"],
        [3, "rolled back"],
        [4, "completed"],
      ],
    );
    assert.match(story[2].reason, /\/bin\/not-there/);
    const table = await engine.run("windlass rollout history deployment/web");
    assert.deepEqual(
      [...table.matchAll(/^(\d) +.* ago +(\S+(?: \S+)*) {2}/gm)].map(([, number, who]) => [number, who]),
      [
        ["1", "windlass-admin"],
        ["2", "windlass-admin"],
        ["3", "windlass-admin"],
        ["4", "windlass (automatic)"],
      ],
    );
    assert.match(
      await engine.run("windlass rollout history deployment/web --revision=4"),
      /\nBy: +system:windlass, with windlass, automatic rollback from revision 3\n/,
    );
  });

  await t.test("whoever waits for v3 hears that something else is there", async () => {
    const { code, stdout, stderr } = await engine.attempt("windlass rollout status deployment/web --fail-fast");
    assert.equal(code, 15);
    assert.match(stdout, /successfully rolled out/);
    assert.match(stderr, /error: revision 3 was rolled back: .*\/bin\/not-there/);
    const plain = await engine.attempt("windlass rollout status deployment/web");
    assert.deepEqual([plain.code, /^Warning: revision 3 was rolled back/m.test(plain.stderr)], [0, true]);
  });

  await t.test("the same v3 once more is its user's decision: it is told, and stays", async () => {
    await run(breakIt("deployment/web", '["/bin/not-there"]'));
    await until("it is told", () => event(engine, "web", "NotRolledBackAgain"));
    const { metadata } = await engine.read(`${apps}/deployments/web`);
    await staysTrue("nobody writes the Deployment", 3000, async () => {
      return (await engine.read(`${apps}/deployments/web`)).metadata.generation === metadata.generation;
    });
    await run("kubectl rollout undo deployment/web");
    await rolledOut(engine, "web");
  });

  await t.test("a StatefulSet goes back as well: its broken Pod is replaced, its healthy one and the claims are not", async () => {
    const pods = async () => (await engine.read(`${core}/pods?labelSelector=app%3Ddb`)).items as any[];
    const claims = async () => uidsOf((await engine.read(`${core}/persistentvolumeclaims`)).items);
    await proven(engine, "db.statefulset", 1);
    await run("kubectl exec db-1 -- sh -c 'echo kept > /data/file'");
    const [healthy] = await pods();
    const claimsBefore = await claims();
    await run(breakIt("statefulset/db", '["/bin/not-there"]'));
    await until("its Pod is replaced", () => event(engine, "db", "FreedBlockedPod"));
    await until("the set is whole again", async () => {
      const { status } = await engine.read(`${apps}/statefulsets/db`);
      return status.readyReplicas === 2 && status.updatedReplicas === 2;
    });
    assert.equal((await pods()).find(({ metadata }) => metadata.name === healthy.metadata.name).metadata.uid, healthy.metadata.uid);
    assert.deepEqual(await claims(), claimsBefore);
    assert.equal(await run("kubectl exec db-1 -- cat /data/file"), "kept");
    await run("kubectl delete -f release/ && kubectl delete pvc --all");
  });
});
