/**
 * What the official node tests ask of containers that say something and end: their environment, commands, users and rights, their
 * init containers, exit states and last words; and of those that stay: hooks, probes, hosts files, commands and logs over WebSocket.
 */
import assert from "node:assert/strict";
import { createServer, type ServerHttp2Stream } from "node:http2";
import { readFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { KubeConfig } from "@kubernetes/client-node";
import WebSocket from "ws";
import { core, type Engine, startEngine } from "../../harness/engine.ts";
import { until } from "../../harness/until.ts";
import {
  checkSaying,
  create,
  inside,
  isReady,
  podOf,
  podsOfTable,
  podWhere,
  readPod,
  type Saying,
  shellContainer,
  shellImage,
  waitForEver,
} from "../containers.ts";

const limited = { limits: { cpu: "1250m", memory: "64Mi" }, requests: { cpu: "250m", memory: "32Mi" } };
const field = (name: string, fieldPath: string) => ({ name, valueFrom: { fieldRef: { fieldPath } } });
const resource = (name: string, what: string, divisor?: string) => ({
  name,
  valueFrom: { resourceFieldRef: { resource: what, ...(divisor && { divisor }) } },
});
const emptyVolume = { volumes: [{ name: "v", emptyDir: {} }] };

/** What a Pod of this engine sees of itself, for rows that ask for it. */
const ofPod = (name: string, tell: (pod: any) => string) => async (engine: Engine) => tell(await readPod(engine, name));

const rows: Saying[] = [
  {
    sentence: "ConfigMap should be consumable as environment variable names with various prefixes",
    line: "",
    // A shell would drop names that it cannot say.
    says: /^(?=[\s\S]*^!@#\$%\^&data-1=value-1$)(?=[\s\S]*^data-1=value-1$)(?=[\s\S]*^p-data-1=value-1$)(?=[\s\S]*^p_data-1=value-1$)/m,
    container: { command: ["env"], envFrom: ["", "p-", "p_", "!@#$%^&"].map((prefix) => ({ prefix, configMapRef: { name: "map" } })) },
  },
  {
    sentence: "Secrets should be consumable as environment variable names variable names with various prefixes",
    line: "",
    says: /^(?=[\s\S]*^data-1=value-1$)(?=[\s\S]*^p-data-1=value-1$)/m,
    container: { command: ["env"], envFrom: ["", "p-"].map((prefix) => ({ prefix, secretRef: { name: "map" } })) },
  },
  {
    sentence: "ConfigMap should be consumable via environment variable",
    line: "echo $DATA",
    says: "value-1",
    container: { env: [{ name: "DATA", valueFrom: { configMapKeyRef: { name: "map", key: "data-1" } } }] },
  },
  {
    sentence: "Secrets should be consumable from pods in env vars",
    line: "echo $DATA",
    says: "value-1",
    container: { env: [{ name: "DATA", valueFrom: { secretKeyRef: { name: "map", key: "data-1" } } }] },
  },
  {
    sentence: "Downward API should provide container's limits.cpu/memory and requests.cpu/memory as env vars",
    line: "echo $CPU_LIMIT $MEMORY_LIMIT $CPU_REQUEST $MEMORY_REQUEST",
    says: "2 67108864 1 33554432",
    container: {
      resources: limited,
      env: [
        resource("CPU_LIMIT", "limits.cpu"),
        resource("MEMORY_LIMIT", "limits.memory"),
        resource("CPU_REQUEST", "requests.cpu"),
        resource("MEMORY_REQUEST", "requests.memory"),
      ],
    },
  },
  {
    sentence: "Downward API should provide default limits.cpu/memory from node allocatable",
    line: "echo $CPU_LIMIT; echo $MEMORY_LIMIT",
    says: async (engine) => {
      const { allocatable } = (await engine.read("/api/v1/nodes")).items[0].status;
      return `${Math.ceil(Number.parseInt(allocatable.cpu, 10) / 1000)}\n${Number.parseInt(allocatable.memory, 10) * 1024}`;
    },
    container: { env: [resource("CPU_LIMIT", "limits.cpu"), resource("MEMORY_LIMIT", "limits.memory")] },
  },
  {
    sentence: "Downward API should provide host IP and hostIPs as env vars",
    line: "echo $HOST_IP $HOST_IPS",
    says: ofPod("saying-6", ({ status }) => `${status.hostIP} ${status.hostIPs.map(({ ip }: any) => ip).join(",")}`),
    container: { env: [field("HOST_IP", "status.hostIP"), field("HOST_IPS", "status.hostIPs")] },
  },
  {
    sentence: "Downward API should provide pod UID, name, namespace and IP address as env vars",
    line: "echo $POD_UID $POD_NAME $POD_NAMESPACE $POD_IP $POD_IPS",
    says: ofPod("saying-7", ({ metadata, status }) => `${metadata.uid} saying-7 default ${status.podIP} ${status.podIP}`),
    container: {
      env: [
        field("POD_UID", "metadata.uid"),
        field("POD_NAME", "metadata.name"),
        field("POD_NAMESPACE", "metadata.namespace"),
        field("POD_IP", "status.podIP"),
        field("POD_IPS", "status.podIPs"),
      ],
    },
  },
  {
    sentence: "Containers should be able to override the image's default arguments (container cmd)",
    line: "",
    says: "override arguments",
    container: { command: undefined, args: ["echo", "override", "arguments"] },
  },
  {
    sentence: "Containers should be able to override the image's default command and arguments",
    line: "",
    says: "override all",
    container: { command: ["echo"], args: ["override", "all"] },
  },
  {
    sentence: "Containers should be able to override the image's default command (container entrypoint)",
    line: "echo entry",
    says: "entry",
  },
  {
    sentence: "Variable Expansion should allow composing env vars into new env vars",
    line: "echo $FOOBAR",
    says: "foo-value;;bar-value",
    container: {
      env: [
        { name: "FOO", value: "foo-value" },
        { name: "BAR", value: "bar-value" },
        { name: "FOOBAR", value: "$(FOO);;$(BAR)" },
      ],
    },
  },
  {
    sentence: "Variable Expansion should allow substituting values in a container's command",
    line: 'TEST_VAR=wrong echo "$(TEST_VAR)"',
    says: "test-value",
    container: { env: [{ name: "TEST_VAR", value: "test-value" }] },
  },
  {
    sentence: "Variable Expansion should allow substituting values in a container's args",
    line: "",
    says: "test-value $(NOBODY) $(TEST_VAR)",
    container: { command: ["echo"], args: ["$(TEST_VAR) $(NOBODY) $$(TEST_VAR)"], env: [{ name: "TEST_VAR", value: "test-value" }] },
  },
  {
    sentence: "Variable Expansion should allow substituting values in a volume subpath",
    line: "test -d /testcontainer/saying-14; echo $?",
    says: "0",
    container: {
      env: [field("POD_NAME", "metadata.name")],
      volumeMounts: [
        { name: "v", mountPath: "/logscontainer", subPathExpr: "$(POD_NAME)" },
        { name: "v", mountPath: "/testcontainer" },
      ],
    },
    spec: emptyVolume,
  },
  {
    sentence: "Variable Expansion should succeed in writing subpaths in container",
    line: "touch /volume_mount/mypath/foo/test.log && test -f /subpath_mount/test.log; echo $?",
    says: "0",
    container: {
      env: [field("POD_NAME", "metadata.name"), field("ANNOTATION", "metadata.annotations['mysubpath']")],
      volumeMounts: [
        { name: "v", mountPath: "/subpath_mount", subPathExpr: "$(ANNOTATION)" },
        { name: "v", mountPath: "/volume_mount" },
      ],
    },
    spec: emptyVolume,
    metadata: { annotations: { mysubpath: "mypath/foo" } },
  },
  {
    sentence: "Kubelet when scheduling a busybox command in a pod should print the output to logs",
    line: "echo Hello World; echo On stderr >&2",
    says: /^(Hello World\nOn stderr|On stderr\nHello World)$/,
  },
  {
    sentence: "Kubelet when scheduling a read only busybox container should not write to root filesystem",
    line: "echo test > /file || true",
    says: /can't create \/file: Read-only file system/,
    container: { securityContext: { readOnlyRootFilesystem: true } },
  },
  {
    sentence: "Kubelet when scheduling an agnhost Pod with hostAliases should write entries to /etc/hosts",
    line: "cat /etc/hosts",
    says: /^123\.45\.67\.89\tfoo\tbar$/m,
    spec: { hostAliases: [{ ip: "123.45.67.89", hostnames: ["foo", "bar"] }] },
  },
  {
    sentence: "Security Context When creating a container with runAsUser should run the container with uid 65534",
    line: "id -u",
    says: "65534",
    container: { securityContext: { runAsUser: 65534 } },
  },
  {
    sentence: "Security Context When creating a pod with privileged should run the container as unprivileged when false",
    line: "ip link add dummy1 type dummy || true",
    says: /Operation not permitted/,
    container: { securityContext: { privileged: false } },
  },
  {
    sentence: "Security Context When creating a pod with privileged should run the container as privileged when true",
    line: "ip link add bridge1 type bridge && ip link | grep -c bridge1",
    says: "1",
    container: { securityContext: { privileged: true } },
  },
  {
    sentence:
      "Security Context When creating a pod with readOnlyRootFilesystem should run the container with writable rootfs when readOnlyRootFilesystem=false",
    line: "touch checkfile && ls checkfile",
    says: "checkfile",
    container: { securityContext: { readOnlyRootFilesystem: false } },
  },
  {
    sentence: "Security Context should support container.SecurityContext.RunAsUser And container.SecurityContext.RunAsGroup",
    line: "id",
    says: "uid=1001 gid=2002 groups=2002",
    container: { securityContext: { runAsUser: 1001, runAsGroup: 2002 } },
  },
  {
    sentence: "Security Context should support pod.Spec.SecurityContext.RunAsUser And pod.Spec.SecurityContext.RunAsGroup",
    line: "id",
    says: "uid=1001 gid=2002 groups=2002",
    spec: { securityContext: { runAsUser: 1001, runAsGroup: 2002 } },
  },
  {
    sentence: "Security Context should support pod.Spec.SecurityContext.SupplementalGroups",
    line: "id -G",
    says: /^(?=.*\b1234\b)(?=.*\b5678\b)0\b/,
    spec: { securityContext: { supplementalGroups: [1234, 5678] } },
  },
  {
    sentence: "Security Context when creating containers with AllowPrivilegeEscalation should not allow privilege escalation when false",
    line: "grep NoNewPrivs /proc/self/status",
    says: /:\s+1$/,
    container: { securityContext: { allowPrivilegeEscalation: false, runAsUser: 1000 } },
  },
  {
    sentence: "Security Context When creating a container with seccomp: runtime/default filters, unconfined does not",
    line: "grep ^Seccomp: /proc/self/status",
    says: /:\s+0$/,
    container: { securityContext: { seccompProfile: { type: "Unconfined" } } },
  },
  {
    sentence: "Sysctls should support sysctls",
    line: "cat /proc/sys/kernel/shm_rmid_forced",
    says: "1",
    spec: { securityContext: { sysctls: [{ name: "kernel.shm_rmid_forced", value: "1" }] } },
  },
  {
    sentence: "Pods should contain environment variables for services",
    line: "env | grep ^FOOSERVICE | sort",
    says: async (engine) => {
      const ip = (await engine.read(`${core}/services/fooservice`)).spec.clusterIP;
      const port = "FOOSERVICE_PORT_8765_TCP";
      return [
        `FOOSERVICE_PORT=tcp://${ip}:8765`,
        `${port}=tcp://${ip}:8765`,
        `${port}_ADDR=${ip}`,
        `${port}_PORT=8765`,
        `${port}_PROTO=tcp`,
        `FOOSERVICE_SERVICE_HOST=${ip}`,
        "FOOSERVICE_SERVICE_PORT=8765",
      ].join("\n");
    },
  },
  {
    sentence: "Pods with hostNetwork have the node's own files and address",
    line: "grep -c Kubernetes-managed /etc/hosts; echo $POD_IP",
    says: ofPod("saying-30", ({ status }) => `0\n${status.hostIP}`),
    container: { env: [field("POD_IP", "status.podIP")] },
    spec: { hostNetwork: true },
  },
];

const message = (line: string, more: Record<string, unknown> = {}) =>
  shellContainer(line, { terminationMessagePath: "/dev/termination-custom-log", ...more });
const fallback = { terminationMessagePolicy: "FallbackToLogsOnError" };
const lastWords: readonly (readonly [string, any, string, string])[] = [
  [
    "should report termination message if TerminationMessagePath is set as non-root user and at a non-default path",
    message("echo -n DONE > /dev/termination-custom-log", { securityContext: { runAsUser: 1000 } }),
    "DONE",
    "Succeeded",
  ],
  [
    "should report termination message from log output if TerminationMessagePolicy FallbackToLogsOnError is set",
    message("echo -n DONE; false", fallback),
    "DONE",
    "Failed",
  ],
  [
    "should report termination message as empty when pod succeeds and TerminationMessagePolicy FallbackToLogsOnError is set",
    message("echo -n DONE", fallback),
    "",
    "Succeeded",
  ],
  [
    "should report termination message from file when pod succeeds and TerminationMessagePolicy FallbackToLogsOnError is set",
    { ...shellContainer("echo DONE; echo -n OK > /dev/termination-log"), ...fallback },
    "OK",
    "Succeeded",
  ],
];

/** Fails once and ends well once, then stays. */
const thirdTime = "n=$(($(cat /restart-count/count 2>/dev/null || echo 0) + 1)); echo $n > /restart-count/count";
const counting = { volumeMounts: [{ name: "v", mountPath: "/restart-count" }] };

test("containers that say something and end", async (t) => {
  const engine = await startEngine(t, { images: ["ch03-sleep.tar"] });
  const data = { "data-1": "value-1", "data-2": "value-2" };
  await create(engine, [
    { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "map" }, data },
    { apiVersion: "v1", kind: "Secret", metadata: { name: "map" }, stringData: data },
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "fooservice" },
      spec: { selector: { name: "x" }, ports: [{ port: 8765, targetPort: 8080 }] },
    },
  ]);
  await create(engine, [
    ...podsOfTable("saying", rows),
    ...lastWords.map(([, container], index) => podOf(`words-${index}`, [container])),
    ...[
      ["rpa", "Always", `${thirdTime}; [ $n = 1 ] && exit 1; [ $n = 2 ] && exit 0; while true; do sleep 1; done`],
      ["rpof", "OnFailure", `${thirdTime}; [ $n = 1 ] && exit 1; exit 0`],
      ["rpn", "Never", "exit 1"],
    ].map(([name, restartPolicy, line]) =>
      podOf(`terminate-cmd-${name}`, [shellContainer(line as string, { ...counting })], { ...emptyVolume, restartPolicy }),
    ),
    podOf("init-always", [shellContainer(waitForEver)], {
      restartPolicy: "Always",
      initContainers: ["init1", "init2"].map((name) => shellContainer("true", { name })),
    }),
    podOf("init-never", [shellContainer("true")], { initContainers: ["init1", "init2"].map((name) => shellContainer("true", { name })) }),
    podOf("init-fails-always", [shellContainer("true")], {
      restartPolicy: "Always",
      initContainers: [shellContainer("false", { name: "init1" }), shellContainer("true", { name: "init2" })],
    }),
    podOf("init-fails-never", [shellContainer("true")], {
      initContainers: [shellContainer("true", { name: "init1" }), shellContainer("false", { name: "init2" })],
    }),
    podOf("always-fails", [shellContainer("false")], { restartPolicy: "Always" }),
    ...[
      ["absolute", "$(VALUE)", "/tmp", {}],
      ["backticks", "`ls /proc`", "", {}],
      ["modified", "$(VALUE)", undefined, { notmysubpath: "mypath" }],
    ].map(([name, subPathExpr, value, annotations]) =>
      podOf(
        `subpath-${name}`,
        [
          shellContainer(waitForEver, {
            env: [
              value === undefined
                ? field("VALUE", "metadata.annotations['mysubpath']")
                : { name: "VALUE", value: value === "" ? ".." : value },
            ],
            volumeMounts: [{ name: "v", mountPath: "/subpath_mount", subPathExpr: value === "" ? "$(VALUE)" : subPathExpr }],
          }),
        ],
        { ...emptyVolume, restartPolicy: "Always" },
        { annotations },
      ),
    ),
    podOf("must-not-be-root", [shellContainer("true", { securityContext: { runAsNonRoot: true } })]),
  ]);

  for (const [index, row] of rows.entries()) await t.test(row.sentence, () => checkSaying(engine, "saying", index, row));

  for (const [index, [sentence, , words, phase]] of lastWords.entries()) {
    await t.test(`Container Runtime blackbox test on terminated container ${sentence}`, async () => {
      const pod = await podWhere(engine, `words-${index}`, "has ended", ({ status }) => status.phase === phase);
      assert.equal(pod.status.containerStatuses[0].state.terminated.message ?? "", words);
    });
  }

  await t.test("Container Runtime blackbox test when starting a container that exits should run with the expected status", async () => {
    const always = await podWhere(
      engine,
      "terminate-cmd-rpa",
      "runs for the third time",
      ({ status }) => status.containerStatuses?.[0].restartCount === 2 && isReady({ status }),
    );
    assert.equal(always.status.phase, "Running");
    assert.ok(always.status.containerStatuses[0].state.running);
    const onFailure = await podWhere(engine, "terminate-cmd-rpof", "has succeeded", ({ status }) => status.phase === "Succeeded");
    assert.deepEqual(
      [onFailure.status.containerStatuses[0].restartCount, onFailure.status.containerStatuses[0].ready, isReady(onFailure)],
      [1, false, false],
    );
    const never = await podWhere(engine, "terminate-cmd-rpn", "has failed", ({ status }) => status.phase === "Failed");
    assert.deepEqual([never.status.containerStatuses[0].restartCount, never.status.containerStatuses[0].state.terminated.exitCode], [0, 1]);
  });

  const initialized = (pod: any) => pod.status.conditions.find(({ type }: any) => type === "Initialized").status;
  await t.test("InitContainer should invoke init containers on a RestartAlways pod", async () => {
    const pod = await podWhere(engine, "init-always", "is ready", isReady);
    assert.equal(initialized(pod), "True");
    for (const { state, ready } of pod.status.initContainerStatuses) assert.deepEqual([ready, state.terminated.exitCode], [true, 0]);
  });
  await t.test("InitContainer should invoke init containers on a RestartNever pod", async () => {
    const pod = await podWhere(engine, "init-never", "has succeeded", ({ status }) => status.phase === "Succeeded");
    assert.equal(initialized(pod), "True");
    for (const { state, ready } of pod.status.initContainerStatuses) assert.deepEqual([ready, state.terminated.exitCode], [true, 0]);
  });
  await t.test("InitContainer should not start app containers if init containers fail on a RestartAlways pod", async () => {
    const pod = await podWhere(
      engine,
      "init-fails-always",
      "has tried again",
      ({ status }) => (status.initContainerStatuses?.[0].restartCount ?? 0) >= 1,
    );
    assert.deepEqual([pod.status.phase, initialized(pod)], ["Pending", "False"]);
    assert.equal(pod.status.initContainerStatuses[1].state.waiting.reason, "PodInitializing");
    assert.deepEqual(pod.status.containerStatuses[0].state, { waiting: { reason: "PodInitializing" } });
    const { reason, message } = pod.status.conditions.find(({ type }: any) => type === "Initialized");
    assert.deepEqual([reason, message], ["ContainersNotInitialized", "containers with incomplete status: [init1 init2]"]);
  });
  await t.test("InitContainer should not start app containers and fail the pod if init containers fail on a RestartNever pod", async () => {
    const pod = await podWhere(engine, "init-fails-never", "has failed", ({ status }) => status.phase === "Failed");
    assert.equal(initialized(pod), "False");
    assert.deepEqual(
      pod.status.initContainerStatuses.map(({ state }: any) => state.terminated.exitCode),
      [0, 1],
    );
    assert.ok(pod.status.containerStatuses[0].state.waiting);
  });

  await t.test("Kubelet when scheduling a busybox command that always fails in a pod should have an terminated reason", async () => {
    const pod = await podWhere(
      engine,
      "always-fails",
      "has failed",
      ({ status }) => status.containerStatuses?.[0].state.terminated ?? status.containerStatuses?.[0].lastState.terminated,
    );
    const { state, lastState } = pod.status.containerStatuses[0];
    assert.equal((state.terminated ?? lastState.terminated).reason, "Error");
  });
  await t.test("Kubelet when scheduling a busybox command that always fails in a pod should be possible to delete", async () => {
    await engine.run("kubectl delete pod always-fails --timeout=20s");
  });

  const cannotConfigure = (pod: any) => pod.status.containerStatuses?.[0].state.waiting?.reason === "CreateContainerConfigError";
  await t.test("Variable Expansion should fail substituting values in a volume subpath with absolute path", async () => {
    const pod = await podWhere(engine, "subpath-absolute", "is refused", cannotConfigure);
    assert.equal(pod.status.containerStatuses[0].state.waiting.message, "subPath must not be an absolute path");
  });
  await t.test("Variable Expansion should fail substituting values in a volume subpath with backticks", async () => {
    await podWhere(engine, "subpath-backticks", "is refused", cannotConfigure);
  });
  await t.test(
    "Variable Expansion should verify that a failing subpath expansion can be modified during the lifecycle of a container",
    async () => {
      await podWhere(engine, "subpath-modified", "is refused", cannotConfigure);
      await engine.run("kubectl annotate pod subpath-modified mysubpath=mypath");
      await podWhere(engine, "subpath-modified", "is ready", isReady);
    },
  );
  await t.test("Security Context When creating a container with runAsNonRoot should not run with an image of user root", async () => {
    const pod = await podWhere(engine, "must-not-be-root", "is refused", cannotConfigure);
    assert.match(pod.status.containerStatuses[0].state.waiting.message, /^container has runAsNonRoot and image will run as root/);
  });
});

