/** cordon, uncordon, drain, taint and events do and say what kubectl does. */
import assert from "node:assert/strict";
import test from "node:test";
import { startEngine } from "../harness/engine.ts";
import { assertSame } from "../harness/same-as-kubectl.ts";
import { until } from "../harness/until.ts";

const lines = [
  "kubectl cordon --dry-run=client",
  "kubectl cordon windlass-1 windlass-2 --dry-run=client",
  "kubectl cordon windlass-1 --dry-run=server",
  "kubectl cordon -l a=b",
  "kubectl cordon nope",
  "kubectl uncordon windlass-2 nope",
  "kubectl cordon -l kubernetes.io/hostname=windlass-2 windlass-1",
  "kubectl cordon node/windlass-2 --dry-run=client",
  "kubectl uncordon windlass-1",
  "kubectl cordon windlass-2 --as=joe",
  "kubectl taint",
  "kubectl taint node windlass-2",
  "kubectl taint node windlass-2 a=b:NoSchedule --dry-run=server",
  "kubectl taint node windlass-2 a=b:Foo",
  "kubectl taint node windlass-2 a=b",
  "kubectl taint pod x a=b:NoSchedule",
  "kubectl taint node windlass-2 a-",
  "kubectl taint node windlass-2 a=b:NoSchedule a=b:NoExecute-",
  "kubectl taint node windlass-2 a:NoSchedule- --dry-run=client",
  "kubectl taint node windlass-2 a=b:NoSchedule a=c:NoSchedule",
  "kubectl taint node -l x=y a=b:NoSchedule",
  "kubectl taint node nope a=b:NoSchedule",
  "kubectl taint node windlass-2 a=b:NoSchedule a-",
  "kubectl taint node windlass-2 a=b:NoSchedule -o name --dry-run=server",
  "kubectl taint node windlass-1 windlass-2 w=x:NoExecute --dry-run=server",
  "kubectl taint node windlass-2 'a b=b:NoSchedule'",
  { prepare: "kubectl taint node windlass-1 had=x:PreferNoSchedule --overwrite" },
  "kubectl taint node windlass-1 had=x:PreferNoSchedule",
  "kubectl taint node windlass-1 had=y:PreferNoSchedule --overwrite --dry-run=server",
  "kubectl taint node windlass-1 had- --dry-run=server",
  "kubectl taint node windlass-1 had:PreferNoSchedule- q=r:NoSchedule --dry-run=server -o jsonpath='{.spec.taints}'",
  { prepare: "kubectl taint node windlass-1 had-" },
  "kubectl drain",
  "kubectl drain nope",
  "kubectl drain windlass-1 -l a=b",
  "kubectl drain windlass-1 --pod-selector='a in'",
  "kubectl drain windlass-1 --dry-run=client --ignore-daemonsets",
  "kubectl drain windlass-1 --dry-run=client --force",
  "kubectl drain windlass-1 --ignore-daemonsets --dry-run=client --pod-selector=nope=x",
  "kubectl events --for deploy/web",
  "kubectl events --for deployments/web --no-headers",
  "kubectl events -n kube-public",
  "kubectl events --types=Warning -n kube-public",
  "kubectl events --types=Foo",
  "kubectl events --for deploy/web -o jsonpath='{.items[0].reason}'",
  "kubectl events --for foo/x",
  "kubectl events --for web",
  "kubectl events --for pod/nope -A",
  "kubectl events --for deploy/web -A --types=Normal,Warning",
  "kubectl events -n kube-public -o json",
  "kubectl events -A --for=node/windlass-1 --types=normal",
];

/** Client-side throttling is logged by kubectl. */
const mask = [[/^I\d{4}.*\n/gm, ""]] as const;

test("windlass looks after nodes as kubectl 1.35 does", async (t) => {
  const engine = await startEngine(t, { runtime: "simulated", nodes: 2, images: [], files: new URL("manifests/", import.meta.url) });
  const { run } = engine;
  const podsOn = async (node: string): Promise<string[]> => {
    const { items } = await engine.read("/api/v1/namespaces/default/pods");
    return items
      .filter((pod: any) => pod.spec.nodeName === node && !pod.metadata.deletionTimestamp)
      .map((pod: any) => pod.metadata.name.replace(/-.*/, ""));
  };
  await run("kubectl apply -f web.yaml -f more.yaml && kubectl rollout status deploy/web && kubectl rollout status ds/agent");
  // Only Pods of the DaemonSet are on the first node from here on, so that no two looks at it differ.
  await run("windlass drain windlass-1 --ignore-daemonsets --force");
  await until("everything else runs on the second node", async () => (await podsOn("windlass-2")).length >= 4);
  await run("windlass uncordon windlass-1");
  await t.test("the same lines", () => assertSame(engine, lines, { mask }));

  await t.test("a drained node has no Pods but those of DaemonSets, and takes none until it is uncordoned", async () => {
    const said = await run("windlass drain windlass-2 --ignore-daemonsets --force");
    assert.match(said, /^node\/windlass-2 cordoned$/m);
    assert.match(said, /^pod\/web-\S+ evicted$/m);
    assert.match(said, /^node\/windlass-2 drained$/m);
    assert.deepEqual(await podsOn("windlass-2"), ["agent"]);
    await run("windlass uncordon windlass-2");
  });

  await t.test("an eviction that a budget forbids is tried again until the time is over", async () => {
    await run("windlass create pdb web --selector=app=web --min-available=100%");
    await until("the budget is counted", async () => {
      const { status } = await engine.read("/apis/policy/v1/namespaces/default/poddisruptionbudgets/web");
      return status?.expectedPods > 0 && status.disruptionsAllowed === 0;
    });
    const outcome = await engine.attempt("windlass drain windlass-1 --ignore-daemonsets --force --timeout=1s");
    assert.equal(outcome.code, 1);
    assert.match(outcome.stderr, /global timeout reached/);
    assert.match(outcome.stderr, /There are pending nodes to be drained:\n windlass-1/);
  });
});
