/** StatefulSets in real containers: members with a name, an order and a volume of their own, updated from the top, stuck, mended, killed. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { apps, core, type Engine, startEngine } from "../harness/engine.ts";
import { until } from "../harness/until.ts";
import { podReady, pods } from "../harness/workloads.ts";

const files = new URL("manifests/", import.meta.url);

const set = (engine: Engine, name: string): Promise<any> => engine.read(`${apps}/statefulsets/${name}`);
const claims = async (engine: Engine): Promise<string[]> =>
  (await engine.read(`${core}/persistentvolumeclaims`)).items.map(({ metadata }: any) => metadata.name).sort();

/** What is known of a set's Pods, by name: the tag of their image, and when each was made. */
async function members(engine: Engine, app: string): Promise<Record<string, { tag: string; uid: string; created: string; pod: any }>> {
  const found = (await pods(engine, `app=${app}`)).map((pod) => [
    pod.metadata.name as string,
    { tag: pod.spec.containers[0].image.split(":")[1] ?? "", uid: pod.metadata.uid, created: pod.metadata.creationTimestamp, pod },
  ]);
  return Object.fromEntries(found.sort());
}
const tags = async (engine: Engine, app: string): Promise<Record<string, string>> =>
  Object.fromEntries(Object.entries(await members(engine, app)).map(([name, { tag }]) => [name, tag]));
const uids = async (engine: Engine, app: string): Promise<Record<string, string>> =>
  Object.fromEntries(Object.entries(await members(engine, app)).map(([name, { uid }]) => [name, uid]));

/** Waits until every wanted Pod is there, ready, and no other. */
async function complete(engine: Engine, name: string, replicas: number, withinMs = 60_000): Promise<any> {
  return until(
    `${name} has ${replicas} ready Pods`,
    async () => {
      const { metadata, status, ...rest } = await set(engine, name);
      const found = await pods(engine, `app=${name}`);
      const isDone =
        status.observedGeneration === metadata.generation && status.replicas === replicas && (status.readyReplicas ?? 0) === replicas;
      return isDone && found.length === replicas && { metadata, status, ...rest };
    },
    { withinMs },
  );
}

/** The order in which things happened to Pods, from a watch that runs until it is ended. */
function watchPods(engine: Engine, app: string): { seen(): string[]; end(): Promise<unknown> } {
  const watch = engine.start(
    `kubectl get pods -l app=${app} --watch-only --output-watch-events -o custom-columns=T:.type,N:.object.metadata.name --no-headers`,
  );
  const seen = (): string[] =>
    watch
      .output()
      .split("\n")
      .map((line) => line.trim().split(/ +/).join(" "))
      .filter((line) => /^(ADDED|DELETED) /.test(line));
  return { seen, end: () => watch.end() };
}

