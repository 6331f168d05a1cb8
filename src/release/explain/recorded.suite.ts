/**
 * What other clusters say: statuses and events in the words of their kubelets, runtimes, schedulers and plugins, each with the
 * cause that has to be read out of it. Made up from those formats, for Deployment `web` in namespace `shop`.
 */
import type { SamplePod } from "../samples.suite.ts";

export interface RecordedEvent {
  readonly reason: string;
  readonly message: string;
  readonly secondsAgo?: number;
  readonly container?: string;
}

export interface RecordedCause {
  readonly about: string;
  readonly pod: Omit<SamplePod, "name">;
  /** About the Pod. */
  readonly events?: readonly RecordedEvent[];
  readonly code: string;
  readonly certainty: "certain" | "likely" | "waiting";
  readonly sentence: RegExp;
  /** Among the commands and hints of the way out. */
  readonly wayOut?: RegExp;
}

const waiting = (reason: string, message = "") => ({ state: { waiting: { reason, ...(message && { message }) } } });
const pending = (reason: string, message = ""): Omit<SamplePod, "name"> => ({ phase: "Pending", status: waiting(reason, message) });
const backingOff = (restartCount: number, terminated: Record<string, unknown>): Omit<SamplePod, "name"> => ({
  ageSeconds: 400,
  status: {
    restartCount,
    state: {
      waiting: {
        reason: "CrashLoopBackOff",
        message: "back-off 5m0s restarting failed container=app pod=web-new-1_shop(0c1d6f0e-1f4c-4a0e-9f0f-6a3c0f6f2c11)",
      },
    },
    lastState: { terminated: { exitCode: 1, startedAt: "2026-11-22T09:59:40Z", finishedAt: "2026-11-22T09:59:50Z", ...terminated } },
  },
});
const unplaced = (message: string, podStatus: Record<string, unknown> = {}): Omit<SamplePod, "name"> => ({
  phase: "Pending",
  node: null,
  conditions: [{ type: "PodScheduled", status: "False", reason: "Unschedulable", message }],
  podStatus,
});
const creating = pending("ContainerCreating");

