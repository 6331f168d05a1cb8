/** What every implementation of `Client` must do. Run it with a client of an empty namespace of a real server. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ApiError, isAlreadyExists, isConflict, isInvalid, isNotFound } from "../api/errors.ts";
import { ConfigMap } from "../api/kinds/config-map/index.ts";
import { Deployment } from "../api/kinds/deployment/index.ts";
import { Namespace } from "../api/kinds/namespace/index.ts";
import type { KubeObject, WatchEvent } from "../api/meta/object.ts";
import type { ConfigMap as ConfigMapObject, Deployment as DeploymentObject } from "../api/types.ts";
import type { Client, Watch } from "./client.ts";

export interface ClientUnderTest {
  readonly client: Client;
  /** Exists, and holds neither ConfigMaps nor Deployments. */
  readonly namespace: string;
  close(): Promise<void>;
}

/** Collects a watch's events; `until` resolves when enough have come. */
function recording<T extends KubeObject>() {
  const events: WatchEvent<T>[] = [];
  const ends: (Error | undefined)[] = [];
  let waiting: { enough: () => boolean; resolve: () => void }[] = [];
  const look = () => {
    for (const { enough, resolve } of waiting) if (enough()) resolve();
    waiting = waiting.filter(({ enough }) => !enough());
  };
  const until = (enough: () => boolean) =>
    enough() ? Promise.resolve() : new Promise<void>((resolve) => waiting.push({ enough, resolve }));
  return {
    events,
    ends,
    handler: {
      event(event: WatchEvent<T>) {
        events.push(event);
        look();
      },
      end(error?: Error) {
        ends.push(error);
        look();
      },
    },
    until,
    texts: () => events.filter(({ type }) => type !== "BOOKMARK").map(({ type, object }) => `${type} ${object.metadata.name}`),
  };
}

