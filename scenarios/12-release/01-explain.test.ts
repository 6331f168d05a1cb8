/**
 * One broken rollout per cause, at real containers: as soon as the evidence is in the API, one call of `rollout explain` names the
 * cause, shows what proves it and gives the way out.
 */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { apps, core, startEngine } from "../harness/engine.ts";
import { startRegistry } from "../harness/registry.ts";
import { until } from "../harness/until.ts";
import { rolledOut } from "../harness/workloads.ts";

const image = "kiamol/ch03-sleep:latest";
const forever = ["sh", "-c", "while :; do sleep 1; done"];

interface Case {
  readonly name: string;
  readonly container?: Record<string, unknown>;
  readonly pod?: Record<string, unknown>;
  readonly workload?: Record<string, unknown>;
  readonly kind?: "Deployment" | "StatefulSet" | "DaemonSet";
  /** What has to be in the API before the cause can be known; of its newest Pod, or of its events. */
  readonly evidence: RegExp;
  readonly code: string;
  readonly certainty?: string;
  readonly sentence: RegExp;
  readonly wayOut: RegExp;
  readonly exitCode: number;
}

const cases = (registry: string): readonly Case[] => [
  {
    name: "no-such-image",
    container: { image: `${registry}/shop/web:v9` },
    evidence: /"reason":"(ErrImagePull|ImagePullBackOff)"/,
    code: "ImagePullDenied",
    certainty: "certain",
    sentence: /can't pull image ".*\/shop\/web:v9": the registry refuses it/,
    wayOut: /kubectl set image deploy\/no-such-image app=IMAGE -n default/,
    exitCode: 10,
  },
  {
    name: "no-image-name",
    container: { image: "Not:A:Name" },
    evidence: /"reason":"InvalidImageName"/,
    code: "InvalidImageName",
    certainty: "certain",
    sentence: /"Not:A:Name" is no valid image name/,
    wayOut: /set image/,
    exitCode: 10,
  },
  {
    name: "no-command",
    container: { command: ["/bin/not-there", "--now"] },
    evidence: /RunContainerError|StartError/,
    code: "CommandNotFound",
    certainty: "certain",
    sentence: /the command of container app \("\/bin\/not-there"\) does not exist/,
    wayOut: /correct command or args/,
    exitCode: 10,
  },
  {
    name: "crash",
    container: { command: ["sh", "-c", "echo ready to fail; echo no database at db:5432; exit 3"] },
    evidence: /"lastState":\{"terminated":\{[^}]*"exitCode":3/,
    code: "ContainerCrashed",
    sentence: /container app ended with exit code 3.*; its last line was: no database at db:5432\.$/,
    wayOut: /kubectl logs crash-\S+ -c app --previous -n default/,
    exitCode: 12,
  },
  {
    name: "out-of-memory",
    container: {
      command: ["tail", "/dev/zero"],
      resources: { limits: { memory: "16Mi" } },
    },
    evidence: /"reason":"OOMKilled"/,
    code: "OutOfMemory",
    sentence: /out of memory: container app was killed at its limit of 16Mi/,
    wayOut: /set resources deploy\/out-of-memory -c app --limits=memory=SIZE/,
    exitCode: 12,
  },
  {
    name: "init-crash",
    pod: {
      initContainers: [{ name: "prepare", image, imagePullPolicy: "IfNotPresent", command: ["sh", "-c", "echo cannot prepare; exit 4"] }],
    },
    evidence: /"exitCode":4/,
    code: "ContainerCrashed",
    sentence: /init container prepare ended with exit code 4.*cannot prepare/,
    wayOut: /logs init-crash-\S+ -c prepare/,
    exitCode: 12,
  },
  {
    name: "not-ready",
    container: { readinessProbe: { exec: { command: ["cat", "/tmp/ok"] }, periodSeconds: 1, failureThreshold: 1 } },
    evidence: /Readiness probe failed/,
    code: "ReadinessProbeFailing",
    sentence: /the readiness probe \(exec cat \/tmp\/ok\) of container app fails, last with: .*No such file or directory/,
    wayOut: /kubectl logs not-ready-\S+ -c app -n default/,
    exitCode: 12,
  },
  {
    name: "not-live",
    container: { livenessProbe: { exec: { command: ["false"] }, periodSeconds: 1, failureThreshold: 1 } },
    pod: { terminationGracePeriodSeconds: 1 },
    evidence: /"lastState":\{"terminated"/,
    code: "LivenessProbeFailing",
    sentence: /restarted again and again: the liveness probe \(exec false\) of container app fails/,
    wayOut: /logs not-live-/,
    exitCode: 12,
  },
  {
    name: "not-started",
    container: { startupProbe: { exec: { command: ["cat", "/tmp/up"] }, periodSeconds: 1, failureThreshold: 1 } },
    pod: { terminationGracePeriodSeconds: 1 },
    evidence: /"lastState":\{"terminated"/,
    code: "StartupProbeFailing",
    sentence: /the startup probe \(exec cat \/tmp\/up\) of container app fails/,
    wayOut: /logs not-started-/,
    exitCode: 12,
  },
  {
    name: "no-config-map",
    container: { envFrom: [{ configMapRef: { name: "settings" } }] },
    evidence: /"reason":"CreateContainerConfigError"/,
    code: "ConfigMissing",
    sentence: /can't start: ConfigMap "settings" does not exist, and the environment of container app names it\.$/,
    wayOut: /kubectl create configmap settings --from-literal=KEY=VALUE -n default/,
    exitCode: 12,
  },
  {
    name: "no-key",
    container: { env: [{ name: "PASSWORD", valueFrom: { secretKeyRef: { name: "database", key: "password" } } }] },
    evidence: /"reason":"CreateContainerConfigError"/,
    code: "ConfigMissing",
    sentence: /Secret "database" has no key "password"/,
    wayOut: /kubectl edit secret database -n default/,
    exitCode: 12,
  },
  {
    name: "no-volume",
    container: { volumeMounts: [{ name: "tls", mountPath: "/tls" }] },
    pod: { volumes: [{ name: "tls", secret: { secretName: "certificate" } }] },
    evidence: /"reason":"FailedMount"/,
    code: "ConfigMissing",
    sentence: /Secret "certificate" does not exist, and volume tls is made of it/,
    wayOut: /create secret generic certificate/,
    exitCode: 12,
  },
  {
    name: "no-room",
    container: { resources: { requests: { cpu: "4000" } } },
    evidence: /"reason":"Unschedulable"/,
    code: "Unschedulable",
    certainty: "likely",
    sentence: /can't be placed: not enough cpu left \(1 node\)/,
    wayOut: /^kubectl describe nodes$/m,
    exitCode: 12,
  },
  {
    name: "no-claim",
    pod: { volumes: [{ name: "data", persistentVolumeClaim: { claimName: "nowhere" } }] },
    evidence: /"reason":"ProvisioningFailed"/,
    code: "ClaimNotBound",
    certainty: "certain",
    sentence: /claim "nowhere" \(1Gi\) is not bound: there is no StorageClass "fast"/,
    wayOut: /kubectl describe pvc nowhere -n default/,
    exitCode: 10,
  },
  {
    name: "no-account",
    pod: { serviceAccountName: "robot" },
    evidence: /"reason":"FailedCreate"/,
    code: "AdmissionRefused",
    certainty: "certain",
    sentence: /can't make its Pods: service account "robot" does not exist/,
    wayOut: /kubectl create serviceaccount robot -n default/,
    exitCode: 10,
  },
  {
    name: "paused",
    workload: { paused: true },
    evidence: /"paused":true/,
    code: "Paused",
    certainty: "waiting",
    sentence: /paused is paused/,
    wayOut: /kubectl rollout resume deploy\/paused -n default/,
    exitCode: 11,
  },
  {
    name: "settling",
    workload: { minReadySeconds: 500 },
    evidence: /"ready":true/,
    code: "WaitingForMinReady",
    certainty: "waiting",
    sentence: /is ready and has to stay so for minReadySeconds \(500s\)/,
    wayOut: /^$/,
    exitCode: 0,
  },
  {
    name: "daemon",
    kind: "DaemonSet",
    container: { command: ["not-there-either"] },
    evidence: /RunContainerError|StartError/,
    code: "CommandNotFound",
    certainty: "certain",
    sentence: /\("not-there-either"\) does not exist/,
    wayOut: /correct command/,
    exitCode: 10,
  },
];

function manifest({ name, container, pod, workload, kind = "Deployment" }: Case): unknown {
  return {
    apiVersion: "apps/v1",
    kind,
    metadata: { name },
    spec: {
      ...(kind !== "DaemonSet" && { replicas: 1 }),
      selector: { matchLabels: { app: name } },
      ...workload,
      template: {
        metadata: { labels: { app: name } },
        spec: {
          terminationGracePeriodSeconds: 0,
          ...pod,
          containers: [{ name: "app", image, imagePullPolicy: "IfNotPresent", command: forever, ...container }],
        },
      },
    },
  };
}

test("every cause is named as soon as the API shows it", async (t) => {
  const registry = await startRegistry(t);
  const engine = await startEngine(t, { images: ["ch03-sleep.tar", "ch09-vweb.tar"] });
  const { run, attempt } = engine;
  const all = cases(registry.address);
  const objects = [
    { apiVersion: "v1", kind: "Secret", metadata: { name: "database" }, stringData: { user: "todo" } },
    {
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      metadata: { name: "nowhere" },
      spec: { accessModes: ["ReadWriteOnce"], storageClassName: "fast", resources: { requests: { storage: "1Gi" } } },
    },
    ...all.map(manifest),
  ];
  writeFileSync(join(engine.directory, "causes.json"), JSON.stringify({ apiVersion: "v1", kind: "List", items: objects }));
  await run("kubectl apply -f causes.json");

  for (const each of all)
    await t.test(each.name, async () => {
      const type = (each.kind ?? "Deployment").toLowerCase();
      await until(`the API shows why ${each.name} does not get on`, async () => {
        const own = await engine.read(`${apps}/${type}s/${each.name}`);
        const pods = await engine.read(`${core}/pods?labelSelector=app%3D${each.name}`);
        const { items } = await engine.read(`${core}/events`);
        const named = /^nowhere$/;
        const events = items.filter(
          ({ involvedObject }: any) =>
            involvedObject.name.startsWith(each.name) || (each.name === "no-claim" && named.test(involvedObject.name)),
        );
        return each.evidence.test(
          JSON.stringify([own.spec.paused ? { paused: true } : {}, pods.items.map(({ status }: any) => status), events]),
        );
      });
      // A container that is killed and started again has a moment now and then in which nothing is wrong with it.
      const { code, stdout, stderr } = await until(`explain says ${each.code} of ${each.name}`, async () => {
        const outcome = await attempt(`windlass rollout explain ${type}/${each.name} -o json`);
        return JSON.parse(outcome.stdout).explanations[0]?.code === each.code && outcome;
      });
      assert.equal(stderr, "");
      const [first] = JSON.parse(stdout).explanations;
      if (each.certainty) assert.equal(first.certainty, each.certainty, stdout);
      assert.match(first.sentence, each.sentence);
      assert.match(first.wayOut.map(({ about, command }: any) => command ?? about).join("\n"), each.wayOut);
      // The third crash in a row, and a config that is missing for long, are certain.
      const codes = first.certainty === "certain" ? [10] : [each.exitCode];
      assert.deepEqual([code], codes, stdout);
    });

  await t.test("several at once, and none that is missing", async () => {
    const stdout = await until("one that crashes is told between two of its lives", async () => {
      const outcome = await attempt("windlass rollout explain -A");
      assert.equal(outcome.code, 10);
      return /^Deployment crash in default, revision 1: 1 of 1 updated, 0 of 1 available\./m.test(outcome.stdout) && outcome.stdout;
    });
    assert.match(stdout, /\n {6}\| no database at db:5432\n/);
    const missing = await attempt("windlass rollout explain deploy/nobody");
    assert.deepEqual([missing.code, missing.stdout], [1, ""]);
    assert.match(missing.stderr, /^Error from server \(NotFound\): deployments\.apps "nobody" not found\n$/);
    const wrong = await attempt("windlass rollout explain service/kubernetes");
    assert.deepEqual([wrong.code, wrong.stderr], [1, "error: services have no rollouts; Deployments, StatefulSets and DaemonSets have\n"]);
  });

  await t.test("RS-7: a limit that forbids the Pods", async () => {
    await run("kubectl create namespace small");
    const limits = {
      apiVersion: "v1",
      kind: "LimitRange",
      metadata: { name: "tight" },
      spec: { limits: [{ type: "Container", max: { cpu: "100m" } }] },
    };
    writeFileSync(join(engine.directory, "limits.json"), JSON.stringify(limits));
    await run(`kubectl apply -n small -f limits.json && kubectl create deployment web --image=${image} -n small`);
    await run("kubectl set resources deploy/web -n small --limits=cpu=1");
    const { stdout } = await until("the Pod is refused, and explain says so", async () => {
      const outcome = await attempt("windlass rollout explain deploy/web -n small");
      return outcome.code === 10 && outcome;
    });
    assert.match(stdout, /✗ Deployment web can't make its Pods: a LimitRange forbids it: maximum cpu usage per Container is 100m/);
    assert.match(stdout, /→ see the limits: kubectl describe limitrange -n small\n/);
  });

  await t.test("STS-23: a StatefulSet that is blocked is freed by the command that explain gives", async () => {
    const set = {
      apiVersion: "apps/v1",
      kind: "StatefulSet",
      metadata: { name: "db" },
      spec: {
        serviceName: "db",
        replicas: 2,
        selector: { matchLabels: { app: "db" } },
        template: {
          metadata: { labels: { app: "db" } },
          spec: {
            terminationGracePeriodSeconds: 0,
            containers: [{ name: "app", image, imagePullPolicy: "IfNotPresent", command: forever }],
          },
        },
      },
    };
    writeFileSync(join(engine.directory, "db.json"), JSON.stringify(set));
    await run("kubectl apply -f db.json && kubectl rollout status sts/db");
    await run("kubectl set image sts/db app=Not:A:Name");
    await until("its last Pod is broken", async () =>
      JSON.stringify((await engine.read(`${core}/pods/db-1`)).status).includes("InvalidImageName"),
    );
    const broken = JSON.parse((await attempt("windlass rollout explain sts/db -o json")).stdout);
    assert.equal(broken.explanations[0].code, "InvalidImageName");
    // Mended, and yet nothing happens: the broken Pod keeps its place.
    await run("kubectl apply -f db.json");
    const blocked = await until("explain says who blocks", async () => {
      const { code, stdout } = await attempt("windlass rollout explain sts/db -o json");
      const [first] = JSON.parse(stdout).explanations;
      return first?.code === "StatefulSetBlocked" && { code, first };
    });
    assert.equal(blocked.code, 10);
    assert.match(blocked.first.sentence, /^StatefulSet db is blocked by Pod db-1 of an older revision/);
    const [{ command }] = blocked.first.wayOut;
    assert.equal(command, "kubectl delete pod db-1 -n default");
    await run(command);
    await run("kubectl rollout status sts/db");
    const { code, stdout } = await attempt("windlass rollout explain sts/db");
    assert.deepEqual([code, stdout], [0, "StatefulSet db, revision 3: 2 of 2 updated, 2 of 2 available. Complete.\n"]);
  });

  await t.test("status tells what is in the way beside kubectl's lines, and ends when it is certain if asked", async () => {
    // KR-3: a line for every write, so there may be several.
    const lines = /^(?:Waiting for deployment "no-command" rollout to finish: 0 of 1 updated replicas are available\.\.\.\n)+$/;
    const { code, stdout, stderr } = await attempt("windlass rollout status deploy/no-command --fail-fast");
    assert.equal(code, 10);
    assert.match(stdout, lines);
    assert.match(
      stderr,
      /^✗ Pod no-command-\S+ can't start: the command of container app .*\n(?: {4}→ .*\n)+error: deployment "no-command" cannot succeed as it is\n$/,
    );
    const patient = await attempt("windlass rollout status deploy/no-command --timeout=2s");
    assert.equal(patient.code, 1);
    assert.match(patient.stdout, lines);
    assert.match(patient.stderr, /^✗ .*\n(?: {4}→ .*\n)+error: timed out waiting for the condition\n$/);
  });

  await t.test("watch tells the same line by line, ends when it is certain, and reports", async () => {
    await run("kubectl create deployment web --image=kiamol/ch09-vweb:v1 --replicas=2");
    await rolledOut(engine, "web");
    await run("kubectl set image deploy/web ch09-vweb=kiamol/ch09-vweb:v3");
    const { code, stdout } = await attempt("windlass rollout watch deploy/web --junit=junit.xml --github-summary", {
      environment: { GITHUB_STEP_SUMMARY: join(engine.directory, "summary.md") },
    });
    assert.equal(code, 10);
    assert.match(stdout, /^\d\d:\d\d:\d\dZ deploy\/web ✗ CommandNotFound \(web-\S+\): Pod web-\S+ can't start: the command/m);
    assert.match(stdout, /^::error title=deployment\/web%3A cannot succeed as it is::Pod web-/m);
    assert.match(
      await run("cat junit.xml"),
      /<testcase classname="rollout" name="deployment\/web" time="[\d.]+">\n {6}<failure type="failed"/,
    );
    assert.match(await run("cat summary.md"), /^\| ❌ \| deployment\/web \| 2 \| cannot succeed as it is \| 1\/2 \| 2\/2 \|/m);
    await run("kubectl set image deploy/web ch09-vweb=kiamol/ch09-vweb:v2");
    const after = await attempt("windlass rollout watch deploy/web -o json --timeout=2m");
    assert.equal(after.code, 0);
    const documents = after.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    assert.deepEqual([documents.at(-1).ended, documents.at(-1).outcome], ["deployment/web", "complete"]);
    assert.equal(documents.at(-2).complete, true);
    assert.equal((await attempt("windlass rollout watch deploy/no-command --until=complete --timeout=1s")).code, 13);
  });
});
