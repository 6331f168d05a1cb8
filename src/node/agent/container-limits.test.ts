import assert from "node:assert/strict";
import { test } from "node:test";
import type { Container, Pod, PodSecurityContext, SecurityContext } from "../../api/types.ts";
import { containerResources, containerSecurity, nonRootProblem } from "./container-limits.ts";
import { qosClass } from "./qos.ts";

const pod = (containers: Container[], securityContext?: PodSecurityContext): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "web", namespace: "shop", uid: "u-1" },
  spec: { containers, ...(securityContext && { securityContext }) },
});
const container = (resources?: Container["resources"], securityContext?: SecurityContext): Container => ({
  name: "app",
  ...(resources && { resources }),
  ...(securityContext && { securityContext }),
});

test("CPU becomes shares and a quota, memory a limit, the class a score", () => {
  const rows: [string, Container["resources"], ReturnType<typeof containerResources>][] = [
    ["nothing asked", undefined, { cpuShares: 2, oomScoreAdj: 1000 }],
    ["a request of half a CPU and 1 GiB", { requests: { cpu: "500m", memory: "1Gi" } }, { cpuShares: 512, oomScoreAdj: 938 }],
    [
      "limits only: they are the requests, too",
      { limits: { cpu: "2", memory: "128Mi" } },
      { cpuShares: 2048, cpuQuotaMicros: 200_000, cpuPeriodMicros: 100_000, memoryLimitBytes: 134_217_728, oomScoreAdj: -997 },
    ],
    [
      "a tiny limit keeps a quota that the kernel takes",
      { limits: { cpu: "1m" } },
      { cpuShares: 2, cpuQuotaMicros: 1000, cpuPeriodMicros: 100_000, oomScoreAdj: 999 },
    ],
  ];
  for (const [name, resources, expected] of rows) {
    const one = container(resources);
    assert.deepEqual(containerResources(pod([one]), one), expected, name);
  }
});

test("the class of a Pod: guaranteed only if every container limits both", () => {
  const full = container({ limits: { cpu: "1", memory: "1Gi" }, requests: { cpu: "1000m", memory: "1024Mi" } });
  assert.equal(qosClass(pod([full])), "Guaranteed");
  assert.equal(qosClass(pod([full, container()])), "Burstable");
  assert.equal(qosClass(pod([container({ limits: { cpu: "1", memory: "1Gi" }, requests: { cpu: "500m", memory: "1Gi" } })])), "Burstable");
  assert.equal(qosClass(pod([container({ requests: { cpu: "0" } })])), "BestEffort");
});

test("the container's security settings go over the Pod's", () => {
  const plain = container();
  assert.deepEqual(containerSecurity(pod([plain]), plain), {
    privileged: false,
    runAsUser: undefined,
    runAsGroup: undefined,
    supplementalGroups: [],
    addCapabilities: [],
    dropCapabilities: [],
    readOnlyRoot: false,
    noNewPrivileges: false,
    seccomp: "runtime/default",
    maskProc: true,
  });
  const own = container(undefined, {
    runAsUser: 2000,
    capabilities: { add: ["NET_ADMIN"], drop: ["ALL"] },
    readOnlyRootFilesystem: true,
    allowPrivilegeEscalation: false,
    seccompProfile: { type: "Unconfined" },
    procMount: "Unmasked",
  });
  assert.deepEqual(containerSecurity(pod([own], { runAsUser: 1000, runAsGroup: 3000, fsGroup: 4000, supplementalGroups: [5000] }), own), {
    privileged: false,
    runAsUser: 2000,
    runAsGroup: 3000,
    supplementalGroups: [5000, 4000],
    addCapabilities: ["NET_ADMIN"],
    dropCapabilities: ["ALL"],
    readOnlyRoot: true,
    noNewPrivileges: true,
    seccomp: "unconfined",
    maskProc: false,
  });
});

test("runAsNonRoot looks at the user that would be", () => {
  const where = '(pod: "web_shop(u-1)", container: app)';
  const rows: [string, SecurityContext, string, string | undefined][] = [
    ["not asked", {}, "", undefined],
    ["image of root", { runAsNonRoot: true }, "", `container has runAsNonRoot and image will run as root ${where}`],
    ["image of 0:0", { runAsNonRoot: true }, "0:0", `container has runAsNonRoot and image will run as root ${where}`],
    ["image of a number", { runAsNonRoot: true }, "101:101", undefined],
    [
      "image of a name",
      { runAsNonRoot: true },
      "nginx",
      `container has runAsNonRoot and image has non-numeric user (nginx), cannot verify user is non-root ${where}`,
    ],
    ["a user given", { runAsNonRoot: true, runAsUser: 7 }, "", undefined],
    ["root given", { runAsNonRoot: true, runAsUser: 0 }, "101", `container's runAsUser breaks non-root policy ${where}`],
  ];
  for (const [name, security, user, expected] of rows) {
    const one = container(undefined, security);
    assert.equal(nonRootProblem(pod([one]), one, { user }), expected, name);
  }
});