const pullCauses: readonly RecordedCause[] = [
  {
    about: "containerd: no such tag",
    pod: pending(
      "ErrImagePull",
      'rpc error: code = NotFound desc = failed to pull and unpack image "docker.io/shop/web:v2": failed to resolve reference "docker.io/shop/web:v2": docker.io/shop/web:v2: not found',
    ),
    code: "ImageNotFound",
    certainty: "certain",
    sentence: /there is no such image; it says: docker\.io\/shop\/web:v2: not found\.$/,
    wayOut: /set image/,
  },
  {
    about: "containerd: a tag that reads like a status code is none",
    pod: {
      ...pending(
        "ErrImagePull",
        'failed to pull and unpack image "ghcr.io/denied/web:build-403": failed to resolve reference "ghcr.io/denied/web:build-403": ghcr.io/denied/web:build-403: not found',
      ),
      container: { image: "ghcr.io/denied/web:build-403" },
    },
    code: "ImageNotFound",
    certainty: "certain",
    sentence: /there is no such image/,
  },
  {
    about: "Docker Hub: a repository that is private, or is not there",
    pod: pending(
      "ErrImagePull",
      'rpc error: code = Unknown desc = failed to pull and unpack image "docker.io/shop/web:v2": failed to resolve reference "docker.io/shop/web:v2": pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed',
    ),
    code: "ImagePullDenied",
    certainty: "certain",
    sentence: /the registry refuses it: it does not exist or needs credentials \(imagePullSecrets\); it says: pull access denied/,
  },
  {
    about: "401 from a token service, while it backs off (since 1.32 with the reason)",
    pod: pending(
      "ImagePullBackOff",
      'Back-off pulling image "ghcr.io/shop/web:v2": ErrImagePull: failed to pull and unpack image "ghcr.io/shop/web:v2": failed to resolve reference "ghcr.io/shop/web:v2": failed to authorize: failed to fetch anonymous token: unexpected status from GET request to https://ghcr.io/token?scope=repository%3Ashop%2Fweb%3Apull&service=ghcr.io: 401 Unauthorized',
    ),
    code: "ImagePullDenied",
    certainty: "certain",
    sentence: /needs credentials.*401 Unauthorized\.$/,
  },
  {
    about: "403 from a registry, and the pull secret that the Pod names is not there",
    pod: pending("ImagePullBackOff", 'Back-off pulling image "shop/web:v2"'),
    events: [
      {
        reason: "Failed",
        message:
          'Failed to pull image "shop/web:v2": rpc error: code = Unknown desc = failed to pull and unpack image "docker.io/shop/web:v2": failed to resolve reference "docker.io/shop/web:v2": unexpected status from HEAD request to https://registry.shop/v2/web/manifests/v2: 403 Forbidden',
        container: "app",
      },
      {
        reason: "FailedToRetrieveImagePullSecret",
        message: "Unable to retrieve some image pull secrets (regcred); attempting to pull the image may not succeed.",
      },
    ],
    code: "ImagePullDenied",
    certainty: "certain",
    sentence: /and pull secret "regcred" does not exist; it says: unexpected status .* 403 Forbidden\.$/,
    wayOut: /^kubectl create secret docker-registry regcred --docker-server=SERVER .* -n shop$/m,
  },
  {
    about: "429: the rate limit passes by itself",
    pod: pending(
      "ErrImagePull",
      'failed to pull and unpack image "docker.io/shop/web:v2": failed to copy: httpReadSeeker: failed open: unexpected status from GET request to https://registry-1.docker.io/v2/shop/web/manifests/sha256:0a1b: 429 Too Many Requests: toomanyrequests: You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit',
    ),
    code: "ImagePullFailed",
    certainty: "likely",
    sentence: /has had too many requests/,
  },
  {
    about: "an image for other processors",
    pod: pending("ErrImagePull", 'failed to pull and unpack image "docker.io/shop/web:v2": no match for platform in manifest: not found'),
    code: "ImageNotFound",
    certainty: "certain",
    sentence: /it exists, but not for the processor and system of this node/,
  },
  {
    about: "a full disk",
    pod: pending(
      "ErrImagePull",
      'failed to pull and unpack image "docker.io/shop/web:v2": failed to extract layer sha256:ab: write /var/lib/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots/41/fs/app: no space left on device',
    ),
    code: "ImagePullFailed",
    certainty: "likely",
    sentence: /the disk of the node is full/,
  },
  {
    about: "a registry whose certificate nobody knows",
    pod: pending(
      "ErrImagePull",
      'failed to pull and unpack image "registry.shop/web:v2": failed to resolve reference "registry.shop/web:v2": failed to do request: Head "https://registry.shop/v2/web/manifests/v2": tls: failed to verify certificate: x509: certificate signed by unknown authority',
    ),
    code: "ImagePullFailed",
    certainty: "likely",
    sentence: /the node does not trust the registry's certificate/,
  },
  {
    about: "a registry without TLS",
    pod: pending(
      "ErrImagePull",
      'failed to do request: Head "https://10.0.0.7:5000/v2/web/manifests/v2": http: server gave HTTP response to HTTPS client',
    ),
    code: "ImagePullFailed",
    certainty: "likely",
    sentence: /speaks plain HTTP/,
  },
  {
    about: "a registry that does not answer",
    pod: pending(
      "ErrImagePull",
      'failed to do request: Head "https://registry.shop/v2/web/manifests/v2": dial tcp: lookup registry.shop on 10.96.0.10:53: no such host',
    ),
    code: "ImagePullFailed",
    certainty: "likely",
    sentence: /can't be reached/,
  },
  {
    about: "CRI-O: no such tag",
    pod: pending("ErrImagePull", "initializing source docker://shop/web:v2: reading manifest v2 in docker.io/shop/web: manifest unknown"),
    code: "ImageNotFound",
    certainty: "certain",
    sentence: /there is no such image/,
  },
  {
    about: "CRI-O: a name without a registry",
    pod: pending(
      "ErrImagePull",
      'short-name "web:v2" did not resolve to an alias and no unqualified-search registries are defined in "/etc/containers/registries.conf"',
    ),
    code: "ImageNotFound",
    certainty: "certain",
    sentence: /its name lacks the registry/,
  },
  {
    about: "a name in capitals",
    pod: pending(
      "InvalidImageName",
      'Failed to apply default image tag "Shop/Web:v2": couldn\'t parse image name "Shop/Web:v2": invalid reference format: repository name (Shop/Web) must be lowercase',
    ),
    code: "InvalidImageName",
    certainty: "certain",
    sentence: /is no valid image name/,
  },
  {
    about: "an image that must not be pulled",
    pod: pending("ErrImageNeverPull", 'Container image "shop/web:v2" is not present with pull policy of Never'),
    code: "ImageNeverPulled",
    certainty: "certain",
    sentence: /imagePullPolicy Never/,
  },
];

