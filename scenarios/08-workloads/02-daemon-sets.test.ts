/** DaemonSets on three real nodes, and what people do to nodes: taint, cordon, drain, delete, lose them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { apps, core, type Engine, startEngine } from "../harness/engine.ts";
import { until } from "../harness/until.ts";
import { podReady, pods } from "../harness/workloads.ts";

const files = new URL("manifests/", import.meta.url);
const names = ["windlass-1", "windlass-2", "windlass-3"];

interface OnNode {
  readonly tag: string;
  readonly uid: string;
  readonly ready: boolean;
}

/** What a DaemonSet has on each node, without what is leaving. */
async function byNode(engine: Engine, app: string): Promise<Record<string, OnNode>> {
  const found = (await pods(engine, `app=${app}`))
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .map(({ metadata, spec, status }): [string, OnNode] => [
      spec.nodeName ?? "",
      {
        tag: spec.containers[0].image.split(":")[1],
        uid: metadata.uid,
        ready: status.conditions?.some(({ type, status: is }: any) => type === "Ready" && is === "True") ?? false,
      },
    ]);
  return Object.fromEntries(found.sort(([a], [b]) => (a < b ? -1 : 1)));
}

const counters = async (engine: Engine): Promise<any> => (await engine.read(`${apps}/daemonsets/agent`)).status;

/** Waits until the DaemonSet is complete on these nodes and nowhere else. */
const completeOn = (engine: Engine, nodes: readonly string[], tag?: string) =>
  until(
    `agent is ready on ${nodes.join(" and ")}`,
    async () => {
      const [found, status, all] = [await byNode(engine, "agent"), await counters(engine), await pods(engine, "app=agent")];
      const there = Object.values(found);
      return (
        Object.keys(found).join() === nodes.join() &&
        all.length === nodes.length &&
        there.every((pod) => pod.ready && (tag === undefined || pod.tag === tag)) &&
        status.numberAvailable === nodes.length &&
        status.updatedNumberScheduled === nodes.length
      );
    },
    { withinMs: 60_000 },
  );

