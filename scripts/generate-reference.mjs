#!/usr/bin/env node
// Writes docs/reference/kinds.md from the declarations of the kinds and the list of controllers, and docs/reference/commands.md
// from those of the commands. `--check` fails when a file is stale.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { apiVersionOf } from "../src/api/kind.ts";
import { kinds } from "../src/api/registry.ts";
import { allControllers } from "../src/controllers/all.ts";
import { commandReference } from "./command-reference.mjs";
import { subresourcesOf, verbsOf } from "../src/server/http/discovery.ts";

const pathOf = (name) => fileURLToPath(new URL(`../docs/reference/${name}`, import.meta.url));

/** What each controller does, and for objects of which kinds. A controller that runs and is missing here stops the script. */
const controllers = {
  "deployment-controller": ["rolls ReplicaSets, keeps status and history", "apps/v1 Deployment"],
  "replicaset-controller": ["makes and removes Pods", "apps/v1 ReplicaSet"],
  "replication-controller": ["makes and removes Pods", "v1 ReplicationController"],
  "statefulset-controller": [
    "makes, replaces and removes Pods in their order, with claims and revisions",
    "apps/v1 StatefulSet",
    "apps/v1 ControllerRevision",
  ],
  "daemonset-controller": ["keeps one Pod on every node that fits, with revisions", "apps/v1 DaemonSet", "apps/v1 ControllerRevision"],
  "job-controller": ["runs Pods to their end, counts them, removes finished Jobs in time", "batch/v1 Job"],
  "cronjob-controller": ["makes Jobs by the clock, removes the oldest", "batch/v1 CronJob", "batch/v1 Job"],
  endpointslice: ["keeps the EndpointSlices of Services with a selector", "v1 Service", "discovery.k8s.io/v1 EndpointSlice"],
  "endpointslice-mirroring": [
    "mirrors Endpoints that people write by hand into slices",
    "v1 Endpoints",
    "discovery.k8s.io/v1 EndpointSlice",
  ],
  endpoints: ["keeps the Endpoints of Services with a selector", "v1 Service", "v1 Endpoints"],
  serviceaccount: ["gives every namespace its ServiceAccount `default`", "v1 ServiceAccount", "v1 Namespace"],
  "root-ca-certificate-publisher": ["puts ConfigMap `kube-root-ca.crt` into every namespace", "v1 Namespace"],
  service: ["writes `localhost` into the status of LoadBalancer Services", "v1 Service"],
  "kubernetes-service": ["keeps Service `default/kubernetes` pointing at the API", "v1 Service"],
  "generic-garbage-collector": ["deletes dependents in the background, in the foreground, or orphans them"],
  namespace: ["empties a namespace that is deleted", "v1 Namespace"],
  "node-lifecycle": ["marks and taints silent nodes, evicts their Pods", "v1 Node"],
  "pod-garbage-collector": ["removes Pods whose node is gone, and the oldest of too many that have ended", "v1 Pod"],
  disruption: ["counts how many Pods may be evicted", "policy/v1 PodDisruptionBudget"],
  "persistentvolume-binder": ["binds claims to volumes", "v1 PersistentVolume", "v1 PersistentVolumeClaim"],
  "local-volume-provisioner": ["makes volumes for claims, as folders of this machine", "v1 PersistentVolume", "v1 PersistentVolumeClaim"],
  "persistentvolumeclaim-protection": ["keeps claims that Pods use", "v1 PersistentVolumeClaim"],
  "persistentvolume-protection": ["keeps volumes that claims use", "v1 PersistentVolume"],
  "ephemeral-volume": ["makes the claims of ephemeral volumes", "v1 PersistentVolumeClaim"],
  scheduler: ["binds Pods to nodes, preempts lower priorities", "v1 Pod"],
};
/** Parts of the engine that act on a kind and are no controller. */
const others = {
  "v1 Pod": ["node agent"],
  "v1 Node": ["node agent"],
  "coordination.k8s.io/v1 Lease": ["node agent"],
  "v1 Service": ["admission gives addresses and ports", "proxies, DNS"],
  "scheduling.k8s.io/v1 PriorityClass": ["admission"],
  "v1 LimitRange": ["admission: defaults and bounds"],
  "node.k8s.io/v1 RuntimeClass": ["admission: overhead and placement"],
  "storage.k8s.io/v1 StorageClass": ["admission: the default class of claims"],
  "rbac.authorization.k8s.io/v1 Role": ["authorisation"],
  "rbac.authorization.k8s.io/v1 ClusterRole": ["authorisation, aggregation"],
  "rbac.authorization.k8s.io/v1 RoleBinding": ["authorisation"],
  "rbac.authorization.k8s.io/v1 ClusterRoleBinding": ["authorisation"],
  "v1 ConfigMap": ["node agent: environment, volumes"],
  "v1 Secret": ["node agent: environment, volumes, image pulls"],
  "v1 ServiceAccount": ["tokens; admission puts them into Pods"],
  "v1 Event": ["removed after one hour"],
  "events.k8s.io/v1 Event": ["removed after one hour"],
};

