/** Recreate and RollingUpdate with a version that works and with one that never starts, and what bounds each. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { apps, startEngine } from "../harness/engine.ts";
import { lookAtMachine, tracesOfPods } from "../harness/leftovers.ts";
import { startLoad } from "../harness/load.ts";
import { until } from "../harness/until.ts";
import { pods, replicaSets, rolledOut } from "../harness/workloads.ts";

for (const kubectl of ["1.35", "windlass"] as const) {
  test(`strategies of a Deployment, with ${kubectl}`, async (t) => {
    const before = lookAtMachine();
    const engine = await startEngine(t, { kubectl });
    const { run, attempt } = engine;
    const curl = "curl -s --max-time 2 http://localhost:8090/v.txt";
    const sizes = async () => (await replicaSets(engine)).map(({ image, desired, ready }) => [image.split(":")[1], desired, ready]);
    const waiting = async () =>
      (await pods(engine, "app=vweb,version=v3")).map(({ status }) => status.containerStatuses?.[0].state.waiting?.reason as string);
    await run("kubectl apply -f vweb/ && kubectl rollout status deploy/vweb && kubectl delete deploy vweb");

    await t.test("1: Recreate runs like any other", async () => {
      await run("kubectl apply -f vweb-strategies/vweb-recreate-v2.yaml && kubectl rollout status deploy/vweb");
      await rolledOut(engine);
      assert.deepEqual(await sizes(), [["v2", 3, 3]]);
      // Nothing was served before: the load balancer hears of the new Pods a moment after their Deployment does.
      await until("v2 is served", async () => (await attempt(curl)).stdout.trim() === "v2");
      const described = await run("kubectl describe deploy vweb");
      assert.match(described, /^StrategyType: +Recreate$/m);
      assert.match(described, /^Replicas: +3 desired \| 3 updated \| 3 total \| 3 available \| 0 unavailable$/m);
      assert.match(described, /^ +Available +True +MinimumReplicasAvailable$/m);
      assert.match(described, /^ +Progressing +True +NewReplicaSetAvailable$/m);
      assert.match(described, /^NewReplicaSet: +vweb-\S+ \(3\/3 replicas created\)$/m);
      assert.match(described, /Normal +ScalingReplicaSet +\S+ +deployment-controller +Scaled up replica set vweb-\S+ from 0 to 3/);
    });

    await t.test("2: Recreate with a version that never starts leaves nothing that serves", async () => {
      await run("kubectl apply -f vweb-strategies/vweb-recreate-v3.yaml");
      const { code, stderr } = await attempt("kubectl rollout status deploy/vweb --timeout=2s");
      assert.equal(code, 1);
      // windlass says before what is in the way.
      assert.match(stderr, /(^|\n)error: timed out waiting for the condition\n$/);
      await until("the old Pods are gone and the new ones wait", async () => {
        const reasons = await waiting();
        const all = await pods(engine, "app=vweb");
        return all.length === 3 && reasons.length === 3 && reasons.every((reason) => /^(RunContainerError|CrashLoopBackOff)$/.test(reason));
      });
      assert.deepEqual(await sizes(), [
        ["v2", 0, 0],
        ["v3", 3, 0],
      ]);
      assert.match(await run("kubectl get pods --no-headers"), /^(vweb-\S+ +0\/1 +(RunContainerError|CrashLoopBackOff) +\d.*\n?){3}$/);
      assert.notEqual((await attempt(curl)).code, 0);
      await until("a second attempt has been put off", async () => (await waiting()).includes("CrashLoopBackOff"));
      const pod = (await pods(engine, "app=vweb")).find(
        ({ status }) => status.containerStatuses[0].state.waiting?.reason === "CrashLoopBackOff",
      );
      const [container] = pod.status.containerStatuses;
      assert.match(container.state.waiting.message, /^back-off (10|20)s restarting failed container=web pod=vweb-\S+_default\(\S+\)$/);
      assert.equal(container.lastState.terminated.reason, "StartError");
      assert.equal(container.lastState.terminated.exitCode, 128);
      assert.match(container.lastState.terminated.message, /vweb-start/);
      assert.match(
        await run(`kubectl describe pod ${pod.metadata.name}`),
        /Warning +BackOff +\S.*Back-off restarting failed container web in pod/,
      );
    });

    await t.test("3: RollingUpdate goes back to the ReplicaSet that worked, one Pod more at a time", async () => {
      const name = (await replicaSets(engine)).find(({ image }) => image.endsWith(":v2"))?.name;
      await run("kubectl apply -f vweb-strategies/vweb-rollingUpdate-v2.yaml && kubectl rollout status deploy/vweb");
      await rolledOut(engine);
      assert.deepEqual(await sizes(), [
        ["v3", 0, 0],
        ["v2", 3, 3],
      ]);
      assert.equal((await replicaSets(engine)).at(-1)?.name, name);
      assert.equal(await run(curl), "v2");
      const { spec } = await engine.read(`${apps}/deployments/vweb`);
      assert.deepEqual(spec.strategy, { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } });
      const events = await run("kubectl events --for deployment/vweb -o jsonpath='{range .items[*]}{.message}{\"\\n\"}{end}'");
      for (const step of ["from 0 to 1", "from 1 to 2", "from 2 to 3"])
        assert.ok(events.includes(`Scaled up replica set ${name} ${step}`), events);
    });

    await t.test("4: a rolling update that cannot go on stays online, and says so after its deadline", async () => {
      const load = startLoad("http://localhost:8090/v.txt", { connections: "new", perSecond: 50 });
      await run(
        "sed -e 's/minReadySeconds: 30/minReadySeconds: 2/' -e 's/progressDeadlineSeconds: 120/progressDeadlineSeconds: 12/' vweb-strategies/vweb-rollingUpdate-v3.yaml > shorter.yaml",
      );
      await run("kubectl apply -f shorter.yaml");
      await until("both ReplicaSets want two", async () => {
        const now = await sizes();
        return JSON.stringify(now) === '[["v2",2,2],["v3",2,0]]' && (await pods(engine, "app=vweb")).length === 4;
      });
      const { code, stderr } = await attempt("kubectl rollout status deploy/vweb");
      assert.equal(code, 1);
      assert.match(stderr, /(^|\n)error: deployment "vweb" exceeded its progress deadline\n$/);
      const { status, metadata } = await engine.read(`${apps}/deployments/vweb`);
      const progressing = status.conditions.find(({ type }: any) => type === "Progressing");
      assert.deepEqual([progressing.status, progressing.reason], ["False", "ProgressDeadlineExceeded"]);
      assert.match(progressing.message, /^ReplicaSet "vweb-\S+" has timed out progressing\.$/);
      assert.equal(metadata.annotations["deployment.kubernetes.io/revision"], "4");
      await until("the containers are put off", async () => (await waiting()).every((reason) => reason === "CrashLoopBackOff"));
      assert.deepEqual(await sizes(), [
        ["v2", 2, 2],
        ["v3", 2, 0],
      ]);
      const { failures, order } = await load.stop();
      assert.deepEqual(failures, []);
      assert.deepEqual(order, ["v2"]);
    });

    await t.test("5: percentages bound how many Pods go and come at once", async () => {
      await run("kubectl delete deploy vweb");
      await until("its Pods are gone", async () => (await pods(engine, "app=vweb")).length === 0);
      await run("kubectl create deployment ten --image=kiamol/ch09-vweb:v2 --replicas=10 && kubectl rollout status deploy/ten");
      const strategy = (maxSurge: string, maxUnavailable: string): string =>
        `kubectl patch deploy ten -p '{"spec":{"strategy":{"rollingUpdate":{"maxSurge":${maxSurge},"maxUnavailable":${maxUnavailable}}}}}'`;
      const wanted = async () => (await replicaSets(engine, "ten")).map(({ image, desired }) => `${image.split(":")[1]} ${desired}`).join();
      await run(strategy("0", '"30%"'));
      await run("kubectl set image deploy/ten ch09-vweb=kiamol/ch09-vweb:v3");
      await until("three of ten have been given up for three new ones", async () => (await wanted()) === "v2 7,v3 3");
      await run("kubectl rollout undo deploy/ten && kubectl rollout status deploy/ten");
      await run(strategy('"40%"', "0"));
      await run("kubectl set image deploy/ten ch09-vweb=kiamol/ch09-vweb:v3");
      await until("four new ones stand beside all ten", async () => (await wanted()) === "v2 10,v3 4");
      const { code, stderr } = await attempt(strategy("0", "0"));
      assert.equal(code, 1);
      assert.equal(
        stderr,
        'The Deployment "ten" is invalid: spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0\n',
      );
      await run("kubectl delete deploy ten");
    });

    await t.test("5: a Pod counts after it has been ready for minReadySeconds", async () => {
      await run(
        'kubectl apply -f vweb-strategies/vweb-rollingUpdate-v2.yaml && kubectl patch deploy vweb -p \'{"spec":{"minReadySeconds":4}}\'',
      );
      await until("three Pods are ready and none is available", async () => {
        const { status } = await engine.read(`${apps}/deployments/vweb`);
        return status.readyReplicas === 3 && (status.availableReplicas ?? 0) === 0;
      });
      const [pod] = await rolledOut(engine);
      const ready = pod.status.conditions.find(({ type }: any) => type === "Ready");
      const { status } = await engine.read(`${apps}/deployments/vweb`);
      const available = status.conditions.find(({ type }: any) => type === "Available");
      assert.ok(Date.parse(available.lastTransitionTime) - Date.parse(ready.lastTransitionTime) >= 3000);
    });

    await t.test("clean-up leaves no process, mount, namespace or file of the Pods", async () => {
      await run("kubectl delete all -l kiamol=ch09 && kubectl delete cm -l kiamol=ch09 && kubectl delete pvc -l kiamol=ch09");
      assert.equal((await attempt("kubectl get all -l kiamol=ch09")).stderr, "No resources found in default namespace.\n");
      await until("nothing is left", () => tracesOfPods(engine.home, before, engine.pid()).length === 0).catch(() => {
        assert.deepEqual(tracesOfPods(engine.home, before, engine.pid()), []);
      });
    });
  });
}
