/** The node agent over real containers, real files and the machine's clock: what simulation can't show. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { ConfigMap } from "../api/kinds/config-map/index.ts";
import { Namespace } from "../api/kinds/namespace/index.ts";
import { Pod } from "../api/kinds/pod/index.ts";
import { ServiceAccount } from "../api/kinds/service-account/index.ts";
import { kinds } from "../api/registry.ts";
import type { Container, Pod as PodObject, PodSpec } from "../api/types.ts";
import { silentLog } from "../base/log.ts";
import { systemClock, systemRandom } from "../base/system-world.node.ts";
import type { Client } from "../client/client.ts";
import { Informer } from "../client/informer.ts";
import { isConditionTrue } from "../machinery/conditions.ts";
import { type NodeAgent, startNodeAgent } from "../node/agent/agent.ts";
import { type Fixture, ociFixture } from "../node/oci/oci-fixture.suite.ts";
import { networkProber } from "../node/probes/prober.node.ts";
import type { PodFiles, Runtime } from "../node/runtime.ts";
import { podFiles } from "../node/volumes/pod-files.node.ts";
import { createApi } from "../server/core/api.ts";
import { openMemoryStore } from "../store/memory-store.ts";
import { inProcessClient } from "./in-process-client.ts";

const waitMaxMs = 10_000;
const world = { clock: systemClock, random: systemRandom, log: silentLog };
const store = openMemoryStore();
const api = createApi({ store, kinds, world });
const client: Client = inProcessClient({ api, kinds, user: { name: "admin", groups: ["system:masters"] }, fieldManager: "test" });
const pods = new Informer<PodObject>({ client, kind: Pod, world });
let fixture: Fixture;
let directory: string;
let agent: NodeAgent;
let runtime: Runtime;
let files: PodFiles;

const startAgent = (): Promise<NodeAgent> =>
  startNodeAgent({
    nodeName: "real",
    client,
    runtime,
    prober: networkProber,
    files,
    world,
    drain: async () => {},
    config: { nodeIp: "192.0.2.1" },
  });

before(async () => {
  for (const name of ["default", "kube-node-lease"]) {
    await client.create(Namespace, { apiVersion: "v1", kind: "Namespace", metadata: { name } });
  }
  await client.create(ServiceAccount, { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default", namespace: "default" } });
  fixture = await ociFixture();
  directory = await mkdtemp(join(tmpdir(), "windlass-agent-"));
  files = await podFiles(join(directory, "pods"));
  runtime = fixture.runtime;
  pods.start();
  agent = await startAgent();
});
after(async () => {
  for (const pod of pods.lister.list())
    await client.delete(Pod, { namespace: "default", name: pod.metadata.name as string }, { gracePeriodSeconds: 0 });
  await until("nothing is left", () => agent.podCount === 0);
  await agent.stop({ keepContainers: true });
  pods.close();
  api.close();
  await fixture.end();
  await rm(directory, { recursive: true, force: true });
});

const podOf = (name: string): PodObject | undefined => pods.lister.get({ namespace: "default", name });
const isReady = (name: string): boolean => isConditionTrue(podOf(name)?.status?.conditions, "Ready");
const stateOf = (name: string) => podOf(name)?.status?.containerStatuses?.[0]?.state;
const refOf = (name: string) => ({ namespace: "default", name, uid: podOf(name)?.metadata.uid as string });

async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + waitMaxMs;
  while (!(await condition())) {
    if (performance.now() > deadline)
      throw new Error(`${what}: not within ${waitMaxMs} ms; ${JSON.stringify(pods.lister.list().map((pod) => pod.status))}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function run(name: string, container: Partial<Container>, spec: Partial<PodSpec> = {}): Promise<void> {
  await client.create(Pod, {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "default", labels: { app: name } },
    spec: {
      nodeName: "real",
      automountServiceAccountToken: false,
      terminationGracePeriodSeconds: 1,
      ...spec,
      containers: [{ name: "app", image: "busybox", imagePullPolicy: "IfNotPresent", ...container }],
    },
  });
}

async function logOf(name: string): Promise<string> {
  let text = "";
  await agent.api.logs(
    refOf(name),
    { container: "app" },
    async (bytes) => {
      text += new TextDecoder().decode(bytes);
    },
    new AbortController().signal,
  );
  return text;
}

test("a container finds its environment, its names and its last words reach the status (KUB-75, KUB-79)", async () => {
  await run(
    "once",
    {
      command: [
        "sh",
        "-c",
        "echo $GREETING $(WHO) $POD; hostname; grep once /etc/hosts | cut -f2; printf 'last words' > /dev/termination-log; exit 3",
      ],
      env: [
        { name: "WHO", value: "world" },
        { name: "GREETING", value: "hello" },
        { name: "POD", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
      ],
    },
    { restartPolicy: "Never" },
  );
  await until("it has ended", () => podOf("once")?.status?.phase === "Failed");
  assert.equal(await logOf("once"), "hello world once\nonce\nonce\n");
  const ended = stateOf("once")?.terminated;
  assert.deepEqual([ended?.exitCode, ended?.reason, ended?.message], [3, "Error", "last words"]);
});

test("with FallbackToLogsOnError the end of the log stands in for last words", async () => {
  const terminationMessagePolicy = "FallbackToLogsOnError";
  await run("logs", { command: ["sh", "-c", "echo no database; exit 1"], terminationMessagePolicy }, { restartPolicy: "Never" });
  await until("it has ended", () => podOf("logs")?.status?.phase === "Failed");
  assert.equal(stateOf("logs")?.terminated?.message, "no database\n");
});

test("a changed ConfigMap is in the running container's files within seconds, subPath excepted (KUB-71 … KUB-73)", async () => {
  const map = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "page", namespace: "default" }, data: { "index.html": "one" } };
  await client.create(ConfigMap, map);
  const volumeMounts = [
    { name: "page", mountPath: "/page" },
    { name: "page", mountPath: "/fixed.html", subPath: "index.html" },
    { name: "scratch", mountPath: "/scratch" },
    { name: "self", mountPath: "/self" },
  ];
  const volumes = [
    { name: "page", configMap: { name: "page" } },
    { name: "scratch", emptyDir: {} },
    { name: "self", downwardAPI: { items: [{ path: "labels", fieldRef: { fieldPath: "metadata.labels" } }] } },
  ];
  await run("web", { command: ["sh", "-c", "touch /scratch/x && exec sleep 1000"], volumeMounts }, { volumes });
  await until("it is ready", () => isReady("web"));
  const read = async (path: string): Promise<string> => {
    const id = podOf("web")?.status?.containerStatuses?.[0]?.containerID?.replace(/^.*:\/\//, "") as string;
    return (await runtime.execSync(id, ["cat", path], 5000)).output;
  };
  assert.equal(await read("/page/index.html"), "one");
  assert.equal(await read("/self/labels"), 'app="web"');
  await client.update(ConfigMap, { ...map, data: { "index.html": "two" } });
  await until("the file has changed", async () => (await read("/page/index.html")) === "two");
  assert.equal(await read("/fixed.html"), "one");
});

test("a command that is not there: RunContainerError, then CrashLoopBackOff", async () => {
  await run("nonesuch", { command: ["nonesuch"] });
  await until("it backs off", () => stateOf("nonesuch")?.waiting?.reason === "CrashLoopBackOff");
  const last = podOf("nonesuch")?.status?.containerStatuses?.[0]?.lastState?.terminated;
  assert.deepEqual([last?.exitCode, last?.reason], [128, "StartError"]);
  assert.match(last?.message ?? "", /executable file not found/);
});

test("an agent that starts again finds its containers running and its files in place", async () => {
  await run("keeper", { command: ["sleep", "1000"] });
  await until("it is ready", () => isReady("keeper"));
  const before = podOf("keeper")?.status?.containerStatuses?.[0];
  await agent.stop({ keepContainers: true });
  agent = await startAgent();
  assert.deepEqual(podOf("keeper")?.status?.containerStatuses?.[0], before);
  assert.equal(
    (
      await agent.api.exec(
        refOf("keeper"),
        { container: "app", command: ["true"], tty: false, stdin: false, stdout: true, stderr: true },
        {},
        new AbortController().signal,
      )
    ).exitCode,
    0,
  );
  await client.delete(Pod, { namespace: "default", name: "keeper" });
  await until("it is gone", () => podOf("keeper") === undefined);
});