const startCauses: readonly RecordedCause[] = [
  {
    about: "runc: no such command",
    pod: {
      ...backingOff(3, {
        reason: "StartError",
        exitCode: 128,
        startedAt: "1970-01-01T00:00:00Z",
        message:
          'failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: exec: "serve": executable file not found in $PATH: unknown',
      }),
      container: { command: ["serve"] },
    },
    code: "CommandNotFound",
    certainty: "certain",
    sentence: /the command of container app \("serve"\) does not exist in image "shop\/web:v2"\.$/,
  },
  {
    about: "runc: no such file",
    pod: {
      ...pending(
        "RunContainerError",
        'failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec: "/app/serve": stat /app/serve: no such file or directory: unknown',
      ),
      container: { command: ["/app/serve"] },
    },
    code: "CommandNotFound",
    certainty: "certain",
    sentence: /\("\/app\/serve"\) does not exist/,
  },
  {
    about: "crun: no such command",
    pod: pending(
      "RunContainerError",
      "crun: executable file `serve` not found in $PATH: No such file or directory: OCI runtime attempted to invoke a command that was not found",
    ),
    code: "CommandNotFound",
    certainty: "certain",
    sentence: /\("serve"\) does not exist/,
  },
  {
    about: "runc: a file that is not executable",
    pod: pending(
      "RunContainerError",
      'failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: exec: "/app/run.sh": permission denied: unknown',
    ),
    code: "ContainerStartFailed",
    certainty: "certain",
    sentence: /\("\/app\/run\.sh"\) can't be executed: exec: "\/app\/run\.sh": permission denied\.$/,
  },
  {
    about: "runc: a file mounted over a folder is no missing command",
    pod: pending(
      "RunContainerError",
      'failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: error mounting "/var/lib/kubelet/pods/1/volume-subpaths/conf/app/0" to rootfs at "/etc/nginx/nginx.conf": mount src=/var/lib/kubelet/pods/1/volume-subpaths/conf/app/0, dst=/etc/nginx/nginx.conf: no such file or directory: unknown',
    ),
    code: "ContainerStartFailed",
    certainty: "likely",
    sentence: /a volume of container app can't be mounted where the template says: error mounting/,
    wayOut: /correct volumeMounts of container app/,
  },
  {
    about: "runc: a working directory that is not there",
    pod: pending(
      "RunContainerError",
      'failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: chdir to cwd ("/srv/none") set in config.json failed: no such file or directory: unknown',
    ),
    code: "ContainerStartFailed",
    certainty: "likely",
    sentence: /the working directory of container app can't be used: chdir to cwd/,
  },
  {
    about: "containerd: an image without a command",
    pod: pending(
      "CreateContainerError",
      'failed to generate container "5f0d1a8e9b7c4d32" spec: failed to generate spec: no command specified',
    ),
    code: "ContainerCreateFailed",
    certainty: "certain",
    sentence: /container app can't be created: no command specified\.$/,
  },
  {
    about: "containerd: a node that lags behind",
    pod: pending("CreateContainerError", "context deadline exceeded"),
    code: "ContainerCreateFailed",
    certainty: "likely",
    sentence: /context deadline exceeded\.$/,
  },
  {
    about: "a crash whose back-off has reached five minutes",
    pod: backingOff(8, { reason: "Error", exitCode: 1 }),
    code: "ContainerCrashed",
    certainty: "certain",
    sentence: /^Pod \S+ crashes: container app ended with exit code 1, 9 times so far\.$/,
    wayOut: /logs \S+ -c app --previous/,
  },
  {
    about: "a program for another processor",
    pod: backingOff(1, { reason: "Error", exitCode: 1, message: "exec /app/serve: exec format error" }),
    code: "ContainerCrashed",
    certainty: "certain",
    sentence: /the program is none for the processor of this node/,
  },
  {
    about: "out of memory",
    pod: { ...backingOff(2, { reason: "OOMKilled", exitCode: 137 }), container: { resources: { limits: { memory: "256Mi" } } } },
    code: "OutOfMemory",
    certainty: "certain",
    sentence: /killed at its limit of 256Mi, 3 times so far\.$/,
    wayOut: /set resources deploy\/\S+ -c app --limits=memory=SIZE/,
  },
  {
    about: "an image whose user is root where none may be",
    pod: pending(
      "CreateContainerConfigError",
      'container has runAsNonRoot and image will run as root (pod: "web-new-1_shop(0c1d6f0e-1f4c-4a0e-9f0f-6a3c0f6f2c11)", container: app)',
    ),
    code: "ContainerConfigInvalid",
    certainty: "certain",
    sentence: /container app must not run as root \(runAsNonRoot\), and its image does\.$/,
    wayOut: /runAsUser/,
  },
  {
    about: "an image whose user has a name only",
    pod: pending(
      "CreateContainerConfigError",
      "container has runAsNonRoot and image has non-numeric user (nginx), cannot verify user is non-root",
    ),
    code: "ContainerConfigInvalid",
    certainty: "certain",
    sentence: /the node can't tell who its image's user is\.$/,
  },
  {
    about: "a ConfigMap that the node has not fetched in time",
    pod: pending("CreateContainerConfigError", "failed to sync configmap cache: timed out waiting for the condition"),
    code: "ContainerConfigInvalid",
    certainty: "likely",
    sentence: /failed to sync configmap cache/,
  },
  {
    about: "KUB-70: a Secret that is not there",
    pod: pending("CreateContainerConfigError", 'secret "db-credentials" not found'),
    code: "ConfigMissing",
    certainty: "certain",
    sentence: /Secret "db-credentials" does not exist/,
    wayOut: /^kubectl create secret generic db-credentials --from-literal=KEY=VALUE -n shop$/m,
  },
  {
    about: "KUB-70: a key that the ConfigMap lacks",
    pod: pending("CreateContainerConfigError", "couldn't find key LOG_LEVEL in ConfigMap shop/settings"),
    code: "ConfigMissing",
    certainty: "certain",
    sentence: /ConfigMap "settings" has no key "LOG_LEVEL"/,
    wayOut: /^kubectl edit configmap settings -n shop$/m,
  },
  {
    about: "KUB-44: an init container in its back-off",
    pod: {
      phase: "Pending",
      ageSeconds: 400,
      spec: { initContainers: [{ name: "setup", image: "i" }] },
      init: {
        restartCount: 5,
        state: {
          waiting: { reason: "CrashLoopBackOff", message: "back-off 2m40s restarting failed container=setup pod=web-new-1_shop(1)" },
        },
        lastState: { terminated: { exitCode: 2, reason: "Error" } },
      },
      status: waiting("PodInitializing"),
    },
    code: "ContainerCrashed",
    certainty: "certain",
    sentence: /init container setup ended with exit code 2, 6 times so far/,
  },
  {
    about: "a sidecar that crashes",
    pod: {
      phase: "Pending",
      spec: { initContainers: [{ name: "setup", image: "i", restartPolicy: "Always" }] },
      init: {
        restartCount: 1,
        state: { waiting: { reason: "CrashLoopBackOff" } },
        lastState: { terminated: { exitCode: 7, reason: "Error" } },
      },
      status: waiting("PodInitializing"),
    },
    code: "ContainerCrashed",
    certainty: "likely",
    sentence: /sidecar container setup ended with exit code 7/,
  },
  {
    about: "a network that gives no address",
    pod: creating,
    events: [
      {
        reason: "FailedCreatePodSandBox",
        message:
          'Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox "5f0d1a8e": plugin type="aws-cni" name="aws-cni" failed (add): add cmd: failed to assign an IP address to container',
      },
    ],
    code: "SandboxFailed",
    certainty: "likely",
    sentence: /the node can't make its sandbox: failed to setup network .* failed to assign an IP address to container\.$/,
  },
  {
    about: "a postStart hook",
    pod: { ...creating, phase: "Running" },
    events: [
      {
        reason: "FailedPostStartHook",
        message: 'PostStartHook failed: rpc error: code = Unknown desc = command "/warm-up" exited with 1',
        container: "app",
      },
    ],
    code: "PostStartHookFailed",
    certainty: "likely",
    sentence: /the postStart hook of container app fails/,
  },
];