test("members in order", async (t) => {
  const engine = await startEngine(t, { images: ["ch09-vweb.tar"], nodes: 2, files });
  const { run, attempt } = engine;
  const inside = (pod: string, line: string): Promise<string> => run(`kubectl exec ${pod} -- sh -c '${line}'`);
  const directoryOf = async (claim: string): Promise<string> =>
    join(engine.home, "volumes", (await engine.read(`${core}/persistentvolumeclaims/${claim}`)).spec.volumeName);
  const hashes: Record<string, string> = {};

  await t.test("STS-10: they are made one after another, each when the one before is ready", async () => {
    await run("kubectl apply -f notes-set.yaml");
    const printed = await run("kubectl rollout status sts/notes");
    assert.match(printed, /^Waiting for [123] pods to be ready\.\.\.\n/);
    assert.match(printed, /\npartitioned roll out complete: 3 new pods have been updated\.\.\.$/);
    const found = Object.values(await members(engine, "notes"));
    const readyAt = (pod: any): string => pod.status.conditions.find(({ type }: any) => type === "Ready").lastTransitionTime;
    for (const [index, next] of found.slice(1).entries()) assert.ok(readyAt(found[index]?.pod) <= next.created);
    assert.match(await run("kubectl get sts"), /^NAME +READY +AGE\nnotes +3\/3 +\S+$/);
    assert.deepEqual(await claims(engine), ["data-notes-0", "data-notes-1", "data-notes-2"]);
    const described = await run("kubectl describe sts notes");
    assert.match(
      described,
      /Normal +SuccessfulCreate .*statefulset-controller +create Claim data-notes-0 Pod notes-0 in StatefulSet notes success$/m,
    );
    assert.match(described, /Normal +SuccessfulCreate .*statefulset-controller +create Pod notes-2 in StatefulSet notes successful$/m);
  });

  await t.test("STS-1 … STS-3: each knows its name, and is known by it", async () => {
    for (const ordinal of [0, 1, 2]) {
      const name = `notes-${ordinal}`;
      const { pod } = (await members(engine, "notes"))[name] as { pod: any };
      assert.equal(pod.metadata.labels["statefulset.kubernetes.io/pod-name"], name);
      assert.equal(pod.metadata.labels["apps.kubernetes.io/pod-index"], String(ordinal));
      assert.equal(pod.metadata.labels["controller-revision-hash"], (await set(engine, "notes")).status.currentRevision);
      assert.deepEqual([pod.spec.hostname, pod.spec.subdomain], [name, "notes"]);
      assert.equal(await inside(name, "hostname; hostname -f"), `${name}\n${name}.notes.default.svc.cluster.local`);
      await inside(name, `echo ${name} > /data/owner`);
    }
  });

  await t.test("a Pod in the place of another has its name and its files", async () => {
    const before = await uids(engine, "notes");
    await run("kubectl delete pod notes-1");
    await complete(engine, "notes", 3);
    const after = await uids(engine, "notes");
    assert.notEqual(after["notes-1"], before["notes-1"]);
    assert.deepEqual([after["notes-0"], after["notes-2"]], [before["notes-0"], before["notes-2"]]);
    assert.equal(await inside("notes-1", "hostname; cat /data/owner"), "notes-1\nnotes-1");
  });

  await t.test("STS-4, STS-10: scaled down from the top, scaled up again, each finds its own claim", async () => {
    const watch = watchPods(engine, "notes");
    await run("kubectl scale sts/notes --replicas=1");
    await complete(engine, "notes", 1);
    await until("both have been seen to go", () => watch.seen().length === 2);
    assert.deepEqual(watch.seen(), ["DELETED notes-2", "DELETED notes-1"]);
    await watch.end();
    assert.deepEqual(await claims(engine), ["data-notes-0", "data-notes-1", "data-notes-2"]);
    await run("kubectl scale sts/notes --replicas=3");
    await complete(engine, "notes", 3);
    for (const ordinal of [1, 2]) assert.equal(await inside(`notes-${ordinal}`, "cat /data/owner"), `notes-${ordinal}`);
  });

  await t.test("STS-20, STS-21: a partition holds the members below it back", async () => {
    await run(`kubectl patch sts notes -p '{"spec":{"updateStrategy":{"rollingUpdate":{"partition":2}}}}'`);
    await run("kubectl annotate sts notes kubernetes.io/change-cause='version two' --overwrite");
    assert.equal(await run("kubectl set image sts/notes web=kiamol/ch09-vweb:v2"), "statefulset.apps/notes image updated");
    assert.match(await run("kubectl rollout status sts/notes"), /^partitioned roll out complete: 1 new pods have been updated\.\.\.$/m);
    assert.deepEqual(await tags(engine, "notes"), { "notes-0": "v1", "notes-1": "v1", "notes-2": "v2" });
    const { status } = await set(engine, "notes");
    assert.notEqual(status.currentRevision, status.updateRevision);
    assert.deepEqual([status.currentReplicas, status.updatedReplicas], [2, 1]);
    hashes.one = status.currentRevision;
    hashes.two = status.updateRevision;
    await run("kubectl delete pod notes-0 notes-2");
    await complete(engine, "notes", 3);
    assert.deepEqual(await tags(engine, "notes"), { "notes-0": "v1", "notes-1": "v1", "notes-2": "v2" });
    assert.equal(await inside("notes-2", "cat /data/owner"), "notes-2");
  });

  await t.test("STS-20, STS-36: without the partition the rest follows, from the top down, one at a time", async () => {
    const watch = watchPods(engine, "notes");
    await run(`kubectl patch sts notes -p '{"spec":{"updateStrategy":{"rollingUpdate":{"partition":0}}}}'`);
    assert.match(
      await run("kubectl rollout status sts/notes"),
      /^Waiting for partitioned roll out to finish: [12] out of 3 new pods have been updated\.\.\.$[\s\S]*^partitioned roll out complete: 3 new pods have been updated\.\.\.$/m,
    );
    await until("all of it has been seen", () => watch.seen().length === 4);
    assert.deepEqual(watch.seen(), ["DELETED notes-1", "ADDED notes-1", "DELETED notes-0", "ADDED notes-0"]);
    await watch.end();
    const { status } = await complete(engine, "notes", 3);
    assert.deepEqual([status.currentRevision, status.currentReplicas, status.updatedReplicas], [hashes.two, 3, 3]);
    for (const ordinal of [0, 1, 2]) assert.equal(await inside(`notes-${ordinal}`, "cat /data/owner"), `notes-${ordinal}`);
  });

  await t.test("KR-10 … KR-13: the history, and one revision of it", async () => {
    assert.equal(
      await run("kubectl rollout history sts/notes"),
      "statefulset.apps/notes \nREVISION  CHANGE-CAUSE\n1         version one\n2         version two\n",
    );
    const revision = await run("kubectl rollout history sts/notes --revision=1");
    assert.match(
      revision,
      /^statefulset\.apps\/notes with revision #1\nPod Template:\n {2}Labels:\tapp=notes\n {2}Containers:\n {3}web:\n/,
    );
    assert.match(revision, /^ {4}Image:\tkiamol\/ch09-vweb:v1$/m);
    assert.equal(
      (await attempt("kubectl rollout history sts/notes --revision=9")).stderr,
      "error: unable to find the specified revision\n",
    );
    assert.match(
      await run("kubectl get controllerrevisions"),
      /^NAME +CONTROLLER +REVISION +AGE\nnotes-\S+ +statefulset\.apps\/notes +[12] +\S+\n/,
    );
  });

  await t.test("KR-20 … KR-25: undo, first to see what it would do", async () => {
    assert.match(
      await run("kubectl rollout undo sts/notes --dry-run=client"),
      /^statefulset\.apps\/notes will roll back to Pod Template:\n[\s\S]*\tkiamol\/ch09-vweb:v1\n[\s\S]* \(dry run\)$/,
    );
    assert.equal(await run("kubectl rollout undo sts/notes --dry-run=server"), "statefulset.apps/notes rolled back (server dry run)");
    assert.deepEqual(await tags(engine, "notes"), { "notes-0": "v2", "notes-1": "v2", "notes-2": "v2" });
    assert.equal(
      (await attempt("kubectl rollout undo sts/notes --to-revision=7")).stderr,
      "error: unable to find specified revision 7 in history\n",
    );
    assert.equal(
      await run("kubectl rollout undo sts/notes --to-revision=2"),
      "statefulset.apps/notes skipped rollback (current template already matches revision 2)",
    );
    assert.equal(await run("kubectl rollout undo sts/notes --to-revision=1"), "statefulset.apps/notes rolled back");
    await run("kubectl rollout status sts/notes");
    assert.deepEqual(await tags(engine, "notes"), { "notes-0": "v1", "notes-1": "v1", "notes-2": "v1" });
    assert.equal((await set(engine, "notes")).status.updateRevision, hashes.one);
    assert.equal(
      await run("kubectl rollout history sts/notes"),
      "statefulset.apps/notes \nREVISION  CHANGE-CAUSE\n2         version two\n3         version one\n",
    );
    assert.equal(await run("kubectl rollout undo sts/notes"), "statefulset.apps/notes rolled back");
    await run("kubectl rollout status sts/notes");
    assert.equal((await set(engine, "notes")).status.updateRevision, hashes.two);
  });

  await t.test("KR-30, KR-31: restart replaces every member; pause and resume are refused", async () => {
    const before = await uids(engine, "notes");
    assert.equal(await run("kubectl rollout restart sts/notes"), "statefulset.apps/notes restarted");
    await run("kubectl rollout status sts/notes");
    const after = await uids(engine, "notes");
    for (const name of Object.keys(before)) assert.notEqual(after[name], before[name]);
    assert.equal((await attempt("kubectl rollout pause sts/notes")).stderr, 'error: statefulsets.apps "notes" pausing is not supported\n');
    assert.equal(
      (await attempt("kubectl rollout resume sts/notes")).stderr,
      'error: statefulsets.apps "notes" resuming is not supported\n',
    );
  });

  await t.test("STS-23: a broken update stops at the top, and undo alone does not mend it", async () => {
    const before = await uids(engine, "notes");
    await run("kubectl set image sts/notes web=kiamol/ch09-vweb:v99");
    await until("the top is stuck", async () => /^notes-2 +0\/1 +(ErrImagePull|ImagePullBackOff) /m.test(await run("kubectl get pods")));
    const status = await attempt("kubectl rollout status sts/notes --timeout=1s");
    assert.deepEqual([status.code, status.stderr], [1, "error: timed out waiting for the condition\n"]);
    assert.match(status.stdout, /^Waiting for 1 pods to be ready\.\.\.$/m);
    await run("kubectl rollout undo sts/notes");
    await until("the undo has been seen", async () => {
      const { metadata, status } = await set(engine, "notes");
      return status.observedGeneration === metadata.generation;
    });
    // Another pass over the set would not be too late to replace it.
    await run("kubectl annotate sts notes look=again");
    const after = await members(engine, "notes");
    assert.equal(after["notes-2"]?.tag, "v99");
    assert.deepEqual([after["notes-0"]?.uid, after["notes-1"]?.uid], [before["notes-0"], before["notes-1"]]);
    await run("kubectl delete pod notes-2");
    await run("kubectl rollout status sts/notes");
    assert.deepEqual(await tags(engine, "notes"), { "notes-0": "v2", "notes-1": "v2", "notes-2": "v2" });
    assert.equal(await inside("notes-2", "cat /data/owner"), "notes-2");
  });

  await t.test("STS-14: a Pod that has failed is made anew under its name", async () => {
    const before = await uids(engine, "notes");
    await run(`kubectl patch pod notes-1 --subresource=status -p '{"status":{"phase":"Failed"}}'`);
    await until("another has taken its place", async () => {
      const after = await uids(engine, "notes");
      return after["notes-1"] !== undefined && after["notes-1"] !== before["notes-1"];
    });
    await complete(engine, "notes", 3);
    assert.equal(await inside("notes-1", "cat /data/owner"), "notes-1");
  });

  await t.test("down and up again: the same names and the same files", async () => {
    await run("windlass down");
    await engine.up();
    await complete(engine, "notes", 3);
    for (const ordinal of [0, 1, 2]) {
      const name = `notes-${ordinal}`;
      assert.equal(await until(`${name} answers`, () => inside(name, "hostname; cat /data/owner")), `${name}\n${name}`);
    }
  });

  await t.test("killed and up again: the very same Pods in the very same containers", async () => {
    const before = await members(engine, "notes");
    const containers = (seen: typeof before): string[] => Object.values(seen).map(({ pod }) => pod.status.containerStatuses[0].containerID);
    process.kill(engine.pid(), "SIGKILL");
    await until("the process is gone", async () => (await attempt("windlass status")).code === 3);
    await engine.up();
    const after = await members(engine, "notes");
    assert.deepEqual(containers(after), containers(before));
    await complete(engine, "notes", 3);
    for (const ordinal of [0, 1, 2]) {
      const name = `notes-${ordinal}`;
      assert.equal(await until(`${name} answers`, () => inside(name, "cat /data/owner")), name);
    }
  });

  await t.test("killed in the middle of an update: it goes on where it was, one member at a time", async () => {
    await run("kubectl set image sts/notes web=kiamol/ch09-vweb:v1");
    await until("the update has begun", async () => (await members(engine, "notes"))["notes-2"]?.tag === "v1");
    process.kill(engine.pid(), "SIGKILL");
    await until("the process is gone", async () => (await attempt("windlass status")).code === 3);
    await engine.up();
    assert.match(await run("kubectl rollout status sts/notes"), /^partitioned roll out complete: 3 new pods have been updated\.\.\.$/m);
    assert.deepEqual(await tags(engine, "notes"), { "notes-0": "v1", "notes-1": "v1", "notes-2": "v1" });
    for (const ordinal of [0, 1, 2]) assert.equal(await inside(`notes-${ordinal}`, "cat /data/owner"), `notes-${ordinal}`);
  });

  await t.test("STS-5: by default the claims outlive the set, and the next set of that name finds them", async () => {
    const directory = await directoryOf("data-notes-0");
    await run("kubectl delete sts notes");
    await until("the Pods have gone", async () => (await pods(engine, "app=notes")).length === 0);
    assert.equal(readFileSync(join(directory, "owner"), "utf8"), "notes-0\n");
    await run("kubectl apply -f notes-set.yaml");
    await complete(engine, "notes", 3);
    assert.equal(await inside("notes-0", "cat /data/owner"), "notes-0");
  });

  await t.test("STS-5: whenDeleted Delete takes claims, volumes and files along", async () => {
    const directory = await directoryOf("data-notes-0");
    await run(`kubectl patch sts notes -p '{"spec":{"persistentVolumeClaimRetentionPolicy":{"whenDeleted":"Delete"}}}'`);
    await until("the set owns its claims", async () => {
      const { items } = await engine.read(`${core}/persistentvolumeclaims`);
      return items.length === 3 && items.every(({ metadata }: any) => metadata.ownerReferences?.[0]?.kind === "StatefulSet");
    });
    await run("kubectl delete sts notes");
    await until("the claims have gone", async () => (await claims(engine)).length === 0, { withinMs: 60_000 });
    await until("the files have gone", () => !existsSync(directory) && readdirSync(join(engine.home, "volumes")).length === 0);
  });
});