test("an agent on every node", async (t) => {
  const engine = await startEngine(t, { images: ["ch09-vweb.tar", "ch03-sleep.tar"], nodes: 3, files });
  const { run, attempt } = engine;
  /** Looks at the Pods until `agent` is complete, and notes the fewest ready and the most there ever were. */
  async function watchUpdate(tag: string): Promise<{ fewestReady: number; mostPods: number }> {
    const watch = engine.start(
      'kubectl get pods -l app=agent --watch --output-watch-events -o jsonpath=\'{.type} {.object.metadata.name} {.object.status.conditions[?(@.type=="Ready")].status} {.object.metadata.deletionTimestamp}{"\\n"}\'',
    );
    await until("the watch shows what there is", () => watch.output().split("\n").length > 3);
    await run(`kubectl set image ds/agent web=kiamol/ch09-vweb:${tag}`);
    await run("kubectl rollout status ds/agent");
    await completeOn(engine, names, tag);
    const there = new Map<string, boolean>();
    let [fewestReady, mostPods] = [3, 0];
    for (const [index, line] of watch.output().trim().split("\n").entries()) {
      const [type, name = "", ready, leaving] = line.split(" ");
      if (type === "DELETED") there.delete(name);
      else there.set(name, ready === "True" && !leaving);
      if (index < 2) continue;
      fewestReady = Math.min(fewestReady, [...there.values()].filter(Boolean).length);
      mostPods = Math.max(mostPods, there.size);
    }
    await watch.end();
    return { fewestReady, mostPods };
  }

  await t.test("DS-1, DS-4, DS-11, TAB-9: every node gets one, and the counters say so", async () => {
    await run("kubectl apply -f agent.yaml");
    assert.match(
      await run("kubectl rollout status ds/agent"),
      /^(Waiting for daemon set "agent" rollout to finish: \d of 3 updated pods are available\.\.\.\n)*daemon set "agent" successfully rolled out$/,
    );
    await completeOn(engine, names, "v1");
    assert.match(
      await run("kubectl get ds"),
      /^NAME +DESIRED +CURRENT +READY +UP-TO-DATE +AVAILABLE +NODE SELECTOR +AGE\nagent +3 +3 +3 +3 +3 +<none> +\S+$/,
    );
    const [pod] = await pods(engine, "app=agent");
    const [revision] = (await engine.read(`${apps}/controllerrevisions`)).items;
    assert.equal(`agent-${pod.metadata.labels["controller-revision-hash"]}`, revision.metadata.name);
    const ranges = (await pods(engine, "app=agent")).map(({ status }) => status.podIP.split(".").slice(0, 3).join("."));
    assert.equal(new Set(ranges).size, 3);
  });

  await t.test("DS-6, DS-7: an update goes node by node", async () => {
    await run("kubectl annotate ds agent kubernetes.io/change-cause='version two' --overwrite");
    assert.deepEqual(await watchUpdate("v2"), { fewestReady: 2, mostPods: 3 });
  });

  await t.test("KR-10, KR-20 … KR-25, KR-30: history, undo, restart; pause and resume are refused", async () => {
    assert.equal(
      await run("kubectl rollout history ds/agent"),
      "daemonset.apps/agent \nREVISION  CHANGE-CAUSE\n1         version one\n2         version two\n",
    );
    const revision = await run("kubectl rollout history ds/agent --revision=1");
    assert.match(
      revision,
      /^daemonset\.apps\/agent with revision #1\nPod Template:\n {2}Labels:\tapp=agent\n[\s\S]*\tkiamol\/ch09-vweb:v1\n/,
    );
    assert.match(await run("kubectl rollout undo ds/agent --dry-run=client"), /^daemonset\.apps\/agent will roll back to Pod Template:\n/);
    assert.equal(await run("kubectl rollout undo ds/agent --dry-run=server"), "daemonset.apps/agent rolled back (server dry run)");
    assert.equal(
      await run("kubectl rollout undo ds/agent --to-revision=2"),
      "daemonset.apps/agent skipped rollback (current template already matches revision 2)",
    );
    assert.equal(
      (await attempt("kubectl rollout undo ds/agent --to-revision=9")).stderr,
      "error: unable to find specified revision 9 in history\n",
    );
    assert.equal(await run("kubectl rollout undo ds/agent"), "daemonset.apps/agent rolled back");
    await run("kubectl rollout status ds/agent");
    await completeOn(engine, names, "v1");
    assert.match(await run("kubectl rollout history ds/agent"), /^2 +version two\n3 +version one\n$/m);
    const before = await byNode(engine, "agent");
    assert.equal(await run("kubectl rollout restart ds/agent"), "daemonset.apps/agent restarted");
    assert.match(
      await run("kubectl rollout status ds/agent"),
      /^Waiting for daemon set "agent" rollout to finish: [012] out of 3 new pods have been updated\.\.\.$/m,
    );
    const after = await byNode(engine, "agent");
    for (const name of names) assert.notEqual(after[name]?.uid, before[name]?.uid);
    assert.equal((await attempt("kubectl rollout pause ds/agent")).stderr, 'error: daemonsets.apps "agent" pausing is not supported\n');
    assert.equal((await attempt("kubectl rollout resume ds/agent")).stderr, 'error: daemonsets.apps "agent" resuming is not supported\n');
  });

  await t.test("a broken update stops at the first node, and undo mends it", async () => {
    const before = await byNode(engine, "agent");
    await run("kubectl set image ds/agent web=kiamol/ch09-vweb:v99");
    await until("one is stuck", async () => /^agent-\S+ +0\/1 +(ErrImagePull|ImagePullBackOff) /m.test(await run("kubectl get pods")));
    const { code, stdout, stderr } = await attempt("kubectl rollout status ds/agent --timeout=1s");
    assert.deepEqual([code, stderr], [1, "error: timed out waiting for the condition\n"]);
    assert.match(stdout, /rollout to finish: 1 out of 3 new pods have been updated\.\.\.$/m);
    const now = await byNode(engine, "agent");
    assert.equal(names.filter((name) => now[name]?.uid === before[name]?.uid).length, 2);
    const { numberAvailable, numberUnavailable, updatedNumberScheduled } = await counters(engine);
    assert.deepEqual([numberAvailable, numberUnavailable, updatedNumberScheduled], [2, 1, 1]);
    await run("kubectl rollout undo ds/agent");
    await completeOn(engine, names, "v1");
    const after = await byNode(engine, "agent");
    assert.equal(names.filter((name) => after[name]?.uid === before[name]?.uid).length, 2);
  });

  await t.test("DS-8: with maxSurge the new Pod stands beside the old one until it is available", async () => {
    await run(`kubectl patch ds agent -p '{"spec":{"updateStrategy":{"rollingUpdate":{"maxSurge":1,"maxUnavailable":0}}}}'`);
    assert.deepEqual(await watchUpdate("v2"), { fewestReady: 3, mostPods: 4 });
  });

  await t.test("DS-10: with OnDelete a Pod changes when somebody deletes it", async () => {
    await run(`kubectl patch ds agent -p '{"spec":{"updateStrategy":{"type":"OnDelete","rollingUpdate":null}}}'`);
    await run("kubectl set image ds/agent web=kiamol/ch09-vweb:v1");
    assert.equal(
      (await attempt("kubectl rollout status ds/agent")).stderr,
      "error: rollout status is only available for RollingUpdate strategy type\n",
    );
    const [{ metadata }] = (await pods(engine, "app=agent")).filter(({ spec }) => spec.nodeName === "windlass-2");
    await run(`kubectl delete pod ${metadata.name}`);
    await until("the node has the new one", async () => (await byNode(engine, "agent"))["windlass-2"]?.ready);
    assert.deepEqual(
      Object.values(await byNode(engine, "agent")).map(({ tag }) => tag),
      ["v2", "v1", "v2"],
    );
    assert.equal((await counters(engine)).updatedNumberScheduled, 1);
    await run(`kubectl patch ds agent -p '{"spec":{"updateStrategy":{"type":"RollingUpdate"}}}'`);
    await completeOn(engine, names, "v1");
  });

  await t.test("DS-2: a selector and taints say where it runs", async () => {
    await run("kubectl label node windlass-1 windlass-3 disk=fast");
    await run(`kubectl patch ds agent -p '{"spec":{"template":{"spec":{"nodeSelector":{"disk":"fast"}}}}}'`);
    await completeOn(engine, ["windlass-1", "windlass-3"]);
    assert.match(await run("kubectl get ds agent"), /^agent +2 +2 +2 +2 +2 +disk=fast +\S+$/m);
    await run("kubectl label node windlass-3 disk-");
    await completeOn(engine, ["windlass-1"]);
    await run(`kubectl patch ds agent -p '{"spec":{"template":{"spec":{"nodeSelector":null}}}}'`);
    await completeOn(engine, names);
    await run("kubectl taint node windlass-3 own=yes:NoExecute");
    await completeOn(engine, ["windlass-1", "windlass-2"]);
    await run("kubectl taint node windlass-3 own-");
    await completeOn(engine, names);
  });

  await t.test("DS-3: a cordoned node keeps its daemons and gets no other Pods", async () => {
    assert.equal(await run("kubectl cordon windlass-1 windlass-3"), "node/windlass-1 cordoned\nnode/windlass-3 cordoned");
    assert.match(await run("kubectl get nodes"), /^windlass-3 +Ready,SchedulingDisabled /m);
    await run("kubectl rollout restart ds/agent && kubectl rollout status ds/agent");
    await completeOn(engine, names);
    await run("kubectl apply -f keeper.yaml");
    assert.equal((await podReady(engine, "keeper-0")).spec.nodeName, "windlass-2");
    await run("kubectl exec keeper-0 -- sh -c 'echo kept > /data/word'");
    await run("kubectl uncordon windlass-1 windlass-3");
    await run("kubectl apply -f on-nodes.yaml && kubectl rollout status deploy/front");
    await podReady(engine, "alone");
    await until("the budget counts them", async () => {
      const { status } = await engine.read("/apis/policy/v1/namespaces/default/poddisruptionbudgets/front");
      return status.currentHealthy === 3 && status.disruptionsAllowed === 0;
    });
    assert.deepEqual(Object.keys(await byNode(engine, "front")), names);
  });

  await t.test("drain names what it would lose before it takes anything", async () => {
    const { code, output } = await attempt("kubectl drain windlass-2");
    assert.equal(code, 1);
    assert.match(output, /cannot delete DaemonSet-managed Pods \(use --ignore-daemonsets to ignore\): default\/agent-\S+$/m);
    assert.match(output, /cannot delete Pods with local storage \(use --delete-emptydir-data to override\): default\/alone$/m);
    const unforced = await attempt("kubectl drain windlass-2 --ignore-daemonsets --delete-emptydir-data");
    assert.match(unforced.output, /cannot delete Pods that declare no controller \(use --force to override\): default\/alone$/m);
    assert.equal((await pods(engine, "app=front")).filter(({ spec }) => spec.nodeName === "windlass-2").length, 1);
  });

  await t.test("a PodDisruptionBudget holds a drain up until it has room; volumes stay where they are", async () => {
    const draining = engine.start("kubectl drain windlass-2 --ignore-daemonsets --delete-emptydir-data --force");
    await until("it says what holds it up", () =>
      /error when evicting pods\/"front-\S+" -n "default" \(will retry after 5s\): Cannot evict pod as it would violate the pod's disruption budget\.$/m.test(
        draining.output(),
      ),
    );
    assert.match(draining.output(), /^Warning: .*ignoring DaemonSet-managed Pods: default\/agent-/m);
    assert.match(draining.output(), /^Warning: .*deleting Pods that declare no controller: default\/alone/m);
    await until(
      "the others have gone",
      () => /^pod\/alone evicted$/m.test(draining.output()) && /^pod\/keeper-0 evicted$/m.test(draining.output()),
    );
    assert.equal(Object.keys(await byNode(engine, "front")).length, 3);
    await run(`kubectl patch pdb front -p '{"spec":{"minAvailable":2}}'`);
    const { code, output } = await draining.ended;
    assert.equal(code, 0, output);
    assert.match(output, /\nnode\/windlass-2 drained\n$/);
    await run("kubectl rollout status deploy/front");
    assert.deepEqual(Object.keys(await byNode(engine, "front")), ["windlass-1", "windlass-3"]);
    assert.ok((await byNode(engine, "agent"))["windlass-2"]?.ready);
    await until("its member waits for the node of its volume", async () => {
      const described = await run("kubectl describe pod keeper-0");
      return /^ +Warning +FailedScheduling +.*default-scheduler +0\/3 nodes are available: 1 node\(s\) were unschedulable, 2 node\(s\) (had volume node affinity conflict|didn't match PersistentVolume's node affinity)\. /m.test(
        described,
      );
    });
    assert.equal(await run("kubectl uncordon windlass-2"), "node/windlass-2 uncordoned");
    await podReady(engine, "keeper-0");
    assert.equal(await run("kubectl exec keeper-0 -- cat /data/word"), "kept");
  });

  await t.test("a node that is lost is noticed, one that is deleted stays deleted; their Pods are made anew elsewhere", async () => {
    await run("windlass down");
    await run("windlass up --detach --nodes 2");
    // Its agent has to have registered it: it does so at every start.
    await until("the second node runs its containers again", async () => {
      const { status } = await podReady(engine, "keeper-0");
      return status.containerStatuses[0].restartCount === 1;
    });
    assert.equal(await run("kubectl delete node windlass-2"), 'node "windlass-2" deleted');
    await until("it no longer counts", async () => (await counters(engine)).desiredNumberScheduled === 2);
    await until("the other one is not ready", async () => /^windlass-3 +NotReady /m.test(await run("kubectl get nodes")), {
      withinMs: 90_000,
    });
    const described = await run("kubectl describe node windlass-3");
    assert.match(described, /^Taints: +node\.kubernetes\.io\/unreachable:NoExecute\n +node\.kubernetes\.io\/unreachable:NoSchedule$/m);
    assert.match(described, /^ +Ready +Unknown .* NodeStatusUnknown +Kubelet stopped posting node status\.$/m);
    await until("the front is whole without them", async () => {
      const { status } = await engine.read(`${apps}/deployments/front`);
      return status.readyReplicas === 3 && Object.keys(await byNode(engine, "front")).join() === "windlass-1";
    });
    const ofDeleted = async () => (await engine.read(`${core}/pods`)).items.filter(({ spec }: any) => spec.nodeName === "windlass-2");
    await until("the deleted node's Pods have gone", async () => (await ofDeleted()).length === 0, { withinMs: 90_000 });
    assert.doesNotMatch(await run("kubectl get nodes"), /windlass-2/);
  });

  await t.test("both are back with the next start, without the Pods of their former lives", async () => {
    const lost = (await pods(engine, "app=front")).filter(({ spec }) => spec.nodeName === "windlass-3");
    assert.ok(lost.length > 0 && lost.every(({ metadata }) => metadata.deletionTimestamp !== undefined));
    await run("windlass down");
    await run("windlass up --detach --nodes 3");
    await completeOn(engine, names);
    await until("nothing lingers", async () => (await pods(engine, "app=front")).length === 3);
    assert.equal(await until("its volume is still there", () => run("kubectl exec keeper-0 -- cat /data/word")), "kept");
  });
});