const probe = { httpGet: { path: "/ready", port: 8080 }, periodSeconds: 5, failureThreshold: 3 };
const probeCauses: readonly RecordedCause[] = [
  {
    about: "KUB-26: nothing listens where the probe asks",
    pod: { container: { readinessProbe: probe, ports: [{ name: "http", containerPort: 80 }] } },
    events: [
      {
        reason: "Unhealthy",
        message: 'Readiness probe failed: Get "http://10.244.1.5:8080/ready": dial tcp 10.244.1.5:8080: connect: connection refused',
        container: "app",
      },
    ],
    code: "ReadinessProbeFailing",
    certainty: "likely",
    sentence: /fails, last with: Get "http:\/\/10\.244\.1\.5:8080\/ready": dial tcp 10\.244\.1\.5:8080: connect: connection refused\.$/,
  },
  {
    about: "KUB-26: no answer in time",
    pod: { container: { readinessProbe: probe } },
    events: [
      {
        reason: "Unhealthy",
        message:
          'Readiness probe failed: Get "http://10.244.1.5:8080/ready": context deadline exceeded (Client.Timeout exceeded while awaiting headers)',
        container: "app",
      },
    ],
    code: "ReadinessProbeFailing",
    certainty: "likely",
    sentence: /context deadline exceeded \(Client\.Timeout exceeded while awaiting headers\)\.$/,
  },
  {
    about: "KUB-26: a gRPC service that says no",
    pod: { container: { readinessProbe: { grpc: { port: 50051 }, periodSeconds: 5 } } },
    events: [
      { reason: "Unhealthy", message: 'Readiness probe failed: service unhealthy (responded with "NOT_SERVING")', container: "app" },
    ],
    code: "ReadinessProbeFailing",
    certainty: "likely",
    sentence: /\(grpc port 50051\) of container app fails, last with: service unhealthy \(responded with "NOT_SERVING"\)\.$/,
  },
  {
    about: "KUB-26: a probe that the node could not carry out",
    pod: { container: { readinessProbe: { exec: { command: ["/ok"] }, periodSeconds: 5 } } },
    events: [
      {
        reason: "Unhealthy",
        message:
          'Readiness probe errored and resulted in unknown state: rpc error: code = Unknown desc = failed to exec in container: exec: "/ok": stat /ok: no such file or directory',
        container: "app",
      },
    ],
    code: "ReadinessProbeFailing",
    certainty: "likely",
    sentence: /last with: rpc error: .* no such file or directory\.$/,
  },
  {
    about: "KUB-26: killed by its liveness probe",
    pod: { ...backingOff(2, { reason: "Error", exitCode: 137 }), container: { livenessProbe: { httpGet: { path: "/live", port: 8080 } } } },
    events: [
      {
        reason: "Unhealthy",
        message: "Liveness probe failed: HTTP probe failed with statuscode: 500",
        secondsAgo: 12,
        container: "app",
      },
      { reason: "Killing", message: "Container app failed liveness probe, will be restarted", secondsAgo: 12, container: "app" },
    ],
    code: "LivenessProbeFailing",
    certainty: "likely",
    sentence: /the liveness probe \(GET \/live on port 8080\) of container app fails, last with: HTTP probe failed with statuscode: 500\.$/,
  },
  {
    about: "KUB-26: a start that takes longer than its startup probe allows",
    pod: {
      ...backingOff(1, { reason: "Error", exitCode: 137 }),
      container: { startupProbe: { tcpSocket: { port: 5432 }, failureThreshold: 3, periodSeconds: 10 } },
    },
    events: [
      {
        reason: "Unhealthy",
        message: "Startup probe failed: dial tcp 10.244.1.5:5432: connect: connection refused",
        secondsAgo: 12,
        container: "app",
      },
      { reason: "Killing", message: "Container app failed startup probe, will be restarted", secondsAgo: 12, container: "app" },
    ],
    code: "StartupProbeFailing",
    certainty: "likely",
    sentence: /the startup probe \(tcp port 5432\) of container app fails/,
  },
  {
    about: "KUB-42: a load balancer that has yet to take it",
    pod: {
      status: { ready: true },
      podStatus: {
        conditions: [
          {
            type: "Ready",
            status: "False",
            reason: "ReadinessGatesNotReady",
            message: 'corresponding condition of pod readiness gate "target-health.elbv2.k8s.aws/k8s-shop-web" does not exist.',
          },
        ],
      },
    },
    code: "ReadinessGate",
    certainty: "waiting",
    sentence: /waits for readiness gate "target-health\.elbv2\.k8s\.aws\/k8s-shop-web"/,
  },
];

