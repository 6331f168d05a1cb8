import assert from "node:assert/strict";
import { test } from "node:test";
import type { ContainerSpec, SandboxSpec } from "../runtime.ts";
import { resolveUser } from "./accounts.ts";
import { capabilitiesOfMask, containerCapabilities } from "./capabilities.ts";
import { commandOf, type OciFacts, ociSpec } from "./oci-spec.ts";
import { defaultSeccomp } from "./seccomp.ts";
import { signalNumber } from "./signals.ts";

const files = {
  passwd: "root:x:0:0::/root:/bin/sh\nweb:x:1000:1001::/:/bin/sh\n",
  group: "root:x:0:\nweb:x:1001:\nlogs:x:2000:web,other\n",
};
const nobody = { imageUser: "", runAsUser: undefined, runAsGroup: undefined, supplementalGroups: [] };

for (const [name, wanted, expected] of [
  ["no user is root", nobody, { uid: 0, gid: 0, additionalGids: [0] }],
  ["a name brings its group and memberships", { ...nobody, imageUser: "web" }, { uid: 1000, gid: 1001, additionalGids: [1001, 2000] }],
  ["a known number brings them too", { ...nobody, imageUser: "1000" }, { uid: 1000, gid: 1001, additionalGids: [1001, 2000] }],
  ["an unknown number has group 0", { ...nobody, imageUser: "4711" }, { uid: 4711, gid: 0, additionalGids: [0] }],
  ["a group of the image stands alone", { ...nobody, imageUser: "web:logs" }, { uid: 1000, gid: 2000, additionalGids: [2000] }],
  ["numbers of both", { ...nobody, imageUser: "5:6" }, { uid: 5, gid: 6, additionalGids: [6] }],
  ["runAsUser replaces the image's user", { ...nobody, imageUser: "web", runAsUser: 7 }, { uid: 7, gid: 0, additionalGids: [0] }],
  [
    "runAsGroup and supplemental groups",
    { ...nobody, runAsUser: 1000, runAsGroup: 8, supplementalGroups: [9] },
    { uid: 1000, gid: 8, additionalGids: [8, 2000, 9] },
  ],
] as const) {
  test(`user: ${name}`, () => assert.deepEqual(resolveUser(wanted, files), expected));
}

test("user: a name that is in no file is refused", () => {
  assert.throws(
    () => resolveUser({ ...nobody, imageUser: "ghost" }, files),
    /unable to find user ghost: no matching entries in passwd file/,
  );
  assert.throws(() => resolveUser({ ...nobody, imageUser: "web:ghosts" }, files), /unable to find group ghosts/);
});

const image = { entrypoint: ["/entry"], cmd: ["a", "b"] };
for (const [name, pod, expected] of [
  ["the image's own", { command: undefined, args: undefined }, ["/entry", "a", "b"]],
  ["args replace cmd", { command: undefined, args: ["c"] }, ["/entry", "c"]],
  ["command drops cmd", { command: ["/x"], args: undefined }, ["/x"]],
  ["both", { command: ["/x"], args: ["c"] }, ["/x", "c"]],
  ["empty lists count as none", { command: [], args: [] }, ["/entry", "a", "b"]],
] as const) {
  test(`command: ${name}`, () => assert.deepEqual(commandOf(pod, image), expected));
}

const everything = capabilitiesOfMask("1ffffffffff");
for (const [name, add, drop, check] of [
  ["by default there are fourteen", [], [], (list) => list.length === 14],
  ["names come with and without their prefix", ["NET_ADMIN", "CAP_SYS_TIME"], [], (list) => list.length === 16],
  ["ALL may be dropped, and one given back", ["NET_BIND_SERVICE"], ["ALL"], (list) => list.join() === "CAP_NET_BIND_SERVICE"],
  ["ALL may be given, less some", ["ALL"], ["SYS_ADMIN"], (list) => list.length === everything.length - 1],
  ["a dropped one goes", [], ["net_raw"], (list) => !list.includes("CAP_NET_RAW")],
] as [string, string[], string[], (list: readonly string[]) => boolean][]) {
  test(`capabilities: ${name}`, () => assert.ok(check(containerCapabilities({ privileged: false, add, drop }, everything))));
}

