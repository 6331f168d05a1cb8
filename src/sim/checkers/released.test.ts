// What releases promise is broken on purpose, and the checker that is meant to notice does, in these very words.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ConfigMap } from "../../api/kinds/config-map/index.ts";
import { Deployment } from "../../api/kinds/deployment/index.ts";
import { Pod } from "../../api/kinds/pod/index.ts";
import type { KindRef } from "../../api/kind.ts";
import { type KubeObject, keyOf } from "../../api/meta/object.ts";
import type { Client } from "../../client/client.ts";
import { drawSpec } from "../draw-spec.ts";
import { lacks, meddles, type Plant, sees, writes } from "../planted.suite.ts";
import { runSpec } from "../run-spec.node.ts";
import type { Spec, UserStep } from "../spec.ts";
import { workloads } from "../workloads/all.ts";

/** So many seeds may pass before the fault shows. */
const seedsMax = 60;
const deployment = Deployment as unknown as KindRef;
const isWorkload = ({ kind }: KindRef): boolean => kind === "Deployment" || kind === "StatefulSet" || kind === "DaemonSet";

/** Everything that the controller writes of a workload, or of another kind, is written otherwise. */
const rewrites = (name: string, which: (kind: KindRef) => boolean, change: (object: any) => unknown): Plant =>
  writes(name, (client) => ({
    create: (kind, object, options) => client.create(kind, (which(kind) ? change(object) : object) as any, options),
    update: (kind, object, options) => client.update(kind, (which(kind) ? change(object) : object) as any, options),
  }));

/** A Deployment is seen as one whose deadline has passed; a status is not written back with the rest. */
const impatient = sees("rollback", deployment, (object) => ({
  ...object,
  status: {
    ...object.status,
    observedGeneration: object.metadata.generation,
    conditions: [{ type: "Progressing", status: "False", reason: "ProgressDeadlineExceeded" }],
  },
}));

const asked = "windlass.dev/auto-rollback";
/** It believes that it was asked, and leaves no trace of that. */
const uncalled: Plant = (actors) =>
  rewrites("rollback", isWorkload, ({ metadata: { annotations, ...metadata }, ...object }) => {
    const { believed, [asked]: policy, ...others } = annotations;
    return { ...object, metadata: { ...metadata, annotations: believed ? others : annotations } };
  })(
    sees("rollback", deployment, (object) => {
      const annotations = object.metadata.annotations ?? {};
      if (annotations[asked]) return object;
      return {
        ...object,
        metadata: { ...object.metadata, annotations: { ...annotations, believed: "yes", [asked]: "on-certain-failure" } },
      };
    })(actors),
  );

const withImage =
  (image: string) =>
  ({ spec, ...object }: any): any => {
    const { template } = spec;
    const containers = [{ ...template.spec.containers[0], image }];
    return { ...object, spec: { ...spec, template: { ...template, spec: { ...template.spec, containers } } } };
  };

/** What was told of releases, told otherwise. */
const retold = (change: (release: any) => unknown) => (object: any) =>
  object.data?.releases
    ? { ...object, data: { ...object.data, releases: JSON.stringify(JSON.parse(object.data.releases).map(change)) } }
    : object;

const isConfigMap = ({ kind }: KindRef): boolean => kind === "ConfigMap";

/** What a Deployment's user does, one step a minute after a long first one, while nothing goes wrong. */
const calmly =
  (...steps: readonly UserStep[]) =>
  (drawn: Spec): Spec => ({
    ...drawn,
    manifest: {
      ...drawn.manifest,
      metadata: {
        ...drawn.manifest.metadata,
        annotations: { "windlass.dev/auto-rollback": "on-certain-failure", "windlass.dev/config-revisions": "true" },
      },
      spec: {
        ...drawn.manifest.spec,
        replicas: 3,
        minReadySeconds: 0,
        revisionHistoryLimit: 0,
        strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1 } },
      },
    },
    nodes: 2,
    watchDelayMaxMs: 0,
    latencyMaxMs: 0,
    startMaxMs: 1000,
    stopMaxMs: 0,
    steps: steps.map((step, index) => ({ atMs: 60_000 * (index + 1), ...step })),
    writeFaults: [],
    releaseFaults: [],
    ending: "none",
  });
