/** What cannot work says so, in Kubernetes' words: in the Pod's status, in its events, in the claim's events. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { core, type Engine, startEngine } from "../harness/engine.ts";
import { until } from "../harness/until.ts";
import { podReady } from "../harness/workloads.ts";

/** A Pod that sleeps, and what is wrong with it. */
const podOf = (name: string, { container = {}, spec = {} }: { container?: object; spec?: object } = {}): string =>
  JSON.stringify({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name },
    spec: {
      terminationGracePeriodSeconds: 0,
      containers: [{ name: "main", image: "kiamol/ch03-sleep", imagePullPolicy: "IfNotPresent", ...container }],
      ...spec,
    },
  });
const create = (engine: Engine, pod: string): Promise<string> => engine.run("kubectl apply -f -", { input: pod });
const mounted = (volume: object) => ({
  container: { volumeMounts: [{ name: "v", mountPath: "/v" }] },
  spec: { volumes: [{ name: "v", ...volume }] },
});
const claimed = (claimName: string) => mounted({ persistentVolumeClaim: { claimName } });
const variable = (source: object) => ({ container: { env: [{ name: "K", valueFrom: source }] } });

/** Waits for an event of an object whose line in `kubectl describe` matches. */
const tells = (engine: Engine, object: string, line: RegExp): Promise<unknown> =>
  until(`${object} tells ${line}`, async () => line.test(await engine.run(`kubectl describe ${object}`)));

