/** A sentence, a certainty and a way out for every cause; tables of what nodes, schedulers and registries really say. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Event } from "../../api/types.ts";
import { sampleDeployment, sampleEvent, sampleNowMs, type SampleOptions, type SamplePod, sampleStatefulSet } from "../samples.suite.ts";
import type { WorkloadSnapshot } from "../workload.ts";
import { explain, verdictOf } from "./explain.ts";
import { type Explanation, logKey, nothingRelated, type Related } from "./explanation.ts";
import { schedulerWords } from "./scheduling.ts";

const waiting = (reason: string, message = "") => ({ state: { waiting: { reason, message } } });
const one = (pod: Omit<SamplePod, "name">, options: SampleOptions = {}): WorkloadSnapshot =>
  sampleDeployment({
    status: { updatedReplicas: 1, availableReplicas: 2 },
    ...options,
    pods: [{ name: "web-new-1", ...pod }, ...(options.pods ?? [])],
  });

interface Row {
  readonly about: string;
  readonly snapshot: WorkloadSnapshot;
  readonly events?: readonly Event[];
  readonly related?: Partial<Related>;
  readonly code: string;
  readonly certainty: string;
  readonly sentence: RegExp;
  readonly wayOut?: RegExp;
  readonly evidence?: RegExp;
}

const crashed = (restartCount: number, terminated: Record<string, unknown>): Omit<SamplePod, "name"> => ({
  ageSeconds: 90,
  status: {
    restartCount,
    state: { waiting: { reason: "CrashLoopBackOff", message: "back-off 40s restarting failed container" } },
    lastState: { terminated: { exitCode: 1, startedAt: "2026-11-22T09:59:40Z", finishedAt: "2026-11-22T09:59:50Z", ...terminated } },
  },
});

const rows: readonly Row[] = [
  {
    about: "KUB-5: a registry that knows no such image",
    snapshot: one({
      phase: "Pending",
      status: waiting(
        "ErrImagePull",
        'rpc error: code = NotFound desc = failed to pull and unpack image "docker.io/shop/web:v2": failed to resolve reference "docker.io/shop/web:v2": docker.io/shop/web:v2: not found',
      ),
    }),
    code: "ImageNotFound",
    certainty: "certain",
    sentence: /^Pod web-new-1 can't pull image "shop\/web:v2": there is no such image; it says: docker\.io\/shop\/web:v2: not found\.$/,
    wayOut: /^windlass rollout undo deploy\/web -n shop$/m,
  },
  {
    about: "KUB-5, KUB-6: while it backs off, the registry's words stand in an event",
    snapshot: one({ phase: "Pending", status: waiting("ImagePullBackOff", 'Back-off pulling image "shop/web:v2"') }),
    events: [
      sampleEvent("uid-web-new-1", "Failed", 'Failed to pull image "shop/web:v2": unauthorized: authentication required', {
        container: "app",
      }),
    ],
    code: "ImagePullDenied",
    certainty: "certain",
    sentence: /needs credentials.*it says: unauthorized: authentication required\.$/,
  },
  {
    about: "KUB-5: a registry that is away may come back",
    snapshot: one({
      phase: "Pending",
      status: waiting(
        "ImagePullBackOff",
        'Back-off pulling image "shop/web:v2": ErrImagePull: dial tcp: lookup registry.shop: no such host',
      ),
    }),
    code: "ImagePullFailed",
    certainty: "likely",
    sentence: /the registry can't be reached; it says: dial tcp: lookup registry\.shop: no such host\.$/,
  },
  {
    about: "KUB-5: a name that is none",
    snapshot: one({ phase: "Pending", status: waiting("InvalidImageName", "couldn't parse image name") }),
    code: "InvalidImageName",
    certainty: "certain",
    sentence: /"shop\/web:v2" is no valid image name/,
    wayOut: /^kubectl set image deploy\/web app=IMAGE -n shop$/m,
  },
  {
    about: "a command that the image does not have",
    snapshot: one({
      container: { command: ["/bin/serve", "--now"] },
      status: waiting("RunContainerError", 'exec: "/bin/serve": stat /bin/serve: no such file or directory'),
    }),
    code: "CommandNotFound",
    certainty: "certain",
    sentence: /the command of container app \("\/bin\/serve"\) does not exist in image "shop\/web:v2"\.$/,
  },
  {
    about: "a command that could not be started, seen between two tries",
    snapshot: one(crashed(2, { reason: "StartError", exitCode: 128, message: 'exec: "./run": permission denied' })),
    code: "ContainerStartFailed",
    certainty: "certain",
    sentence: /can't be executed.*permission denied/,
  },
  {
    about: "KUB-1: a crash, with the last line of its log",
    snapshot: one(crashed(1, { reason: "Error", exitCode: 3 })),
    related: { logs: new Map([[logKey("uid-web-new-1", "app"), { lines: ["starting", "no database at db:5432"], cut: false }]]) },
    code: "ContainerCrashed",
    certainty: "likely",
    sentence: /^Pod web-new-1 crashes: container app ended with exit code 3, 2 times so far; its last line was: no database at db:5432\.$/,
    wayOut: /^kubectl logs web-new-1 -c app --previous -n shop$/m,
  },
  {
    about: "KUB-1: the fourth crash in a row is proof",
    snapshot: one(crashed(3, { reason: "Error", exitCode: 1 })),
    code: "ContainerCrashed",
    certainty: "certain",
    sentence: /4 times so far/,
  },
  {
    about: "a crash by signal",
    snapshot: one(crashed(1, { reason: "Error", exitCode: 139 })),
    code: "ContainerCrashed",
    certainty: "likely",
    sentence: /ended by signal SEGV \(exit code 139\)/,
  },
  {
    about: "a shell that found no command",
    snapshot: one(crashed(0, { reason: "Error", exitCode: 127 })),
    code: "ContainerCrashed",
    certainty: "certain",
    sentence: /exit code 127, which is a shell's word for a command that does not exist/,
  },
  {
    about: "out of memory, with the limit",
    snapshot: one({ ...crashed(1, { reason: "OOMKilled", exitCode: 137 }), container: { resources: { limits: { memory: "64Mi" } } } }),
    code: "OutOfMemory",
    certainty: "certain",
    sentence: /runs out of memory: container app was killed at its limit of 64Mi/,
    wayOut: /set resources deploy\/web -c app --limits=memory=SIZE/,
  },
  {
    about: "a container that ends well, where it should stay",
    snapshot: one(crashed(1, { reason: "Completed", exitCode: 0 })),
    code: "ContainerCompleted",
    certainty: "likely",
    sentence: /ends by itself with exit code 0.*a Deployment expects it to go on running/,
  },
  {
    about: "KUB-26: a readiness probe that fails for longer than it may",
    snapshot: one({ container: { readinessProbe: { httpGet: { path: "/ready", port: 80 }, periodSeconds: 5, failureThreshold: 3 } } }),
    events: [
      sampleEvent("uid-web-new-1", "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503", { container: "app" }),
    ],
    code: "ReadinessProbeFailing",
    certainty: "likely",
    sentence: /the readiness probe \(GET \/ready on port 80\) of container app fails, last with: HTTP probe failed with statuscode: 503\.$/,
  },
  {
    about: "KUB-26: a readiness probe that fails just after the start is only awaited",
    snapshot: one({ ageSeconds: 6, container: { readinessProbe: { httpGet: { path: "/ready", port: 80 }, periodSeconds: 5 } } }),
    events: [sampleEvent("uid-web-new-1", "Unhealthy", "Readiness probe failed: connection refused", { secondsAgo: 1, container: "app" })],
    code: "ReadinessProbeFailing",
    certainty: "waiting",
    sentence: /last with: connection refused\.$/,
  },
  {
    about: "KUB-26: killed by its liveness probe, not by itself",
    snapshot: one({ ...crashed(2, { reason: "Error", exitCode: 137 }), container: { livenessProbe: { tcpSocket: { port: 80 } } } }),
    events: [
      sampleEvent("uid-web-new-1", "Unhealthy", "Liveness probe failed: dial tcp 10.0.0.9:80: connection refused", {
        secondsAgo: 20,
        container: "app",
      }),
      sampleEvent("uid-web-new-1", "Killing", "Container app failed liveness probe, will be restarted", {
        secondsAgo: 20,
        container: "app",
      }),
    ],
    code: "LivenessProbeFailing",
    certainty: "likely",
    sentence: /restarted again and again: the liveness probe \(tcp port 80\) of container app fails, last with: dial tcp/,
  },
  {
    about: "KUB-26: a startup probe that fails",
    snapshot: one({ container: { startupProbe: { exec: { command: ["cat", "/ok"] }, periodSeconds: 2, failureThreshold: 2 } } }),
    events: [sampleEvent("uid-web-new-1", "Unhealthy", "Startup probe failed: cat: can't open '/ok'", { container: "app" })],
    code: "StartupProbeFailing",
    certainty: "likely",
    sentence: /the startup probe \(exec cat \/ok\) of container app fails, last with: cat: can't open '\/ok'\.$/,
  },
  {
    about: "KUB-42: a readiness gate that nobody has opened",
    snapshot: one({
      podStatus: {
        conditions: [
          {
            type: "Ready",
            status: "False",
            reason: "ReadinessGatesNotReady",
            message: 'corresponding condition of pod readiness gate "lb" does not exist.',
          },
        ],
      },
      status: { ready: true },
    }),
    code: "ReadinessGate",
    certainty: "waiting",
    sentence: /waits for readiness gate "lb"/,
  },
  {
    about: "KUB-70: a ConfigMap that is not there",
    snapshot: one({ phase: "Pending", status: waiting("CreateContainerConfigError", 'configmap "web-config" not found') }),
    code: "ConfigMissing",
    certainty: "certain",
    sentence: /can't start: ConfigMap "web-config" does not exist, and the environment of container app names it\.$/,
    wayOut: /^kubectl create configmap web-config --from-literal=KEY=VALUE -n shop$/m,
  },
  {
    about: "KUB-70: a ConfigMap that may still be on its way, applied after the Deployment",
    snapshot: one({ phase: "Pending", ageSeconds: 2, status: waiting("CreateContainerConfigError", 'configmap "web-config" not found') }),
    code: "ConfigMissing",
    certainty: "likely",
    sentence: /does not exist/,
  },
  {
    about: "KUB-70: a key that is not in the Secret",
    snapshot: one({ phase: "Pending", status: waiting("CreateContainerConfigError", "couldn't find key password in Secret shop/db") }),
    code: "ConfigMissing",
    certainty: "certain",
    sentence: /Secret "db" has no key "password"/,
    wayOut: /^kubectl edit secret db -n shop$/m,
  },
  {
    about: "KUB-71: a volume made of a Secret that is not there",
    snapshot: one({ phase: "Pending", status: waiting("ContainerCreating") }),
    events: [sampleEvent("uid-web-new-1", "FailedMount", 'MountVolume.SetUp failed for volume "tls" : secret "web-tls" not found')],
    code: "ConfigMissing",
    certainty: "certain",
    sentence: /Secret "web-tls" does not exist, and volume tls is made of it/,
  },
  {
    about: "KUB-71: a volume that can't be mounted for another reason",
    snapshot: one({ phase: "Pending", status: waiting("ContainerCreating") }),
    events: [sampleEvent("uid-web-new-1", "FailedMount", 'MountVolume.SetUp failed for volume "data" : mount failed: exit status 32')],
    code: "VolumeNotMounted",
    certainty: "likely",
    sentence: /volume data can't be mounted: mount failed: exit status 32\.$/,
  },
  {
    about: "no node takes it",
    snapshot: one({
      phase: "Pending",
      node: null,
      conditions: [
        {
          type: "PodScheduled",
          status: "False",
          reason: "Unschedulable",
          message:
            "0/3 nodes are available: 1 Insufficient cpu, 2 node(s) had untolerated taint {gpu: true}. preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.",
        },
      ],
    }),
    code: "Unschedulable",
    certainty: "likely",
    sentence: /can't be placed: not enough cpu left \(1 node\), taint gpu: true is not tolerated \(2 nodes\)\.$/,
  },
  {
    about: "a claim without a class",
    snapshot: one({
      phase: "Pending",
      node: null,
      spec: { volumes: [{ name: "data", persistentVolumeClaim: { claimName: "data" } }] },
      conditions: [
        {
          type: "PodScheduled",
          status: "False",
          reason: "Unschedulable",
          message: "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.",
        },
      ],
    }),
    events: [sampleEvent("uid-claim", "ProvisioningFailed", 'storageclass.storage.k8s.io "fast" not found')],
    related: {
      claims: new Map([
        [
          "data",
          {
            apiVersion: "v1",
            kind: "PersistentVolumeClaim",
            metadata: { name: "data", uid: "uid-claim" },
            spec: { resources: { requests: { storage: "1Gi" } } },
            status: { phase: "Pending" },
          },
        ],
      ]),
    },
    code: "ClaimNotBound",
    certainty: "certain",
    sentence: /claim "data" \(1Gi\) is not bound: there is no StorageClass "fast"\.$/,
    wayOut: /^kubectl describe pvc data -n shop$/m,
  },
  {
    about: "RS-8: a quota that is used up",
    snapshot: sampleDeployment({
      newSetStatus: {
        conditions: [
          {
            type: "ReplicaFailure",
            status: "True",
            reason: "FailedCreate",
            message: 'pods "web-new-x" is forbidden: exceeded quota: small, requested: pods=1, used: pods=2, limited: pods=2',
          },
        ],
      },
    }),
    code: "QuotaExceeded",
    certainty: "likely",
    sentence: /can't make its Pods: it would exceed quota "small" \(requested: pods=1, used: pods=2, limited: pods=2\)\.$/,
    wayOut: /^kubectl describe resourcequota small -n shop$/m,
  },
  {
    about: "RS-7: a service account that is not there, told by an event",
    snapshot: sampleDeployment(),
    events: [
      sampleEvent(
        "rs-new",
        "FailedCreate",
        'Error creating: pods "web-new-" is forbidden: error looking up service account shop/robot: serviceaccount "robot" not found',
      ),
    ],
    code: "AdmissionRefused",
    certainty: "certain",
    sentence: /service account "robot" does not exist/,
    wayOut: /^kubectl create serviceaccount robot -n shop$/m,
  },
  {
    about: "RS-8: a Pod security level that forbids it",
    snapshot: sampleDeployment({
      newSetStatus: {
        conditions: [
          {
            type: "ReplicaFailure",
            status: "True",
            reason: "FailedCreate",
            message:
              'pods "web-new-x" is forbidden: violates PodSecurity "restricted:latest": privileged (container "app" must not set securityContext.privileged=true)',
          },
        ],
      },
    }),
    code: "AdmissionRefused",
    certainty: "certain",
    sentence: /Pod security level "restricted:latest" forbids it: privileged/,
  },
  {
    about: "RS-8: a webhook that says no",
    snapshot: sampleDeployment({
      newSetStatus: {
        conditions: [
          {
            type: "ReplicaFailure",
            status: "True",
            reason: "FailedCreate",
            message: 'admission webhook "policy.shop" denied the request: images must be signed',
          },
        ],
      },
    }),
    code: "AdmissionRefused",
    certainty: "certain",
    sentence: /admission webhook "policy\.shop" denies it: images must be signed\.$/,
  },
  ...(
    [
      [
        "RS-8: limits that are too high, several at once",
        'pods "web-new-x" is forbidden: [maximum cpu usage per Container is 1, but limit is 2, maximum memory usage per Container is 1Gi, but limit is 2Gi]',
        /a LimitRange forbids it: maximum cpu usage per Container is 1, but limit is 2/,
      ],
      [
        "a priority class that is not there",
        'pods "web-new-x" is forbidden: no PriorityClass with name urgent was found',
        /there is no PriorityClass "urgent"\.$/,
      ],
      [
        "a runtime class that is not there",
        'pods "web-new-x" is forbidden: pod rejected: RuntimeClass "gvisor" not found',
        /there is no RuntimeClass "gvisor"\.$/,
      ],
      [
        "RS-8: a policy of the cluster",
        `pods "web-new-x" is forbidden: ValidatingAdmissionPolicy 'signed' with binding 'signed-shop' denied request: images must be signed`,
        /ValidatingAdmissionPolicy "signed" denies it: images must be signed\.$/,
      ],
      [
        "RS-8: a webhook that answers in paragraphs",
        'admission webhook "validate.kyverno.svc-fail" denied the request: \n\nresource Pod/shop/web-new-x was blocked due to the following policies \n\nrequire-labels:\n  check-team: label team is required',
        /denies it: resource Pod\/shop\/web-new-x was blocked .* label team is required\.$/,
      ],
    ] as const
  ).map(([about, message, sentence]) => ({
    about,
    snapshot: sampleDeployment(),
    events: [sampleEvent("rs-new", "FailedCreate", `Error creating: ${message}`)],
    code: "AdmissionRefused",
    certainty: "certain",
    sentence,
  })),
  {
    about: "RS-8: a webhook that is down may come back",
    snapshot: sampleDeployment(),
    events: [
      sampleEvent(
        "rs-new",
        "FailedCreate",
        'Error creating: Internal error occurred: failed calling webhook "inject.mesh.example": failed to call webhook: Post "https://mesh.mesh.svc:443/inject?timeout=10s": no endpoints available for service "mesh"',
      ),
    ],
    code: "AdmissionRefused",
    certainty: "likely",
    sentence: /admission webhook "inject\.mesh\.example" can't be asked: .*no endpoints available/,
  },
  {
    about: "KUB-26: slow is not stuck: its like took as long",
    snapshot: sampleDeployment({
      status: { updatedReplicas: 2, availableReplicas: 1 },
      pods: [
        { name: "web-new-1", ageSeconds: 90, container: { readinessProbe: { tcpSocket: { port: 80 }, periodSeconds: 5 } } },
        { name: "web-new-2", ageSeconds: 200, ready: true, readySeconds: 120 },
      ],
    }),
    events: [sampleEvent("uid-web-new-1", "Unhealthy", "Readiness probe failed: connection refused", { secondsAgo: 1, container: "app" })],
    code: "ReadinessProbeFailing",
    certainty: "waiting",
    sentence: /last with: connection refused\.$/,
  },
  {
    about: "KUB-26: three times as long as its like is stuck",
    snapshot: sampleDeployment({
      status: { updatedReplicas: 2, availableReplicas: 1 },
      pods: [
        { name: "web-new-1", ageSeconds: 250, container: { readinessProbe: { tcpSocket: { port: 80 }, periodSeconds: 5 } } },
        { name: "web-new-2", ageSeconds: 300, ready: true, readySeconds: 220 },
      ],
    }),
    code: "ReadinessProbeFailing",
    certainty: "likely",
    sentence: /has not succeeded in 4m9s\.$/,
  },
  {
    about: "KUB-43: what an init container waits for is in its log",
    snapshot: one({
      phase: "Pending",
      spec: { initContainers: [{ name: "setup", image: "i" }] },
      init: { state: { running: { startedAt: "2026-11-22T09:59:30Z" } } },
      status: waiting("PodInitializing"),
    }),
    related: { logs: new Map([[logKey("uid-web-new-1", "setup"), { lines: ["waiting for db:5432"], cut: false }]]) },
    code: "WaitingForInit",
    certainty: "waiting",
    sentence: /waits for init container setup/,
    evidence: /log of web-new-1\/setup: waiting for db:5432/,
  },
  {
    about: "a Pod that can't go because its node is silent",
    snapshot: one({ of: "old", terminatingSeconds: -60 }),
    related: {
      nodes: new Map([
        [
          "node-1",
          {
            apiVersion: "v1",
            kind: "Node",
            metadata: { name: "node-1" },
            status: { conditions: [{ type: "Ready", status: "Unknown", reason: "NodeStatusUnknown" }] },
          },
        ],
      ]),
    },
    code: "WaitingForTermination",
    certainty: "likely",
    sentence: /is not gone 60s after its grace was over; it is on node node-1, which no longer reports/,
    wayOut: /^kubectl describe node node-1\nkubectl delete pod web-new-1 --force --grace-period=0 -n shop$/m,
  },
  {
    about: "preempted",
    snapshot: one({
      of: "old",
      terminatingSeconds: 20,
      conditions: [{ type: "DisruptionTarget", status: "True", reason: "PreemptionByScheduler" }],
    }),
    code: "WaitingForTermination",
    certainty: "waiting",
    sentence: /is terminating \(a Pod of higher priority takes its place\); its grace ends in 20s/,
  },
  {
    about: "an evicted Pod whose successor is there is history",
    snapshot: sampleDeployment({
      replicas: 1,
      status: { updatedReplicas: 1, availableReplicas: 0 },
      pods: [
        { name: "web-new-1", phase: "Failed", podStatus: { reason: "Evicted" } },
        { name: "web-new-2", ageSeconds: 2, phase: "Pending", status: waiting("ContainerCreating") },
      ],
    }),
    code: "PodFailed",
    certainty: "waiting",
    sentence: /failed as a whole \(Evicted\) and has been replaced/,
  },
  {
    about: "DEP-112: paused",
    snapshot: sampleDeployment({ spec: { paused: true }, status: { updatedReplicas: 1, availableReplicas: 2 } }),
    code: "Paused",
    certainty: "waiting",
    sentence: /is paused/,
    wayOut: /^kubectl rollout resume deploy\/web -n shop$/m,
  },
  {
    about: "DEP-96: the deadline has passed and no Pod says why",
    snapshot: sampleDeployment({
      status: {
        updatedReplicas: 1,
        conditions: [{ type: "Progressing", status: "False", reason: "ProgressDeadlineExceeded", message: "timed out" }],
      },
    }),
    code: "DeadlineExceeded",
    certainty: "certain",
    sentence: /exceeded its progress deadline \(600s without progress\)/,
  },
  {
    about: "a controller that has yet to look",
    snapshot: sampleDeployment({ status: { observedGeneration: 1 } }),
    code: "NotObserved",
    certainty: "waiting",
    sentence: /has yet to look/,
  },
  {
    about: "RS-9: ready, and not yet for long enough",
    snapshot: one({ ready: true, readySeconds: 10, status: {} }, { spec: { minReadySeconds: 30 } }),
    code: "WaitingForMinReady",
    certainty: "waiting",
    sentence: /has to stay so for minReadySeconds \(30s\)/,
  },
  {
    about: "KUB-60: a Pod within its grace",
    snapshot: one({ of: "old", terminatingSeconds: 20 }),
    code: "WaitingForTermination",
    certainty: "waiting",
    sentence: /^Old Pod web-new-1 is terminating; its grace ends in 20s at the latest\.$/,
  },
  {
    about: "a finalizer that nobody takes away",
    snapshot: one({
      of: "old",
      terminatingSeconds: -60,
      finalizers: ["shop.example/drain"],
      status: { state: { terminated: { exitCode: 0 } } },
    }),
    code: "WaitingForTermination",
    certainty: "likely",
    sentence: /is held by finalizer shop\.example\/drain/,
  },
  {
    about: "KUB-43: an init container at work",
    snapshot: one({
      phase: "Pending",
      spec: { initContainers: [{ name: "setup", image: "i" }] },
      init: { state: { running: { startedAt: "2026-11-22T09:59:30Z" } } },
      status: waiting("PodInitializing"),
    }),
    code: "WaitingForInit",
    certainty: "waiting",
    sentence: /waits for init container setup \(1 of 1\), for 60s so far/,
  },
  {
    about: "KUB-44: an init container that crashes",
    snapshot: one({
      phase: "Pending",
      spec: { initContainers: [{ name: "setup", image: "i" }] },
      init: {
        restartCount: 1,
        state: { waiting: { reason: "CrashLoopBackOff" } },
        lastState: { terminated: { exitCode: 5, reason: "Error" } },
      },
      status: waiting("PodInitializing"),
    }),
    code: "ContainerCrashed",
    certainty: "likely",
    sentence: /init container setup ended with exit code 5/,
  },
  {
    about: "KUB-47: evicted",
    snapshot: one({ phase: "Failed", podStatus: { reason: "Evicted", message: "The node was low on resource: memory." } }),
    code: "PodFailed",
    certainty: "likely",
    sentence: /failed as a whole \(Evicted\): The node was low on resource: memory\.$/,
  },
  {
    about: "a node that went silent",
    snapshot: one({ ready: false }),
    related: {
      nodes: new Map([
        [
          "node-1",
          {
            apiVersion: "v1",
            kind: "Node",
            metadata: { name: "node-1" },
            status: {
              conditions: [
                { type: "Ready", status: "Unknown", reason: "NodeStatusUnknown", message: "Kubelet stopped posting node status." },
              ],
            },
          },
        ],
      ]),
    },
    code: "NodeNotReady",
    certainty: "likely",
    sentence: /is on node node-1, which no longer reports/,
  },
  {
    about: "STS-23: blocked by a broken Pod of the revision before",
    snapshot: sampleStatefulSet({
      status: { readyReplicas: 1 },
      pods: [
        { name: "db-0", of: "old", ready: true },
        {
          name: "db-1",
          of: "old",
          phase: "Pending",
          status: waiting("ImagePullBackOff", 'Back-off pulling image "shop/web:v1": not found'),
        },
      ],
    }),
    code: "StatefulSetBlocked",
    certainty: "certain",
    sentence: /^StatefulSet db is blocked by Pod db-1 of an older revision.*until somebody deletes it\.$/,
    wayOut: /^kubectl delete pod db-1 -n shop$/m,
  },
  {
    about: "STS-23: a broken Pod of the present template has to go after the template was mended",
    snapshot: sampleStatefulSet({
      status: { readyReplicas: 1, updatedReplicas: 1 },
      pods: [
        { name: "db-0", of: "old", ready: true },
        { name: "db-1", phase: "Pending", status: waiting("ErrImagePull", "manifest unknown") },
      ],
    }),
    code: "ImageNotFound",
    certainty: "certain",
    sentence: /Pod db-1 can't pull image/,
    wayOut: /^windlass rollout undo sts\/db -n shop\nkubectl set image .*\nkubectl delete pod db-1 -n shop$/m,
  },
  {
    about: "STS-22: OnDelete waits for a person",
    snapshot: sampleStatefulSet({
      spec: { updateStrategy: { type: "OnDelete" } },
      status: { readyReplicas: 2, availableReplicas: 2 },
      pods: [
        { name: "db-0", of: "old", ready: true },
        { name: "db-1", of: "old", ready: true },
      ],
    }),
    code: "OnDelete",
    certainty: "waiting",
    sentence: /2 old Pods stay until somebody deletes them/,
  },
];

for (const { about, snapshot, events = [], related, code, certainty, sentence, wayOut, evidence } of rows)
  test(about, () => {
    const [first] = explain(snapshot, { ...nothingRelated, ...related, events }, { nowMs: sampleNowMs });
    assert.ok(first, "nothing was explained");
    assert.deepEqual([first.code, first.certainty], [code, certainty], first.sentence);
    assert.match(first.sentence, sentence);
    assert.doesNotMatch(first.sentence, /\n/);
    if (wayOut) assert.match(commandsOf(first), wayOut);
    if (evidence) assert.match(first.evidence.map(({ at, text }) => `${at}: ${text}`).join("\n"), evidence);
  });

const commandsOf = ({ wayOut }: Explanation): string => wayOut.map(({ command }) => command ?? "").join("\n");

test("equal causes of several Pods are one, and the worst comes first", () => {
  const broken = waiting("ErrImagePull", "manifest unknown");
  const snapshot = sampleDeployment({
    replicas: 3,
    status: { updatedReplicas: 3, availableReplicas: 1 },
    pods: [
      { name: "web-new-1", phase: "Pending", status: broken },
      { name: "web-new-2", phase: "Pending", status: broken },
      { name: "web-new-3", phase: "Pending", ageSeconds: 3, status: waiting("ContainerCreating") },
      { name: "web-old-1", of: "old", terminatingSeconds: 12 },
    ],
  });
  const found = explain(snapshot, nothingRelated, { nowMs: sampleNowMs });
  assert.deepEqual(
    found.map(({ code, pods }) => [code, ...pods]),
    [
      ["ImageNotFound", "web-new-1", "web-new-2"],
      ["WaitingForStart", "web-new-3"],
      ["WaitingForTermination", "web-old-1"],
    ],
  );
  assert.match(found[0]?.sentence ?? "", /^2 of 3 new Pods can't pull/);
  assert.equal(verdictOf(snapshot, found), "failed");
});

test("the deadline is told after what led to it", () => {
  const snapshot = one(
    { phase: "Pending", status: waiting("ErrImagePull", "manifest unknown") },
    { status: { updatedReplicas: 1, conditions: [{ type: "Progressing", status: "False", reason: "ProgressDeadlineExceeded" }] } },
  );
  assert.deepEqual(
    explain(snapshot, nothingRelated, { nowMs: sampleNowMs }).map(({ code }) => code),
    ["ImageNotFound", "DeadlineExceeded"],
  );
});

test("a complete rollout needs no explanation", () => {
  const pods = [
    { name: "web-new-1", ready: true },
    { name: "web-new-2", ready: true },
  ];
  const snapshot = sampleDeployment({ status: { updatedReplicas: 2, availableReplicas: 2, readyReplicas: 2 }, pods });
  const found = explain(snapshot, nothingRelated, { nowMs: sampleNowMs });
  assert.deepEqual([found, verdictOf(snapshot, found)], [[], "complete"]);
});

test("a first revision that fails has no way back, and none is offered", () => {
  const snapshot = one({ phase: "Pending", status: waiting("ErrImagePull", "manifest unknown") }, { withoutOld: true });
  assert.doesNotMatch(commandsOf(explain(snapshot, nothingRelated, { nowMs: sampleNowMs })[0] as Explanation), /undo/);
});

test("commands reach the cluster that was asked", () => {
  const snapshot = one({ phase: "Pending", status: waiting("ErrImagePull", "manifest unknown") });
  const [first] = explain(snapshot, nothingRelated, { nowMs: sampleNowMs, flags: "--context prod" });
  assert.match(commandsOf(first as Explanation), /^windlass rollout undo deploy\/web -n shop --context prod$/m);
});

test("what a container writes cannot move the reader's cursor", () => {
  const snapshot = one(crashed(1, { reason: "Error", exitCode: 1, message: "\u001b[2Jgone\u202e" }));
  const [first] = explain(snapshot, nothingRelated, { nowMs: sampleNowMs });
  assert.doesNotMatch(JSON.stringify(first), /\\u001b|\u202e/);
});

test("the scheduler's reasons in words", () => {
  for (const [message, words] of [
    ["0/2 nodes are available: 2 node(s) were unschedulable.", "cordoned (2 nodes)"],
    [
      "0/1 nodes are available: 1 Insufficient cpu, 1 Insufficient memory.",
      "not enough cpu left (1 node), not enough memory left (1 node)",
    ],
    [
      "0/4 nodes are available: 1 Too many pods, 3 node(s) didn't match Pod's node affinity/selector. preemption: 0/4 nodes are available.",
      "no room for another Pod (1 node), nodeSelector or node affinity does not match (3 nodes)",
    ],
    [
      "0/3 nodes are available: 3 node(s) had taint {key: a, b}, that the pod didn't tolerate.",
      "taint key: a, b is not tolerated (3 nodes)",
    ],
    ['0/1 nodes are available: persistentvolumeclaim "x" not found.', 'persistentvolumeclaim "x" not found'],
    ["no nodes available to schedule pods", "no nodes available to schedule pods"],
  ] as const)
    assert.equal(schedulerWords(message), words);
});