test("capabilities: nobody gives what he has not", () => {
  const available = capabilitiesOfMask("1fffeffffff");
  assert.ok(!available.includes("CAP_SYS_RESOURCE"));
  assert.deepEqual(containerCapabilities({ privileged: true, add: [], drop: [] }, available), available);
  assert.ok(!containerCapabilities({ privileged: false, add: ["SYS_RESOURCE"], drop: [] }, available).includes("CAP_SYS_RESOURCE"));
  assert.throws(() => containerCapabilities({ privileged: false, add: ["FLY"], drop: [] }, available), /unknown capability "FLY"/);
});

test("seccomp: a capability opens its calls", () => {
  const deniedTo = (...capabilities: string[]): string => JSON.stringify(defaultSeccomp(capabilities));
  for (const call of ["mount", "bpf", "reboot", "clock_settime", "init_module", "keyctl", "clone3"])
    assert.match(deniedTo(), new RegExp(`"${call}"`));
  assert.doesNotMatch(deniedTo("CAP_SYS_ADMIN"), /"mount"|"bpf"|"clone3"|"clone"/);
  assert.match(deniedTo("CAP_SYS_ADMIN"), /"reboot"/);
  assert.doesNotMatch(deniedTo("CAP_SYS_TIME"), /"clock_settime"/);
});

for (const [name, number] of [
  ["SIGTERM", 15],
  ["quit", 3],
  ["9", 9],
  ["SIGRTMIN+3", 37],
  ["RTMAX-1", 63],
  ["SIGWHAT", undefined],
  ["0", undefined],
  ["65", undefined],
] as const) {
  test(`signal ${name} is ${number}`, () => assert.equal(signalNumber(name), number));
}

const sandbox = { hostname: "web-0", hostPid: false } as SandboxSpec;
const spec = {
  name: "main",
  env: [{ name: "A", value: "pod" }],
  mounts: [
    { hostPath: "/v/inner", containerPath: "/data/inner", readOnly: true, propagation: "private" },
    { hostPath: "/v/outer", containerPath: "/data", readOnly: false, propagation: "rslave" },
    { hostPath: "/v/hostname", containerPath: "/etc/hostname", readOnly: true, propagation: "private" },
  ],
  resources: { memoryLimitBytes: 1024, cpuShares: 2, oomScoreAdj: -900 },
  security: { privileged: false, addCapabilities: [], dropCapabilities: [], seccomp: "unconfined", maskProc: true, readOnlyRoot: true },
} as unknown as ContainerSpec;
const facts = {
  rootPath: "/root-of-it",
  cgroupsPath: "/g",
  cgroupVersion: 2,
  namespaces: { network: "/n" },
  user: { uid: 0, gid: 0, additionalGids: [] },
  availableCapabilities: everything,
  ownOomScoreAdj: 100,
  limitsSwap: true,
  pidsLimit: 10,
  imageVolumes: { "/cache": "/v/cache", "/data": "/v/unused" },
  hostDevices: [],
  devices: [],
} as unknown as OciFacts;

test("the specification: outer mounts before inner, the Pod's before the runtime's and the image's", () => {
  const made: any = ociSpec(spec, sandbox, { env: ["A=image", "B=image"], entrypoint: [], cmd: ["run"], workingDir: "/w" } as any, facts);
  const bound = made.mounts.filter(({ source }: any) => source?.startsWith("/v/"));
  assert.deepEqual(
    bound.map(({ source, options }: any) => [source, ...options]),
    [
      ["/v/cache", "rbind", "rprivate", "rw"],
      ["/v/outer", "rbind", "rslave", "rw"],
      ["/v/inner", "rbind", "rprivate", "ro"],
      ["/v/hostname", "rbind", "rprivate", "ro"],
    ],
  );
  assert.equal(made.mounts.filter(({ destination }: any) => destination === "/etc/hostname").length, 1);
  assert.deepEqual(made.process.env.slice(1), ["HOSTNAME=web-0", "A=pod", "B=image"]);
  assert.equal(made.process.oomScoreAdj, 100, "only ever upward of this process's own");
  assert.deepEqual(made.linux.resources.memory, { limit: 1024, swap: 1024 });
  assert.deepEqual(made.linux.namespaces, [{ type: "mount" }, { type: "network", path: "/n" }, { type: "pid" }, { type: "cgroup" }]);
  assert.equal(made.linux.seccomp, undefined);
  assert.equal(made.root.readonly, true);
});

test("the specification: without any command there is none", () => {
  assert.throws(() => ociSpec(spec, sandbox, { env: [], entrypoint: [], cmd: [] } as any, facts), /no command specified/);
});