/** Nobody asks for anything. */
const unannotated = (drawn: Spec): Spec => {
  const { manifest, ...spec } = calmly(image("v1-bad"))(drawn);
  return { ...spec, manifest: { ...manifest, metadata: { ...manifest.metadata, annotations: {} } } };
};
const image = (name: string): UserStep => ({ do: "patch", why: `image ${name}`, patch: withImage(name)(bare) });
const edit: UserStep = { do: "configure", why: "the ConfigMap says c1", kind: "ConfigMap", content: "c1" };
const wait: UserStep = { do: "patch", why: "nothing", patch: {} };
/** A patch of it is one of nothing but the image. */
const bare = {
  spec: {
    template: {
      spec: { containers: [{ name: "app", envFrom: [{ configMapRef: { name: "settings" } }, { secretRef: { name: "keys" } }] }] },
    },
  },
};

/** Acts on each object but the first time that it sees it. */
function later<T extends KubeObject>(
  act: (object: T, client: Client) => Promise<unknown>,
): (object: T, client: Client) => Promise<unknown> {
  const seen = new Set<string>();
  return async (object, client) => {
    if (seen.has(object.metadata.uid as string)) await act(object, client);
    seen.add(object.metadata.uid as string);
  };
}

const plants: readonly (readonly [fault: string, workload: string, found: RegExp, plant: Plant, plan?: (spec: Spec) => Spec])[] = [
  [
    "it goes to what nobody has proven",
    "deployment",
    /^a rollback keeps its promises: it goes to v0-other@.*, which was not proven$/,
    rewrites("rollback", isWorkload, withImage("v0-other")),
    calmly(image("v1-bad")),
  ],
  [
    "it forgets what it has given up",
    "deployment",
    /^a rollback keeps its promises: .* is given up for the second time$/,
    rewrites(
      "rollback",
      isConfigMap,
      retold(({ rollback: _, ...release }) => release),
    ),
    calmly(image("v1-bad"), image("v1-bad")),
  ],
  [
    "it goes to what was proven before the last that was",
    "deployment",
    /^a rollback keeps its promises: it goes to v0@.*, and v1@.* was the last one that was proven$/,
    rewrites("rollback", isWorkload, withImage("v0")),
    calmly(image("v1"), image("v2-bad")),
  ],
  [
    "it gives up what was proven",
    "deployment",
    /^a rollback keeps its promises: v1@.* was proven good, and is given up$/,
    meddles(
      Deployment,
      50_000,
      later(async (object, client) => {
        const isNew = object.spec?.template.spec?.containers[0]?.image === "v1";
        if (isNew) await client.update(Deployment, withImage("v0")(object));
      }),
      "rollback",
    ),
    calmly(image("v1"), wait, wait),
  ],
  [
    "Pods that served are replaced after it",
    "deployment",
    /^a rollback keeps its promises: web-\S+ served when v1-bad@.* was given up for v0@.*, and is replaced$/,
    meddles(
      Pod,
      50_000,
      later(async (pod, client) => {
        const owner = await client.get(Deployment, { namespace: "default", name: "web" });
        if ((owner.metadata.generation ?? 0) >= 3) await client.delete(Pod, keyOf(pod));
      }),
      "replicaset-controller",
    ),
    calmly(image("v1-bad"), wait, wait, wait),
  ],
  [
    "it can't wait",
    "deployment",
    /^a rollback keeps its promises: .* is given up after \d+ ms, and has \d+$/,
    impatient,
    calmly(image("v1-sleepy")),
  ],
  [
    "it acts where nobody asked for it",
    "deployment",
    /^a rollback keeps its promises: a rollback that nobody asked for$/,
    uncalled,
    unannotated,
  ],
  [
    "it writes what is not its own",
    "statefulset",
    /^a rollback keeps its promises: a rollback makes \[.*"replicas":5.*\] of \[/,
    rewrites("rollback", isWorkload, (object) => ({ ...object, spec: { ...object.spec, replicas: 5 } })),
  ],
  [
    "it frees Pods that are ready",
    "statefulset",
    /^a rollback keeps its promises: web-\d is deleted, and it is ready$/,
    meddles(Pod, 40_000, (pod, client) => client.delete(Pod, keyOf(pod)), "rollback"),
  ],
  [
    "it does nothing",
    "deployment",
    /^a release that fails is given up: web fails with .*, and nobody goes back to/,
    lacks("rollback"),
    calmly(image("v1-bad")),
  ],
  ["nobody records", "statefulset", /^the history tells what was: StatefulSet web: nothing is told of it$/, lacks("release-recorder")],
  [
    "a release is told of that never was",
    "deployment",
    /^the history tells what was: .*is told of at a place where it never was$/,
    rewrites("release-recorder", isConfigMap, (object) =>
      object.data?.releases ? { ...object, data: { ...object.data, releases: retoldTwice(object.data.releases) } } : object,
    ),
  ],
  [
    "nothing tells what was given up",
    "daemonset",
    /^the history tells what was: .*it went from .* to .*, and nothing tells of that$/,
    rewrites(
      "release-recorder",
      isConfigMap,
      retold(({ rollback: _, ...release }) => release),
    ),
  ],
  [
    "copies may be changed",
    "deployment",
    /^configuration is kept with its revisions: ConfigMap settings-\w+ may be changed$/,
    rewrites("configuration", isConfigMap, (object) => ({ ...object, immutable: false })),
  ],
  [
    "copies go while they are needed",
    "deployment",
    /^configuration is kept with its revisions: ConfigMap settings-\w+ goes, and default\/web.* needs it$/,
    meddles(
      ConfigMap,
      70_000,
      later(async (object, client) => {
        if (object.metadata.labels?.["windlass.dev/config-copy"]) await client.delete(ConfigMap, keyOf(object));
      }),
      "configuration",
    ),
    calmly(wait, wait),
  ],
  [
    "the same content is rolled out again",
    "deployment",
    /^configuration is kept with its revisions: nothing was edited, and it became another revision$/,
    meddles(
      Deployment,
      50_000,
      later(async (object, client) => {
        const copies = await client.list(ConfigMap, { labelSelector: "windlass.dev/config-copy" });
        const { metadata, ...content } = copies.items[0] as any;
        const { annotations, labels, namespace, name } = metadata;
        await client.create(ConfigMap, { ...content, metadata: { annotations, labels, namespace, name: `${name}x` } });
        const text = JSON.stringify(object).replaceAll(`"${name}"`, `"${name}x"`);
        await client.update(Deployment, JSON.parse(text));
      }),
      "configuration",
    ),
    calmly(wait, wait),
  ],
  [
    "what people edit is taken for a copy",
    "statefulset",
    /^configuration is kept with its revisions: ConfigMap settings goes, and is no copy$/,
    meddles(ConfigMap, 70_000, (object, client) => client.delete(ConfigMap, keyOf(object)), "configuration"),
  ],
  [
    "old copies stay",
    "deployment",
    /^configuration (comes to those who follow it|is kept with its revisions): (ConfigMap|Secret) \w+-\w+ is left, and nobody needs it$/,
    writes("configuration", () => ({ delete: async () => undefined })),
    calmly(edit),
  ],
  [
    "edits reach nobody",
    "deployment",
    /^configuration comes to those who follow it: web names \S+, and that is not what (settings|keys) says$/,
    lacks("configuration"),
    calmly(edit),
  ],
];

/** The first release once more, at the end. */
function retoldTwice(text: string): string {
  const releases = JSON.parse(text);
  return JSON.stringify(releases.length > 1 ? [releases[0], releases[0], ...releases] : releases);
}

for (const [fault, workload, found, plant, plan = (spec: Spec) => spec] of plants) {
  test(`releases of a ${workload}: ${fault}, and it is found`, async () => {
    const kind = workloads.find(({ name }) => name === `released-${workload}`);
    const others = new Set<string>();
    for (let seed = 1; seed <= seedsMax; seed++) {
      const { broken } = await runSpec(plan(drawSpec(seed, kind)), { actors: plant });
      if (broken !== undefined && found.test(broken.replace(/: (after|with|as the storm)[^:]*:/, ":"))) return;
      if (broken !== undefined) others.add(broken.slice(0, 200));
    }
    assert.fail(`no seed of ${seedsMax} shows it; broken were: ${[...others].join("; ")}`);
  });
}
