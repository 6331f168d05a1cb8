// The rights that the manifest asks for are those that `windlass controller` uses: whatever it does is allowed, and without any one of
// them something of what it does is not.
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { alreadyExists, badRequest } from "../api/errors.ts";
import type { KindRef } from "../api/kind.ts";
import { ConfigMap } from "../api/kinds/config-map/index.ts";
import { DaemonSet } from "../api/kinds/daemon-set/index.ts";
import { Deployment } from "../api/kinds/deployment/index.ts";
import { Event } from "../api/kinds/event/index.ts";
import { Namespace } from "../api/kinds/namespace/index.ts";
import { Secret } from "../api/kinds/secret/index.ts";
import { StatefulSet } from "../api/kinds/stateful-set/index.ts";
import { type AnyObject, keyOf } from "../api/meta/object.ts";
import type { PolicyRule } from "../api/types.ts";
import { silentLog } from "../base/log.ts";
import { seededRandom } from "../base/random.ts";
import type { Client } from "../client/client.ts";
import { reviewWorkload } from "../release/configuration/webhook.ts";
import { controllerManifest, controllerNamespace } from "../release/controller/manifest.ts";
import type { ResourceAttributes } from "../server/auth/access.ts";
import { ruleAllows } from "../server/auth/rbac.ts";
import { releaseController } from "./release-controller.node.ts";
import { sharedCertificate } from "./serve-certificate.node.ts";
import { type Cluster, startCluster } from "./start-cluster.node.ts";
import { MutatingWebhookConfiguration } from "./webhook-certificate.node.ts";

const namespace = "default";
const dayMs = 86_400_000;

/** A request as authorisation sees it. */
type Use = Pick<ResourceAttributes, "verb" | "group" | "resource" | "namespace" | "name">;

const uses = new Map<string, Use>();

const textOf = ({ verb, group, resource, name, namespace: place }: Use): string =>
  `${verb} ${resource}${group === "" ? "" : `.${group}`}${place === controllerNamespace ? ` ${name} of its own` : ""}`;

/**
 * The server as it is elsewhere: one that knows nothing of initial events in a watch, so that lists are needed, and other replicas
 * that are faster now and then, so that what is already there must be read.
 */
function recording(client: Client): Client {
  const note = (verb: string, { group, plural }: KindRef, place: { namespace?: string; name?: string } = {}): void => {
    const use = { verb, group, resource: plural, namespace: place.namespace, name: place.name };
    const text = textOf(use);
    if (!uses.has(text)) uses.set(text, use);
  };
  let webhooks: AnyObject = { apiVersion: "v1", kind: "x", metadata: { resourceVersion: "1" }, webhooks: [{ clientConfig: {} }] };
  let creations = 0;
  const recorder: Client = {
    async get(kind, key, options) {
      note("get", kind, key);
      if (kind.plural === MutatingWebhookConfiguration.plural) return webhooks as never;
      return client.get(kind, key, options);
    },
    async list(kind, options) {
      note("list", kind, options);
      return client.list(kind, options);
    },
    watch(kind, options, handler) {
      note("watch", kind, options);
      if (!options.sendInitialEvents) return client.watch(kind, options, handler);
      queueMicrotask(() => handler.end(badRequest("sendInitialEvents is not known here")));
      return { close() {} };
    },
    async create(kind, object, options) {
      // As the server is asked: the name of what is created is not known to authorisation.
      note("create", kind, { ...(object.metadata.namespace !== undefined && { namespace: object.metadata.namespace }) });
      const created = await client.create(kind, object, options);
      const isCopy = kind.plural === "configmaps" || kind.plural === "secrets";
      if (isCopy && creations++ % 2 === 0)
        throw alreadyExists({ group: kind.group, resource: kind.plural, name: object.metadata.name ?? "" });
      return created;
    },
    async update(kind, object, options) {
      note("update", kind, keyOf(object));
      return client.update(kind, object, options);
    },
    async patch(kind, key, type, patch, options) {
      note("patch", kind, key);
      if (kind.plural !== MutatingWebhookConfiguration.plural) return client.patch(kind, key, type, patch, options);
      const [, { value }] = patch as AnyObject[] as [unknown, { value: string }];
      webhooks = { ...webhooks, webhooks: [{ clientConfig: { caBundle: value } }] };
      return webhooks as never;
    },
    async delete(kind, key, options) {
      note("delete", kind, key);
      return client.delete(kind, key, options);
    },
    deleteCollection: () => assert.fail("it deletes no collections"),
    createSubresource: () => assert.fail("it uses no subresource"),
  };
  return recorder;
}

const annotations = {
  "windlass.dev/auto-rollback": "on-certain-failure",
  "windlass.dev/config-revisions": "true",
  "windlass.dev/proven-after-seconds": "1",
};

const workload = (kind: string, name: string, spec: object = {}): AnyObject => ({
  apiVersion: "apps/v1",
  kind,
  metadata: { namespace, name, annotations },
  spec: {
    selector: { matchLabels: { app: name } },
    // No revision keeps a copy alive.
    revisionHistoryLimit: 0,
    template: {
      metadata: { labels: { app: name } },
      spec: {
        terminationGracePeriodSeconds: 0,
        containers: [{ name: "app", image: "web:1", envFrom: [{ configMapRef: { name: "shop" } }, { secretRef: { name: "keys" } }] }],
      },
    },
    ...spec,
  },
});