const known = controllerNames();
const unnamed = known.filter((name) => !controllers[name]);
if (unnamed.length > 0) {
  console.error(`controllers that scripts/generate-reference.mjs does not describe: ${unnamed.join(", ")}`);
  process.exit(1);
}
const names = new Set(kinds.map(fullName));
const strangers = [...Object.values(controllers).flatMap(([, ...acted]) => acted), ...Object.keys(others)].filter(
  (name) => !names.has(name),
);
if (strangers.length > 0) {
  console.error(`scripts/generate-reference.mjs speaks of kinds that there are not: ${strangers}`);
  process.exit(1);
}

for (const [name, text] of [
  ["kinds.md", document()],
  ["commands.md", await commandReference()],
]) {
  if (!process.argv.includes("--check")) writeFileSync(pathOf(name), text);
  else if (readFileSync(pathOf(name), "utf8") !== text) {
    console.error(`docs/reference/${name} is stale: run \`node scripts/generate-reference.mjs\``);
    process.exitCode = 1;
  }
}

/** The names of all controllers: they are built on caches that stay empty, and never started. */
function controllerNames() {
  const informer = { lister: {}, addHandler: () => () => {}, addIndex() {}, whenSynced: async () => {} };
  const clock = { now: () => 0, monotonic: () => 0, setTimer: () => ({ cancel() {} }) };
  const deps = {
    client: {},
    informers: { of: () => informer, whenSynced: async () => {} },
    world: { clock, random: { uint32: () => 0 }, log: {} },
    recorderFor: () => ({ event() {} }),
  };
  const facts = { caBundle: "", apiServer: () => ({ ip: "127.0.0.1", port: 6443 }) };
  return allControllers(deps, facts).map(({ name }) => name);
}

function fullName(kind) {
  return `${apiVersionOf(kind)} ${kind.kind}`;
}

function document() {
  const row = (kind) => {
    const shorts = (kind.shortNames ?? []).map(code).join(", ");
    const subresources = subresourcesOf(kind)
      .map(({ name }) => code(name))
      .join(", ");
    return `| ${kind.kind} | ${code(apiVersionOf(kind))} | ${code(kind.plural)} | ${shorts} | ${kind.scope === "Namespaced" ? "yes" : ""} | ${subresources} | ${actors(kind)} |`;
  };
  const columns = (kind) => {
    const named = (wanted) =>
      kind.columns
        .filter(({ priority }) => (priority ?? 0) > 0 === wanted)
        .map(({ name }) => name.toUpperCase())
        .join(", ");
    return `| ${kind.kind} | ${code(apiVersionOf(kind))} | ${named(false)} | ${named(true)} |`;
  };
  const stored = kinds.filter(({ virtual }) => !virtual);
  return [
    "# Kinds",
    "",
    "Generated by `node scripts/generate-reference.mjs` from the declarations under `src/api/kinds/`; do not edit.",
    "",
    `${kinds.length} kinds are served. Fields, defaults, validation and messages are those of Kubernetes 1.35.`,
    "A kind that nobody acts on can be written, read, watched, patched and applied like every other; nothing happens because of it.",
    "The garbage collector and the namespace controller see to objects of every kind that is stored.",
    "",
    "## What is stored",
    "",
    "| Kind | Version | Resource | Short | Namespaced | Subresources | Who acts on it |",
    "| --- | --- | --- | --- | --- | --- | --- |",
    ...stored.map(row),
    "",
    "## What is only asked",
    "",
    "Reviews and bindings: `create` is their only verb, and nothing is stored.",
    "",
    "| Kind | Version | Resource | Namespaced |",
    "| --- | --- | --- | --- |",
    ...kinds
      .filter(({ virtual }) => virtual)
      .map((kind) => `| ${kind.kind} | ${code(apiVersionOf(kind))} | ${code(kind.plural)} | ${kind.scope === "Namespaced" ? "yes" : ""} |`),
    "",
    "## Controllers",
    "",
    "| Controller | What it does |",
    "| --- | --- |",
    ...known.map((name) => `| ${code(name)} | ${controllers[name][0]} |`),
    "",
    "## Columns of `kubectl get`",
    "",
    "The second list is what `-o wide` adds. Kinds that are not named have NAME and CREATED AT.",
    "",
    "| Kind | Version | Columns | Wide |",
    "| --- | --- | --- | --- |",
    ...stored.filter((kind) => kind.columns).map(columns),
    "",
    "## Verbs",
    "",
    `Every stored kind has ${verbsOf({}).map(code).join(", ")}${exceptions(stored)}.`,
    "",
  ].join("\n");
}

function exceptions(stored) {
  const few = stored.filter((kind) => kind.verbs);
  return few.length === 0 ? "" : `, except ${few.map((kind) => `${kind.kind} (${kind.verbs.map(code).join(", ")})`).join(", ")}`;
}

function actors(kind) {
  const name = fullName(kind);
  const found = known.filter((controller) => controllers[controller].slice(1).includes(name));
  return [...found.map(code), ...(others[name] ?? [])].join(", ") || "nobody yet";
}

function code(value) {
  return `\`${value}\``;
}