const volumeCauses: readonly RecordedCause[] = [
  {
    about: "KUB-71: a ConfigMap that a volume is made of",
    pod: creating,
    events: [{ reason: "FailedMount", message: 'MountVolume.SetUp failed for volume "conf" : configmap "web-config" not found' }],
    code: "ConfigMissing",
    certainty: "certain",
    sentence: /ConfigMap "web-config" does not exist, and volume conf is made of it\.$/,
  },
  {
    about: "KUB-74: a key that a volume is made of",
    pod: { ...creating, spec: { volumes: [{ name: "tls", secret: { secretName: "web-tls", items: [{ key: "tls.key", path: "k" }] } }] } },
    events: [{ reason: "FailedMount", message: 'MountVolume.SetUp failed for volume "tls" : references non-existent secret key: tls.key' }],
    code: "ConfigMissing",
    certainty: "certain",
    sentence: /Secret "web-tls" has no key "tls\.key", and volume tls is made of it\.$/,
  },
  {
    about: "a disk that another node still has, told again as a time-out",
    pod: creating,
    events: [
      {
        reason: "FailedAttachVolume",
        message: 'Multi-Attach error for volume "pvc-9f2c" Volume is already used by pod(s) web-old-1',
        secondsAgo: 50,
      },
      {
        reason: "FailedMount",
        message:
          "Unable to attach or mount volumes: unmounted volumes=[data], unattached volumes=[data kube-api-access-x7k2p]: timed out waiting for the condition",
        secondsAgo: 2,
      },
    ],
    code: "VolumeNotMounted",
    certainty: "likely",
    sentence: /volume pvc-9f2c is still attached to another node, for Pod web-old-1, and only one node at a time may have it\.$/,
    wayOut: /^kubectl get pods -o wide -n shop$/m,
  },
  {
    about: "a driver that can't attach",
    pod: creating,
    events: [
      {
        reason: "FailedAttachVolume",
        message: 'AttachVolume.Attach failed for volume "pvc-9f2c" : rpc error: code = NotFound desc = Volume "vol-0a1" does not exist',
      },
    ],
    code: "VolumeNotMounted",
    certainty: "likely",
    sentence: /volume pvc-9f2c can't be mounted: Volume "vol-0a1" does not exist\.$/,
  },
  {
    about: "a mount that timed out and says nothing more",
    pod: creating,
    events: [
      {
        reason: "FailedMount",
        message:
          "Unable to attach or mount volumes: unmounted volumes=[data], unattached volumes=[], failed to process volumes=[]: timed out waiting for the condition",
      },
    ],
    code: "VolumeNotMounted",
    certainty: "likely",
    sentence: /volume data can't be mounted: .*timed out waiting for the condition\.$/,
  },
];

