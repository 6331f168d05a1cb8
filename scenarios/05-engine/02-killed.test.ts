/** An engine that is killed loses nothing: objects, containers and traffic are there, and the next one goes on. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { startEngine } from "../harness/engine.ts";
import { leftovers, lookAtMachine, processesOf, switchOff } from "../harness/leftovers.ts";
import { startLoad } from "../harness/load.ts";
import { until } from "../harness/until.ts";
import { pods, replicaSets, rolledOut } from "../harness/workloads.ts";

test("an engine that is killed", async (t) => {
  const before = lookAtMachine();
  const engine = await startEngine(t, { files: new URL("manifests/", import.meta.url) });
  const { run, attempt } = engine;
  const kill = async (): Promise<void> => {
    const pid = engine.pid();
    process.kill(pid, "SIGKILL");
    await until("the process is gone", async () => (await attempt("windlass status")).code === 3);
  };
  /** A container that was just being made when its engine was killed is made again, which counts as a restart. */
  const earlierRestarts = new Map<string, number>();
  const states = async (): Promise<string[]> =>
    [...(await pods(engine, "app=still")), ...(await pods(engine, "app=vweb"))].map(({ metadata, status }) => {
      const [{ ready, restartCount, lastState }] = status.containerStatuses;
      const restarts = restartCount - (earlierRestarts.get(metadata.uid) ?? 0);
      return `${ready ? "ready" : "not ready"}, restarts: ${restarts}, ended with: ${lastState.terminated?.exitCode}`;
    });
  const lives = async (app: string) =>
    (await pods(engine, `app=${app}`))
      .map(({ metadata, status }) => {
        const [container] = status.containerStatuses;
        return [metadata.uid, status.podIP, container.containerID, container.restartCount, container.state.running?.startedAt];
      })
      .sort();
  await run("kubectl apply -f vweb/service.yaml -f slow.yaml && kubectl create deployment still --image=kiamol/ch09-vweb:v1 --replicas=2");
  await run("kubectl rollout status deploy/vweb && kubectl rollout status deploy/still");

  await t.test("in the midst of a rollout: the next one finds everything and completes it, and no request has failed", async () => {
    await rolledOut(engine, "still");
    const still = await lives("still");
    const load = startLoad("http://localhost:8090/v.txt", { connections: "new", perSecond: 100 });
    await run("kubectl set image deploy/vweb web=kiamol/ch09-vweb:v2");
    await until("the rollout is under way", async () =>
      (await replicaSets(engine)).some(({ image, current }) => image.endsWith(":v2") && current > 0),
    );
    const answered = load.answered();
    await kill();
    assert.equal((await attempt("kubectl get pods")).code, 1);
    await until("traffic goes on without the engine", () => load.answered() > answered + 100);
    await engine.up();
    assert.match(await run("kubectl rollout status deploy/vweb"), /successfully rolled out$/);
    await rolledOut(engine);
    assert.equal(await run("curl -s http://localhost:8090/v.txt"), "v2");
    const { failures, bodies } = await load.stop();
    assert.deepEqual(failures, []);
    assert.deepEqual(Object.keys(bodies).sort(), ["v1", "v2"]);
    assert.deepEqual(await lives("still"), still);
    assert.deepEqual(
      (await replicaSets(engine)).map(({ revision, desired, ready }) => [revision, desired, ready]),
      [
        ["1", 0, 0],
        ["2", 3, 3],
      ],
    );
  });

  await t.test("what happened while it was away is seen: containers that ended are started again", async () => {
    for (const { metadata, status } of await pods(engine, "app in (still,vweb)")) {
      earlierRestarts.set(metadata.uid, status.containerStatuses[0].restartCount);
    }
    await kill();
    // Every container of the app dies while nobody watches.
    const masters = (await run("pgrep -f 'nginx: master'")).split("\n").map(Number);
    const own = masters.filter((master) => processesOf(engine.home).some((line) => line.startsWith(`process ${master}: `)));
    assert.equal(own.length, 5);
    for (const master of own) process.kill(master, "SIGKILL");
    await engine.up();
    await until("each has been started again", async () => {
      assert.deepEqual(await states(), Array(5).fill("ready, restarts: 1, ended with: 137"));
      return true;
    });
    await until("the app is served again", async () => (await run("curl -s http://localhost:8090/v.txt")) === "v2");
  });

  await t.test("a machine that was switched off: nothing of it is left in the kernel, and everything comes back", async () => {
    const addresses = (await lives("vweb")).length;
    await kill();
    switchOff(engine.home);
    assert.deepEqual(processesOf(engine.home), []);
    await engine.up();
    await until("every container has been started again", async () => {
      assert.deepEqual(
        (await states()).map((state) => state.replace(/,[^,]*$/, "")),
        Array(5).fill("ready, restarts: 2"),
      );
      return true;
    });
    assert.equal((await lives("vweb")).length, addresses);
    await until("the app is served again", async () => (await run("curl -s http://localhost:8090/v.txt")) === "v2");
  });

  await t.test("down after a kill leaves nothing", async () => {
    await kill();
    assert.ok(leftovers(engine.home, before).length > 0);
    assert.match(await run("windlass down"), /^Windlass in \S+ is down\. Its objects and images stay\.$/);
    assert.deepEqual(leftovers(engine.home, before), []);
  });
});