export function clientSuite(name: string, setUp: () => Promise<ClientUnderTest>): void {
  const each = (what: string, body: (under: ClientUnderTest) => Promise<void>) =>
    test(what, async () => {
      const under = await setUp();
      try {
        await body(under);
      } finally {
        await under.close();
      }
    });
  const configMap = (
    namespace: string,
    objectName: string,
    data: Record<string, string> = {},
    labels: Record<string, string> = {},
  ): ConfigMapObject => ({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: objectName, namespace, labels },
    data,
  });
  const deployment = (namespace: string): DeploymentObject => ({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "web", namespace },
    spec: {
      replicas: 2,
      selector: { matchLabels: { app: "web" } },
      template: { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "app", image: "web:1" }] } },
    },
  });

  describe(name, () => {
    each("an object is created, read, replaced and deleted", async ({ client, namespace }) => {
      const created = await client.create(ConfigMap, configMap(namespace, "a", { k: "1" }));
      assert.ok(created.metadata.uid && created.metadata.resourceVersion);
      const key = { namespace, name: "a" };
      assert.deepEqual(await client.get(ConfigMap, key), created);
      const updated = await client.update(ConfigMap, { ...created, data: { k: "2" } });
      assert.equal(updated.data?.["k"], "2");
      assert.notEqual(updated.metadata.resourceVersion, created.metadata.resourceVersion);
      await client.delete(ConfigMap, key);
      await assert.rejects(client.get(ConfigMap, key), isNotFound);
    });

    each("what comes out is frozen, to its depths", async ({ client, namespace }) => {
      const created = await client.create(Deployment, deployment(namespace));
      const read = await client.get(Deployment, { namespace, name: "web" });
      const [listed] = (await client.list(Deployment, { namespace })).items;
      for (const object of [created, read, listed]) {
        assert.ok(Object.isFrozen(object) && Object.isFrozen(object?.spec?.template?.spec?.containers[0]));
      }
    });

    each("a list says what its items are, and where to watch on from", async ({ client, namespace }) => {
      await client.create(ConfigMap, configMap(namespace, "a", {}, { tier: "web" }));
      await client.create(ConfigMap, configMap(namespace, "b", {}, { tier: "db" }));
      const list = await client.list(ConfigMap, { namespace, labelSelector: "tier=web" });
      assert.deepEqual(
        list.items.map(({ apiVersion, kind, metadata }) => [apiVersion, kind, metadata.name]),
        [["v1", "ConfigMap", "a"]],
      );
      const one = await client.list(ConfigMap, { namespace, fieldSelector: "metadata.name=b" });
      assert.equal(one.items.length, 1);
      const seen = recording<ConfigMapObject>();
      const watch = client.watch(ConfigMap, { namespace, resourceVersion: list.resourceVersion }, seen.handler);
      await client.create(ConfigMap, configMap(namespace, "c"));
      await seen.until(() => seen.events.length > 0);
      assert.deepEqual(seen.texts(), ["ADDED c"]);
      watch.close();
    });

    each("a watch whose handler throws ends with that error, and nothing else suffers", async ({ client, namespace }) => {
      const { resourceVersion } = await client.list(ConfigMap, { namespace });
      const seen = recording<ConfigMapObject>();
      const event = (): void => {
        throw new Error("cannot take it");
      };
      client.watch(ConfigMap, { namespace, resourceVersion }, { ...seen.handler, event });
      await client.create(ConfigMap, configMap(namespace, "a"));
      await seen.until(() => seen.ends.length > 0);
      assert.match(seen.ends[0]?.message ?? "", /cannot take it/);
      assert.equal((await client.list(ConfigMap, { namespace })).items.length, 1);
    });

    each("a long list comes in pages", async ({ client, namespace }) => {
      for (const letter of ["a", "b", "c", "d", "e"]) await client.create(ConfigMap, configMap(namespace, letter));
      const names: string[] = [];
      let token: string | undefined;
      do {
        const page = await client.list(ConfigMap, { namespace, limit: 2, ...(token !== undefined && { continue: token }) });
        assert.ok(page.items.length <= 2);
        names.push(...page.items.map(({ metadata }) => metadata.name as string));
        token = page.continue;
      } while (token !== undefined);
      assert.deepEqual(names, ["a", "b", "c", "d", "e"]);
    });

    each("every patch type does what it says, and apply minds who owns what", async ({ client, namespace }) => {
      await client.create(Deployment, deployment(namespace));
      const key = { namespace, name: "web" };
      const merged = await client.patch(Deployment, key, "merge", { spec: { replicas: 3 } });
      assert.equal(merged.spec?.replicas, 3);
      const jsonPatched = await client.patch(Deployment, key, "json", [{ op: "replace", path: "/spec/replicas", value: 4 }]);
      assert.equal(jsonPatched.spec?.replicas, 4);
      const strategic = { spec: { template: { spec: { containers: [{ name: "side", image: "side:1" }] } } } };
      const patched = await client.patch(Deployment, key, "strategic", strategic);
      assert.deepEqual(patched.spec?.template?.spec?.containers.map((container) => container.name).sort(), ["app", "side"]);
      const applied = { apiVersion: "apps/v1", kind: "Deployment", metadata: key, spec: { replicas: 9 } };
      await assert.rejects(client.patch(Deployment, key, "apply", applied, { fieldManager: "somebody" }), isConflict);
      const forced = await client.patch(Deployment, key, "apply", applied, { fieldManager: "somebody", force: true });
      assert.equal(forced.spec?.replicas, 9);
    });

    each("a subresource is written alone", async ({ client, namespace }) => {
      const created = await client.create(Deployment, deployment(namespace));
      const status = { replicas: 7 };
      const updated = await client.update(
        Deployment,
        { ...created, spec: { ...(created.spec as object), replicas: 50 } as never, status },
        { subresource: "status" },
      );
      assert.equal(updated.status?.replicas, 7);
      assert.equal(updated.spec?.replicas, 2);
    });

    each("a dry run answers and leaves nothing behind", async ({ client, namespace }) => {
      const answer = await client.create(ConfigMap, configMap(namespace, "a"), { dryRun: true });
      assert.ok(answer.metadata.uid);
      await assert.rejects(client.get(ConfigMap, { namespace, name: "a" }), isNotFound);
    });

    each("refusals are the server's own: absent, present, stale, invalid", async ({ client, namespace }) => {
      await assert.rejects(client.get(ConfigMap, { namespace, name: "absent" }), (error: unknown) => {
        assert.ok(error instanceof ApiError && isNotFound(error));
        assert.equal(error.message, 'configmaps "absent" not found');
        return true;
      });
      const created = await client.create(ConfigMap, configMap(namespace, "a"));
      await assert.rejects(client.create(ConfigMap, configMap(namespace, "a")), isAlreadyExists);
      await client.update(ConfigMap, { ...created, data: { k: "1" } });
      await assert.rejects(client.update(ConfigMap, { ...created, data: { k: "2" } }), isConflict);
      await assert.rejects(client.create(ConfigMap, configMap(namespace, "Not A Name")), isInvalid);
      const wrong = { preconditions: { uid: "00000000-0000-0000-0000-000000000000" } };
      await assert.rejects(client.delete(ConfigMap, { namespace, name: "a" }, wrong), isConflict);
    });

    each("an object that stays for its finalizers is given back by delete", async ({ client, namespace }) => {
      const object = configMap(namespace, "a");
      await client.create(ConfigMap, { ...object, metadata: { ...object.metadata, finalizers: ["test.example/hold"] } });
      const leaving = await client.delete(ConfigMap, { namespace, name: "a" });
      assert.ok(leaving?.metadata.deletionTimestamp);
      await client.patch(ConfigMap, { namespace, name: "a" }, "merge", { metadata: { finalizers: null } });
      await assert.rejects(client.get(ConfigMap, { namespace, name: "a" }), isNotFound);
    });

    each("a collection is deleted by selector", async ({ client, namespace }) => {
      await client.create(ConfigMap, configMap(namespace, "a", {}, { go: "yes" }));
      await client.create(ConfigMap, configMap(namespace, "b", {}, { go: "no" }));
      await client.deleteCollection(ConfigMap, { namespace, labelSelector: "go=yes" });
      assert.deepEqual(
        (await client.list(ConfigMap, { namespace })).items.map(({ metadata }) => metadata.name),
        ["b"],
      );
    });

    each("API-30: a watch sends what there is, says so, and goes on with what changes", async ({ client, namespace }) => {
      await client.create(ConfigMap, configMap(namespace, "a"));
      const seen = recording<ConfigMapObject>();
      const watch = client.watch(ConfigMap, { namespace, sendInitialEvents: true, allowWatchBookmarks: true }, seen.handler);
      await seen.until(() => seen.events.some(({ type }) => type === "BOOKMARK"));
      assert.deepEqual(seen.texts(), ["ADDED a"]);
      const bookmark = seen.events.at(-1)?.object;
      assert.equal(bookmark?.metadata.annotations?.["k8s.io/initial-events-end"], "true");
      await client.patch(ConfigMap, { namespace, name: "a" }, "merge", { data: { k: "1" } });
      await client.delete(ConfigMap, { namespace, name: "a" });
      await seen.until(() => seen.texts().length === 3);
      assert.deepEqual(seen.texts(), ["ADDED a", "MODIFIED a", "DELETED a"]);
      assert.ok(seen.events.every(({ object }) => Object.isFrozen(object)));
      watch.close();
    });

    each("a closed watch is silent: no event, no end", async ({ client, namespace }) => {
      const seen = recording<ConfigMapObject>();
      const other = recording<ConfigMapObject>();
      const watches: Watch[] = [seen, other].map(({ handler }) =>
        client.watch(ConfigMap, { namespace, sendInitialEvents: true, allowWatchBookmarks: true }, handler),
      );
      await Promise.all([seen, other].map(({ events, until }) => until(() => events.length > 0)));
      watches[0]?.close();
      await client.create(ConfigMap, configMap(namespace, "a"));
      await other.until(() => other.texts().length > 0);
      assert.deepEqual([seen.texts(), seen.ends], [[], []]);
      watches[1]?.close();
    });

    each("cluster-scoped kinds have no namespace", async ({ client, namespace }) => {
      const found = await client.get(Namespace, { name: namespace });
      assert.equal(found.metadata.namespace, undefined);
      assert.ok((await client.list(Namespace)).items.some(({ metadata }) => metadata.name === namespace));
    });
  });
}