const placeCauses: readonly RecordedCause[] = [
  {
    about: "no room, and nodes that are not for it",
    pod: unplaced(
      "0/5 nodes are available: 1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }, 4 Insufficient memory. preemption: 0/5 nodes are available: 1 Preemption is not helpful for scheduling, 4 No preemption victims found for incoming pod.",
    ),
    code: "Unschedulable",
    certainty: "likely",
    sentence:
      /can't be placed: taint node-role\.kubernetes\.io\/control-plane is not tolerated \(1 node\), not enough memory left \(4 nodes\)\.$/,
    wayOut: /^kubectl describe nodes$/m,
  },
  {
    about: "nodes in trouble",
    pod: unplaced(
      "0/4 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/unreachable: }, 1 node(s) had untolerated taint {node.kubernetes.io/disk-pressure: }, 1 node(s) were unschedulable, 1 Insufficient nvidia.com/gpu.",
    ),
    code: "Unschedulable",
    certainty: "likely",
    sentence: /not ready \(1 node\), short of disk \(1 node\), cordoned \(1 node\), not enough nvidia\.com\/gpu left \(1 node\)\.$/,
  },
  {
    about: "a node that is on its way",
    pod: unplaced("0/2 nodes are available: 2 Insufficient cpu."),
    events: [{ reason: "TriggeredScaleUp", message: "pod triggered scale-up: [{ng-1 2->3 (max: 10)}]", secondsAgo: 20 }],
    code: "Unschedulable",
    certainty: "waiting",
    sentence: /the cluster autoscaler has asked for another node\.$/,
  },
  {
    about: "a cluster at its largest",
    pod: unplaced("0/2 nodes are available: 2 Insufficient cpu."),
    events: [{ reason: "NotTriggerScaleUp", message: "pod didn't trigger scale-up: 1 max node group size reached" }],
    code: "Unschedulable",
    certainty: "likely",
    sentence: /the cluster autoscaler adds no node: 1 max node group size reached\.$/,
  },
  {
    about: "preemption under way",
    pod: unplaced("0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available.", { nominatedNodeName: "node-2" }),
    code: "Unschedulable",
    certainty: "waiting",
    sentence: /Pods of lower priority are to leave node node-2 for it\.$/,
  },
  {
    about: "the Pod of a DaemonSet, which may go to one node only",
    pod: {
      ...unplaced(
        "0/5 nodes are available: 1 Insufficient cpu, 4 node(s) didn't match Pod's node affinity/selector. preemption: 0/5 nodes are available: 1 No preemption victims found for incoming pod, 4 Preemption is not helpful for scheduling.",
      ),
      spec: {
        affinity: {
          nodeAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: {
              nodeSelectorTerms: [{ matchFields: [{ key: "metadata.name", operator: "In", values: ["node-3"] }] }],
            },
          },
        },
      },
    },
    code: "Unschedulable",
    certainty: "likely",
    sentence: /can't be placed on node node-3: not enough cpu left\.$/,
    wayOut: /^kubectl describe node node-3$/m,
  },
  {
    about: "KUB-47: evicted",
    pod: {
      phase: "Failed",
      podStatus: {
        reason: "Evicted",
        message:
          "The node was low on resource: ephemeral-storage. Threshold quantity: 10Gi, available: 9Gi. Container app was using 12Gi, request is 0, has larger consumption of ephemeral-storage.",
      },
    },
    code: "PodFailed",
    certainty: "likely",
    sentence: /failed as a whole \(Evicted\): The node was low on resource: ephemeral-storage/,
  },
  {
    about: "KUB-47: refused by its node",
    pod: {
      phase: "Failed",
      podStatus: { reason: "OutOfcpu", message: "Node didn't have enough resource: cpu, requested: 2000, used: 1800, capacity: 2000" },
    },
    code: "PodFailed",
    certainty: "likely",
    sentence: /failed as a whole \(OutOfcpu\)/,
  },
];

/** All of them. */
export const recordedCauses: readonly RecordedCause[] = [...pullCauses, ...startCauses, ...probeCauses, ...volumeCauses, ...placeCauses];