test("bad input", async (t) => {
  const engine = await startEngine(t, { images: ["ch03-sleep.tar"], nodes: 2, files: new URL("manifests/", import.meta.url) });
  const { run, attempt } = engine;
  const pod = (name: string): Promise<any> => engine.read(`${core}/pods/${name}`);
  const unschedulable = (name: string): Promise<string> =>
    until(`${name} is told that it has no node`, async () => {
      const condition = (await pod(name)).status.conditions?.find(({ type }: any) => type === "PodScheduled");
      return condition?.reason === "Unschedulable" && condition.message;
    });
  const waiting = (name: string, reason: string): Promise<string> =>
    until(`${name} waits for ${reason}`, async () => {
      const state = (await pod(name)).status.containerStatuses?.[0].state.waiting;
      return state?.reason === reason && (state.message ?? "-");
    });

  await t.test("claims that cannot be bound", async () => {
    await run("kubectl apply -f claims-in-vain.yaml");
    await tells(
      engine,
      "pvc no-class",
      /^ +Normal +FailedBinding .* no persistent volumes available for this claim and no storage class is set$/m,
    );
    await tells(engine, "pvc wrong-class", /^ +Warning +ProvisioningFailed .* storageclass\.storage\.k8s\.io "nowhere" not found$/m);
    await tells(
      engine,
      "pvc too-large",
      /^ +Warning +ProvisioningFailed .* no volume plugin matched name: kubernetes\.io\/no-provisioner$/m,
    );
    await tells(engine, "pvc waits", /^ +Normal +WaitForFirstConsumer .* waiting for first consumer to be created before binding$/m);
    const claims = await run("kubectl get pvc --no-headers");
    assert.equal(claims.split("\n").filter((line) => / Pending /.test(line)).length, 6);
    assert.equal(await run("kubectl get pv small -o jsonpath={.status.phase}"), "Available");
  });

  await t.test("Pods on such claims have no node, and the reason", async () => {
    for (const name of ["no-class", "wrong-class", "too-large"]) {
      await create(engine, podOf(`on-${name}`, claimed(name)));
      assert.match(
        await unschedulable(`on-${name}`),
        /^0\/2 nodes are available: pod has unbound immediate PersistentVolumeClaims\. preemption: 0\/2 nodes are available: 2 Preemption is not helpful for scheduling\.$/,
      );
      assert.match(await run(`kubectl get pod on-${name} --no-headers`), new RegExp(`^on-${name} +0/1 +Pending +0 `));
    }
    await create(engine, podOf("on-nothing", claimed("nothing")));
    assert.match(await unschedulable("on-nothing"), /^0\/2 nodes are available: persistentvolumeclaim "nothing" not found\. /);
    await tells(
      engine,
      "pod on-nothing",
      /^ +Warning +FailedScheduling .*default-scheduler +0\/2 nodes are available: persistentvolumeclaim "nothing" not found\. /m,
    );
  });

  await t.test("a volume with room, made later, lets them go on", async () => {
    await run(`kubectl patch pv small -p '{"spec":{"capacity":{"storage":"2Gi"}}}'`);
    await podReady(engine, "on-too-large", { withinMs: 60_000 });
    assert.equal(await run("kubectl get pvc too-large -o jsonpath={.status.phase}"), "Bound");
  });

  await t.test("no room, no such label, an unknown taint", async () => {
    await create(engine, podOf("too-big", { container: { resources: { requests: { cpu: "1000", memory: "4Ti" } } } }));
    assert.match(await unschedulable("too-big"), /^0\/2 nodes are available: 2 Insufficient cpu, 2 Insufficient memory\. /);
    await create(engine, podOf("no-label", { spec: { nodeSelector: { disk: "gold" } } }));
    assert.match(await unschedulable("no-label"), /^0\/2 nodes are available: 2 node\(s\) didn't match Pod's node affinity\/selector\. /);
    await run("kubectl taint node --all reserved=yes:NoSchedule");
    await create(engine, podOf("tainted"));
    assert.match(await unschedulable("tainted"), /^0\/2 nodes are available: 2 node\(s\) had untolerated taint \{reserved: yes\}\. /);
    await run("kubectl taint node --all reserved-");
    await podReady(engine, "tainted");
  });

  await t.test("images: a name that is none, one that nobody has, a registry that is not there, one that must not be fetched", async () => {
    await create(engine, podOf("not-a-name", { container: { image: "Not/A/Name:v1" } }));
    assert.equal(
      await waiting("not-a-name", "InvalidImageName"),
      `Failed to apply default image tag "Not/A/Name:v1": couldn't parse image name "Not/A/Name:v1": invalid reference format`,
    );
    await tells(engine, "pod not-a-name", /^ +Warning +InspectFailed .*Failed to apply default image tag "Not\/A\/Name:v1": /m);
    await create(engine, podOf("no-registry", { container: { image: "localhost:1/nothing:v1" } }));
    assert.match(
      await waiting("no-registry", "ImagePullBackOff"),
      /^Back-off pulling image "localhost:1\/nothing:v1": ErrImagePull: failed to pull and unpack image "localhost:1\/nothing:v1": failed to resolve reference /,
    );
    await tells(engine, "pod no-registry", /^ +Warning +Failed .*Failed to pull image "localhost:1\/nothing:v1": .*connection refused$/m);
    await tells(engine, "pod no-registry", /^ +Warning +Failed .*Error: ErrImagePull$/m);
    await tells(engine, "pod no-registry", /^ +Normal +BackOff .*Back-off pulling image "localhost:1\/nothing:v1"/m);
    await create(engine, podOf("never", { container: { image: "nobody/has-this:v1", imagePullPolicy: "Never" } }));
    assert.equal(
      await waiting("never", "ErrImageNeverPull"),
      'Container image "nobody/has-this:v1" is not present with pull policy of Never',
    );
  });

  await t.test("a variable's ConfigMap, Secret or key that is not there", async () => {
    await run("kubectl create configmap there --from-literal=a=b && kubectl create secret generic there --from-literal=a=b");
    for (const [name, source, message] of [
      ["no-map", { configMapKeyRef: { name: "gone", key: "a" } }, 'configmap "gone" not found'],
      ["no-key", { configMapKeyRef: { name: "there", key: "gone" } }, "couldn't find key gone in ConfigMap default/there"],
      ["no-secret", { secretKeyRef: { name: "gone", key: "a" } }, 'secret "gone" not found'],
      ["no-secret-key", { secretKeyRef: { name: "there", key: "gone" } }, "couldn't find key gone in Secret default/there"],
    ] as const) {
      await create(engine, podOf(name, variable(source)));
      assert.equal(await waiting(name, "CreateContainerConfigError"), message);
      await tells(engine, `pod ${name}`, new RegExp(`^ +Warning +Failed .*Error: ${message}$`, "m"));
    }
    await run(`kubectl patch configmap there -p '{"data":{"gone":"found"}}'`);
    await podReady(engine, "no-key", { withinMs: 60_000 });
  });

  await t.test("a volume's ConfigMap, Secret, key or path that is not there", async () => {
    for (const [name, volume, message] of [
      ["volume-no-map", { configMap: { name: "gone" } }, 'configmap "gone" not found'],
      ["volume-no-key", { configMap: { name: "there", items: [{ key: "lost", path: "x" }] } }, "references non-existent config key: lost"],
      ["volume-no-secret", { secret: { secretName: "gone" } }, 'secret "gone" not found'],
      [
        "volume-no-path",
        { hostPath: { path: "/nowhere/at/all", type: "Directory" } },
        "hostPath type check failed: /nowhere/at/all is not a directory",
      ],
    ] as const) {
      await create(engine, podOf(name, mounted(volume)));
      await tells(
        engine,
        `pod ${name}`,
        new RegExp(`^ +Warning +FailedMount .*kubelet +MountVolume\\.SetUp failed for volume "v" : ${message}$`, "m"),
      );
      assert.match(await run(`kubectl get pod ${name} --no-headers`), new RegExp(`^${name} +0/1 +ContainerCreating +0 `));
    }
  });

  await t.test("a program, and a working directory, that are not there", async () => {
    await create(engine, podOf("no-program", { container: { command: ["/no/such/program"] } }));
    const ended = await until("its start has failed", async () => {
      const [status] = (await pod("no-program")).status.containerStatuses ?? [];
      return status?.lastState.terminated ?? status?.state.terminated;
    });
    assert.deepEqual([ended.reason, ended.exitCode], ["StartError", 128]);
    assert.match(ended.message, /exec: "\/no\/such\/program": .*no such file or directory|executable file not found in \$PATH/);
  });

  await t.test("two Pods of a node share a claim; one for a single Pod goes to the next when the first has gone", async () => {
    await create(engine, podOf("writer", claimed("for-all")));
    await podReady(engine, "writer");
    await create(engine, podOf("reader", claimed("for-all")));
    assert.equal((await podReady(engine, "reader")).spec.nodeName, (await pod("writer")).spec.nodeName);
    await run("kubectl exec writer -- sh -c 'echo shared > /v/word'");
    assert.equal(await run("kubectl exec reader -- cat /v/word"), "shared");

    await create(engine, podOf("first", claimed("for-one")));
    const { nodeName } = (await podReady(engine, "first")).spec;
    await create(engine, podOf("second", claimed("for-one")));
    assert.match(
      await unschedulable("second"),
      /^0\/2 nodes are available: (1 node\(s\) .*, )?[12] node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode/,
    );
    const { container, spec } = claimed("for-one");
    await create(engine, podOf("pushy", { container, spec: { ...spec, nodeName } }));
    await tells(
      engine,
      "pod pushy",
      /^ +Warning +FailedMount .*volume uses the ReadWriteOncePod access mode and is already in use by another pod$/m,
    );
    const elsewhere = nodeName === "windlass-1" ? "windlass-2" : "windlass-1";
    await create(engine, podOf("lost", { container, spec: { ...spec, nodeName: elsewhere } }));
    await tells(
      engine,
      "pod lost",
      /^ +Warning +FailedMount .*MountVolume\.NodeAffinity check failed for volume "pvc-\S+" : no matching NodeSelectorTerms$/m,
    );
    await run("kubectl delete pod first");
    await podReady(engine, "pushy", { withinMs: 60_000 });
  });

  await t.test("a namespace that goes takes its volumes and their files along; a volume that is to be kept keeps its files", async () => {
    await run("kubectl create namespace brief");
    const make = (name: string): string =>
      JSON.stringify({
        apiVersion: "v1",
        kind: "List",
        items: [
          {
            apiVersion: "v1",
            kind: "PersistentVolumeClaim",
            metadata: { name },
            spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Mi" } } },
          },
          JSON.parse(podOf(name, claimed(name))),
        ],
      });
    for (const name of ["goes", "stays"]) {
      await run("kubectl -n brief apply -f -", { input: make(name) });
      await run(`kubectl -n brief wait --for=condition=Ready pod/${name} --timeout=60s`);
      await run(`kubectl -n brief exec ${name} -- sh -c 'echo ${name} > /v/word'`);
    }
    const volumeOf = (name: string): Promise<string> => run(`kubectl -n brief get pvc ${name} -o jsonpath={.spec.volumeName}`);
    const [goes, stays] = [await volumeOf("goes"), await volumeOf("stays")];
    await run(`kubectl patch pv ${stays} -p '{"spec":{"persistentVolumeReclaimPolicy":"Retain"}}'`);
    await run("kubectl delete namespace brief");
    await until("the volume has gone", async () => (await attempt(`kubectl get pv ${goes}`)).stderr.includes("not found"));
    assert.ok(!existsSync(join(engine.home, "volumes", goes)));
    await until("the other is released", async () => (await run(`kubectl get pv ${stays} -o jsonpath={.status.phase}`)) === "Released");
    assert.ok(existsSync(join(engine.home, "volumes", stays, "word")));
    await run(`kubectl delete pv ${stays}`);
    assert.ok(existsSync(join(engine.home, "volumes", stays, "word")));
  });
});