/** Everything that it is there for, on each kind of workload. */
async function live(cluster: Cluster): Promise<void> {
  const { client, clock } = cluster;
  const world = { clock, random: seededRandom(7), log: silentLog };
  const through = recording(client);
  const create = (kind: string, name: string, more: object): Promise<unknown> =>
    client.create<any>(kind === "ConfigMap" ? ConfigMap : Secret, { apiVersion: "v1", kind, metadata: { namespace, name }, ...more });
  await client.create(Namespace, { apiVersion: "v1", kind: "Namespace", metadata: { name: controllerNamespace } });
  await create("ConfigMap", "shop", { data: { COLOR: "green" } });
  await create("Secret", "keys", { data: { key: "b2xk" } });
  // What is left of an earlier workload of that name.
  await create("ConfigMap", "web.deployment.releases", {});

  const interrupt = new AbortController();
  const running = releaseController({
    client: through,
    interrupted: interrupt.signal as never,
    controllerNamespace,
    leaderElection: true,
    world,
  });
  const image = (kind: KindRef<any>, name: string, image: string, pod: object = {}): Promise<unknown> =>
    client.patch(kind, { namespace, name }, "strategic", {
      spec: { template: { spec: { containers: [{ name: "app", image }], ...pod } } },
    });
  const events = async (reason: string): Promise<number> =>
    (await client.list(Event, { namespace })).items
      .filter((event) => event.reason === reason)
      .reduce((sum, { count = 1 }) => sum + count, 0);

  await client.create<any>(Deployment, workload("Deployment", "web", { replicas: 2 }));
  await client.create<any>(StatefulSet, workload("StatefulSet", "db", { replicas: 2, serviceName: "db" }));
  await client.create<any>(DaemonSet, workload("DaemonSet", "agent"));
  await cluster.advance(60_000);
  await client.patch(ConfigMap, { namespace, name: "shop" }, "merge", { data: { COLOR: "blue" } });
  await client.patch(Secret, { namespace, name: "keys" }, "merge", { data: { key: "bmV3" } });
  await cluster.advance(200_000);
  // Stuck on a node, and before any: both are looked at.
  await image(Deployment, "web", "broken:2");
  await image(DaemonSet, "agent", "broken:2");
  await cluster.advance(60_000);
  const volumes = [{ name: "data", persistentVolumeClaim: { claimName: "none" } }];
  await image(Deployment, "web", "web:3", { volumes });
  await cluster.advance(60_000);
  // The same Pod is in the way twice, which is one event with a count.
  for (const version of [2, 3]) {
    await image(StatefulSet, "db", `broken:${version}`);
    await cluster.until("the broken Pod is freed", async () => (await events("FreedBlockedPod")) === version - 1);
    await cluster.advance(60_000);
  }
  assert.equal(await events("RolledBack"), 5);
  interrupt.abort();
  await cluster.advance(1000);
  assert.equal(await running, 0);

  // The webhook: its certificate, its renewal, and a review.
  const nowMs = clock.now();
  for (const ageMs of [360 * dayMs, 0]) {
    await sharedCertificate({
      client: through,
      world: { ...world, clock: { ...clock, now: () => nowMs - ageMs } },
      namespace: controllerNamespace,
    });
  }
  await reviewWorkload({ kind: "AdmissionReview", request: { uid: "1", namespace, object: workload("Deployment", "new") } }, through);
}

before(async () => {
  const cluster = await startCluster({ clock: "virtual", releases: false, imageFails: (reference) => reference.includes("broken") });
  try {
    await live(cluster);
  } finally {
    await cluster.stop();
  }
});

/** One verb on one resource, and where. */
interface Right {
  /** Absent: everywhere. */
  readonly place: string | undefined;
  readonly rule: PolicyRule;
}

function rightsOf(only: string | undefined): Right[] {
  const options = { namespace: controllerNamespace, image: "windlass:test", webhook: true, matchConditions: true };
  const roles = controllerManifest({ ...options, ...(only !== undefined && { only }) }).filter(({ kind }) => /^(Cluster)?Role$/.test(kind));
  return (roles as AnyObject[]).flatMap(({ metadata, rules }) =>
    (rules as PolicyRule[]).flatMap(({ verbs, apiGroups = [], resources = [], ...rest }) =>
      verbs.flatMap((verb) =>
        apiGroups.flatMap((group) =>
          resources.map((resource) => ({
            place: metadata.namespace,
            rule: { ...rest, verbs: [verb], apiGroups: [group], resources: [resource] },
          })),
        ),
      ),
    ),
  );
}

const isAllowed = (use: Use, rights: readonly Right[]): boolean =>
  rights.some(
    ({ place, rule }) =>
      (place === undefined || place === use.namespace) && ruleAllows(rule, { type: "resource", subresource: undefined, ...use }),
  );

const describe = ({ place, rule }: Right): string =>
  `${rule.verbs[0]} ${rule.resources?.[0]}${rule.resourceNames ? ` ${rule.resourceNames}` : ""}${place === undefined ? "" : ` in ${place}`}`;

for (const [title, only] of [
  ["all namespaces", undefined],
  ["one namespace", namespace],
] as const) {
  /** In one namespace nothing is asked of all. */
  const asked = (): Use[] =>
    [...uses.values()].map((use) =>
      only === undefined || ["nodes", MutatingWebhookConfiguration.plural].includes(use.resource) || use.namespace
        ? use
        : { ...use, namespace: only },
    );

  test(`looking after ${title}, it does nothing that its manifest does not allow`, () => {
    const rights = rightsOf(only);
    assert.deepEqual(
      asked()
        .filter((use) => !isAllowed(use, rights))
        .map(textOf),
      [],
    );
  });

  test(`looking after ${title}, it uses every right that its manifest asks for`, () => {
    const rights = rightsOf(only);
    const allowed = asked().filter((use) => isAllowed(use, rights));
    const idle = rights.filter((right) => {
      const others = rights.filter((one) => one !== right);
      return allowed.every((use) => isAllowed(use, others));
    });
    assert.deepEqual(idle.map(describe), []);
  });
}