test("members all at once, by hand, and with a budget", async (t) => {
  const engine = await startEngine(t, { images: ["ch03-sleep.tar", "ch09-vweb.tar"], files });
  const { run } = engine;

  await t.test("STS-1, STS-13: Parallel makes all of them without waiting for anyone, from the start ordinal on", async () => {
    await run("kubectl apply -f crowd.yaml");
    await until("all of them run and none is ready", async () => {
      const found = Object.entries(await members(engine, "crowd"));
      return found.length === 4 && found.every(([, { pod }]) => pod.status.phase === "Running");
    });
    assert.deepEqual(Object.keys(await members(engine, "crowd")), ["crowd-5", "crowd-6", "crowd-7", "crowd-8"]);
    assert.equal((await set(engine, "crowd")).status.readyReplicas, undefined);
    for (const ordinal of [5, 6, 7, 8]) await run(`kubectl exec crowd-${ordinal} -- touch /tmp/ready`);
    await complete(engine, "crowd", 4);
  });

  await t.test("STS-29: maxUnavailable lets so many go at once", async () => {
    await run(
      `kubectl patch sts crowd -p '{"spec":{"updateStrategy":{"rollingUpdate":{"maxUnavailable":2}},"template":{"metadata":{"annotations":{"turn":"two"}}}}}'`,
    );
    const replaced = async (): Promise<string[]> => {
      const now = await members(engine, "crowd");
      return Object.keys(now).filter((name) => now[name]?.pod.metadata.annotations?.turn === "two");
    };
    await until("the top two are new and run", async () => {
      const now = await members(engine, "crowd");
      return (await replaced()).length === 2 && Object.values(now).every(({ pod }) => pod.status.phase === "Running");
    });
    assert.deepEqual(await replaced(), ["crowd-7", "crowd-8"]);
    await until("crowd-7 is told to be ready", async () => (await engine.attempt("kubectl exec crowd-7 -- touch /tmp/ready")).code === 0);
    await until("the third follows at once", async () => (await replaced()).includes("crowd-6"));
    assert.ok(!(await replaced()).includes("crowd-5"));
    for (const ordinal of [8, 6, 5])
      await until(`crowd-${ordinal} is new and told to be ready`, async () => {
        assert.ok((await replaced()).includes(`crowd-${ordinal}`));
        return (await engine.attempt(`kubectl exec crowd-${ordinal} -- touch /tmp/ready`)).code === 0;
      });
    const { status } = await complete(engine, "crowd", 4);
    assert.equal(status.currentRevision, status.updateRevision);
  });

  await t.test("STS-1: another start ordinal moves the members", async () => {
    await run(`kubectl patch sts crowd -p '{"spec":{"replicas":2,"ordinals":{"start":6}}}'`);
    await complete(engine, "crowd", 2);
    assert.deepEqual(Object.keys(await members(engine, "crowd")), ["crowd-6", "crowd-7"]);
    await run("kubectl delete sts crowd");
  });

  await t.test("STS-22: with OnDelete a member changes when somebody deletes it", async () => {
    await run("kubectl apply -f by-hand.yaml");
    await complete(engine, "by-hand", 2);
    for (const ordinal of [0, 1]) await run(`kubectl exec by-hand-${ordinal} -- sh -c 'hostname > /data/owner'`);
    await run("kubectl set image sts/by-hand web=kiamol/ch09-vweb:v2");
    await until("the update has been seen", async () => {
      const { status } = await set(engine, "by-hand");
      return status.updateRevision !== status.currentRevision;
    });
    const refused = await engine.attempt("kubectl rollout status sts/by-hand");
    assert.deepEqual([refused.code, refused.stderr], [1, "error: rollout status is only available for RollingUpdate strategy type\n"]);
    assert.deepEqual(await tags(engine, "by-hand"), { "by-hand-0": "v1", "by-hand-1": "v1" });
    await run("kubectl delete pod by-hand-0");
    await complete(engine, "by-hand", 2);
    assert.deepEqual(await tags(engine, "by-hand"), { "by-hand-0": "v2", "by-hand-1": "v1" });
  });

  await t.test(
    "STS-5: whenScaled Delete takes the claim of a member that is scaled away, and its files; not that of one that is replaced",
    async () => {
      const volume = async (claim: string): Promise<string> =>
        join(engine.home, "volumes", (await engine.read(`${core}/persistentvolumeclaims/${claim}`)).spec.volumeName);
      const [kept, taken] = [await volume("data-by-hand-0"), await volume("data-by-hand-1")];
      assert.equal(readFileSync(join(taken, "owner"), "utf8"), "by-hand-1\n");
      await run("kubectl delete pod by-hand-1");
      await complete(engine, "by-hand", 2);
      assert.equal(await run("kubectl exec by-hand-1 -- cat /data/owner"), "by-hand-1");
      await run("kubectl scale sts/by-hand --replicas=1");
      await until("its claim has gone", async () => (await claims(engine)).join() === "data-by-hand-0", { withinMs: 60_000 });
      await until("its files have gone", () => !existsSync(taken));
      assert.equal(readFileSync(join(kept, "owner"), "utf8"), "by-hand-0\n");
      await run("kubectl scale sts/by-hand --replicas=2");
      await podReady(engine, "by-hand-1");
      assert.equal((await engine.attempt("kubectl exec by-hand-1 -- cat /data/owner")).code, 1);
      await run("kubectl delete sts by-hand");
      await until("the Pods have gone", async () => (await pods(engine, "app=by-hand")).length === 0);
      assert.deepEqual(await claims(engine), ["data-by-hand-0", "data-by-hand-1"]);
      await run("kubectl delete pvc --all");
    },
  );
});