const nginx = (name: string, more: Record<string, unknown> = {}) => ({
  name,
  image: "kiamol/ch09-vweb:v1",
  imagePullPolicy: "IfNotPresent",
  ...more,
});
const probe = (handler: Record<string, unknown>, more: Record<string, unknown> = {}) => ({
  initialDelaySeconds: 0,
  periodSeconds: 1,
  failureThreshold: 1,
  ...handler,
  ...more,
});
const exec = (line: string) => ({ exec: { command: ["sh", "-c", line] } });

test("containers that stay", async (t) => {
  const engine = await startEngine(t, { images: ["ch03-sleep.tar", "ch09-vweb.tar"] });
  const healthy = "echo ok > /tmp/health; sleep 600 & wait";
  const sick = "echo ok > /tmp/health; sleep 2; rm -f /tmp/health; sleep 600 & wait";
  const liveness = (livenessProbe: object, line = healthy) => [shellContainer(line, { livenessProbe })];
  const grpcPort = await grpcServer(t);
  await create(engine, [
    podOf("server", [nginx("main")]),
    podOf("live-exec", liveness(probe(exec("cat /tmp/health")))),
    podOf("dies-exec", liveness(probe(exec("cat /tmp/health")), sick), { restartPolicy: "Always" }),
    podOf(
      "live-http",
      [nginx("main", { livenessProbe: probe({ httpGet: { path: "/", port: 80 } }, { failureThreshold: 3, timeoutSeconds: 5 }) })],
      { restartPolicy: "Always" },
    ),
    podOf("dies-http", [nginx("main", { livenessProbe: probe({ httpGet: { path: "/absent", port: 80 } }) })], { restartPolicy: "Always" }),
    podOf("live-tcp", [nginx("main", { livenessProbe: probe({ tcpSocket: { port: 80 } }, { failureThreshold: 3, timeoutSeconds: 5 }) })], {
      restartPolicy: "Always",
    }),
    podOf("live-grpc", liveness(probe({ grpc: { port: grpcPort } }, { failureThreshold: 3, timeoutSeconds: 5 })), {
      restartPolicy: "Always",
      hostNetwork: true,
    }),
    podOf("dies-grpc", liveness(probe({ grpc: { port: 1 } })), { restartPolicy: "Always", hostNetwork: true }),
    podOf("ready-late", [
      nginx("main", { readinessProbe: probe({ httpGet: { path: "/", port: 80 } }, { initialDelaySeconds: 4, timeoutSeconds: 5 }) }),
    ]),
    podOf("never-ready", [nginx("main", { readinessProbe: probe(exec("exit 1")) })], { restartPolicy: "Always" }),
    podOf(
      "etc-hosts",
      [
        shellContainer(waitForEver, { name: "plain" }),
        shellContainer(waitForEver, { name: "own", volumeMounts: [{ name: "v", mountPath: "/etc/hosts" }] }),
      ],
      { volumes: [{ name: "v", hostPath: { path: "/etc/hosts", type: "File" } }] },
    ),
    podOf("etc-hosts-host", [shellContainer(waitForEver)], { hostNetwork: true }),
    podOf("talks", [shellContainer(`echo container is alive; ${waitForEver}`)]),
  ]);
  const server = await podWhere(engine, "server", "is ready", isReady);
  const serverIp = server.status.podIP as string;
  const heard = async (path: string): Promise<boolean> => (await engine.run("kubectl logs server")).includes(path);
  const post = (path: string) => ({ httpGet: { path, port: 80, host: serverIp } });
  const shout = (path: string) => exec(`wget -q -O - http://${serverIp}/${path} || true`);
  await create(engine, [
    podOf("post-exec", [shellContainer(waitForEver, { lifecycle: { postStart: shout("post-exec") } })]),
    podOf("post-http", [shellContainer(waitForEver, { lifecycle: { postStart: { httpGet: { path: "/", port: 80, host: serverIp } } } })]),
    podOf("pre-exec", [shellContainer(waitForEver, { lifecycle: { preStop: shout("pre-exec") } })], { terminationGracePeriodSeconds: 10 }),
    podOf("pre-http", [shellContainer(waitForEver, { lifecycle: { preStop: post("/pre-http") } })], { terminationGracePeriodSeconds: 10 }),
    podOf("post-http-fails", [shellContainer(waitForEver, { lifecycle: { postStart: post("/post-http") } })], { restartPolicy: "Always" }),
  ]);

  await t.test(
    "Container Lifecycle Hook when create a pod with lifecycle hook should execute poststart exec and http hook properly",
    async () => {
      await podWhere(engine, "post-exec", "is ready", isReady);
      await podWhere(engine, "post-http", "is ready", isReady);
      await until("the server has heard of them", async () => (await heard("/post-exec")) && heard("/post-http"));
    },
  );
  await t.test(
    "Container Lifecycle Hook when create a pod with lifecycle hook should execute prestop exec and http hook properly",
    async () => {
      for (const name of ["pre-exec", "pre-http"]) await podWhere(engine, name, "is ready", isReady);
      await engine.run("kubectl delete pod pre-exec pre-http");
      await until("the server has heard of them", async () => (await heard("/pre-exec")) && heard("/pre-http"));
    },
  );

  await t.test("Probing container should be restarted with a exec, /healthz http and GRPC liveness probe", async () => {
    for (const name of ["dies-exec", "dies-http", "dies-grpc"]) {
      await podWhere(engine, name, "has been restarted", ({ status }) => (status.containerStatuses?.[0].restartCount ?? 0) >= 1);
    }
    // The first look may come before nginx listens.
    await until("the event says why", async () =>
      (await engine.run("kubectl describe pod dies-http")).includes("Liveness probe failed: HTTP probe failed with statuscode: 404"),
    );
  });
  await t.test("Probing container with readiness probe should not be ready before initial delay and never restart", async () => {
    const { status } = await podWhere(engine, "ready-late", "is ready", isReady);
    const readyAt = Date.parse(status.conditions.find(({ type }: any) => type === "Ready").lastTransitionTime);
    assert.ok(readyAt - Date.parse(status.containerStatuses[0].state.running.startedAt) >= 4000);
    assert.equal(status.containerStatuses[0].restartCount, 0);
  });
  await t.test(
    "Probing container should *not* be restarted with a exec, /healthz http, tcp:8080 and GRPC liveness probe; never ready never restarts",
    async () => {
      for (const name of ["live-exec", "live-http", "live-tcp", "live-grpc"]) {
        const { status } = await podWhere(engine, name, "is ready", isReady);
        assert.equal(status.containerStatuses[0].restartCount, 0);
      }
      const { status } = await readPod(engine, "never-ready");
      assert.deepEqual([isReady({ status }), status.containerStatuses[0].restartCount, status.phase], [false, 0, "Running"]);
    },
  );

  await t.test("KubeletManagedEtcHosts should test kubelet managed /etc/hosts file", async () => {
    await podWhere(engine, "etc-hosts", "is ready", isReady);
    await podWhere(engine, "etc-hosts-host", "is ready", isReady);
    assert.match(await inside(engine, "etc-hosts", "cat /etc/hosts", "plain"), /^# Kubernetes-managed hosts file\./);
    const own = readFileSync("/etc/hosts", "utf8").replace(/\n$/, "");
    assert.equal(await inside(engine, "etc-hosts", "cat /etc/hosts", "own"), own);
    assert.equal(await inside(engine, "etc-hosts-host", "cat /etc/hosts"), own);
  });

  await t.test("Containers should use the image defaults if command and args are blank", async () => {
    assert.match(await inside(engine, "server", "tr '\\0' ' ' < /proc/1/cmdline"), /nginx/);
  });

  await t.test("Pods should support remote command execution over websockets", async () => {
    await podWhere(engine, "talks", "is ready", isReady);
    const query = "container=main&command=echo&command=remote+execution+test&stderr=1&stdout=1";
    const frames = await webSocketFrames(engine, `${core}/pods/talks/exec?${query}`, "v4.channel.k8s.io");
    assert.deepEqual(
      frames.filter((frame) => frame.length > 1).map((frame) => [frame[0], frame.subarray(1).toString().trim()]),
      [
        [1, "remote execution test"],
        [3, '{"metadata":{},"status":"Success"}'],
      ],
    );
    const plain = await webSocketFrames(engine, `${core}/pods/talks/exec?${query}`, "channel.k8s.io");
    assert.equal(
      Buffer.concat(plain.filter((frame) => frame[0] === 1).map((frame) => frame.subarray(1))).toString(),
      "remote execution test\n",
    );
  });
  await t.test("Pods should support retrieving logs from the container over websockets", async () => {
    const frames = await webSocketFrames(engine, `${core}/pods/talks/log?container=main`, "binary.k8s.io");
    assert.equal(Buffer.concat(frames).toString(), "container is alive\n");
  });

  await t.test(
    "Ephemeral Containers will start an ephemeral container in an existing pod, and update the ephemeral containers",
    async () => {
      const add = (name: string) => ({
        name,
        ...shellImage,
        command: ["sh", "-c", `echo polo ${name}; ${waitForEver}`],
        stdin: true,
        tty: true,
      });
      for (const name of ["debugger", "debugger2"]) {
        await engine.run(
          `kubectl patch pod talks --subresource=ephemeralcontainers -p '${JSON.stringify({ spec: { ephemeralContainers: [add(name)] } }).replaceAll("'", "'\\''")}'`,
        );
        await podWhere(engine, "talks", `runs ${name}`, ({ status }) =>
          status.ephemeralContainerStatuses?.some((one: any) => one.name === name && one.state.running),
        );
        await until("it has said so", async () => (await engine.run(`kubectl logs talks -c ${name}`)).trim() === `polo ${name}`);
      }
      const { spec } = await readPod(engine, "talks");
      assert.equal(spec.ephemeralContainers.length, 2);
    },
  );

  await t.test("Pods should allow activeDeadlineSeconds to be updated", async () => {
    await engine.run(`kubectl patch pod talks -p '{"spec":{"activeDeadlineSeconds":1}}'`);
    const { status } = await podWhere(engine, "talks", "has failed", ({ status }) => status.phase === "Failed");
    assert.equal(status.reason, "DeadlineExceeded");
  });
});

/** Frames that a path sends over a WebSocket until it closes. */
async function webSocketFrames(engine: Engine, path: string, protocol: string): Promise<Buffer[]> {
  const config = new KubeConfig();
  config.loadFromFile(engine.kubeconfig);
  const cluster = config.getCurrentCluster();
  const user = config.getCurrentUser();
  const decoded = (text: string | undefined) => (text === undefined ? undefined : Buffer.from(text, "base64"));
  const socket = new WebSocket(`${cluster?.server.replace(/^http/, "ws")}${path}`, [protocol], {
    ca: decoded(cluster?.caData),
    cert: decoded(user?.certData),
    key: decoded(user?.keyData),
  });
  const frames: Buffer[] = [];
  await new Promise<void>((resolve, reject) => {
    socket.on("message", (data: Buffer) => frames.push(data));
    socket.on("error", reject);
    socket.on("close", () => resolve());
  });
  assert.equal(socket.protocol, protocol);
  return frames;
}

/** A server of the gRPC health protocol that always serves. */
async function grpcServer(t: TestContext): Promise<number> {
  const server = createServer();
  const sessions = new Set<{ destroy(): void }>();
  server.on("session", (session) => sessions.add(session));
  server.on("stream", (stream: ServerHttp2Stream) => {
    stream.on("error", () => {});
    stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
    stream.resume().on("end", () => stream.end(Buffer.from([0, 0, 0, 0, 2, 0x08, 1])));
  });
  await new Promise<void>((resolve) => server.listen(0, "0.0.0.0", resolve));
  t.after(() => {
    server.close();
    for (const session of sessions) session.destroy();
  });
  return (server.address() as { port: number }).port;
}
