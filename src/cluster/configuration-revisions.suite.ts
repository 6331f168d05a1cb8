/**
 * Configuration revisions on the real server and controllers in virtual time: what people apply, edit and undo, and what becomes of it.
 * The same whether names are replaced by the engine's own rule or by the webhook that another server calls.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { isNotFound } from "../api/errors.ts";
import { ConfigMap } from "../api/kinds/config-map/index.ts";
import { Deployment } from "../api/kinds/deployment/index.ts";
import { Event } from "../api/kinds/event/index.ts";
import { Pod } from "../api/kinds/pod/index.ts";
import { ReplicaSet } from "../api/kinds/replica-set/index.ts";
import { Secret } from "../api/kinds/secret/index.ts";
import { keyOf } from "../api/meta/object.ts";
import type { ConfigMap as ConfigMapObject, Deployment as DeploymentObject } from "../api/types.ts";
import { formatTime } from "../base/time.ts";
import type { Client } from "../client/client.ts";
import { deploymentController } from "../controllers/deployment/deployment.ts";
import { garbageCollector } from "../controllers/garbage-collector/index.ts";
import { replicaSetController } from "../controllers/replicaset/replica-set.ts";
import { kinds } from "../api/registry.ts";
import { configurationControllers } from "../release/configuration/index.ts";
import type { AdmissionRule } from "../server/admission/admission.ts";
import { startVirtualControlPlane } from "./virtual-control-plane.node.ts";

const namespace = "default";
const key = { namespace, name: "web" };
const shop = { namespace, name: "shop" };

const manifest = (
  image = "web:1",
  annotations: Record<string, string> = { "windlass.dev/config-revisions": "true" },
): DeploymentObject => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { ...key, annotations },
  spec: {
    replicas: 1,
    revisionHistoryLimit: 1,
    selector: { matchLabels: { app: "web" } },
    template: {
      metadata: { labels: { app: "web" } },
      spec: {
        containers: [{ name: "app", image, envFrom: [{ configMapRef: { name: "shop" } }] }],
        volumes: [{ name: "keys", projected: { sources: [{ secret: { name: "keys" } }] } }],
      },
    },
  },
});

const configMap = (color: string): ConfigMapObject => ({ apiVersion: "v1", kind: "ConfigMap", metadata: shop, data: { COLOR: color } });

/** Tests of one way in. `rule` stands for it; absent, it is the engine's own. */
export function configurationRevisions(wayIn: string, rule?: (client: () => Client) => AdmissionRule): void {
  async function start() {
    const plane = await startVirtualControlPlane({
      controllers: [deploymentController, replicaSetController, (deps) => garbageCollector(deps, kinds), configurationControllers],
      ...(rule && { releaseRule: rule }),
    });
    const { client, clock } = plane;
    plane.informers.of(Pod).addHandler(({ type, object }) => {
      if (type !== "added") return;
      const conditions = [{ type: "Ready", status: "True", lastTransitionTime: formatTime(clock.now()) }];
      clock.setTimer(
        100,
        () =>
          void client
            .patch(Pod, keyOf(object), "strategic", { status: { phase: "Running", conditions } }, { subresource: "status" })
            .catch(() => {}),
      );
    });
    await client.create(ConfigMap, configMap("green"));
    await client.create(Secret, { apiVersion: "v1", kind: "Secret", metadata: { namespace, name: "keys" }, data: { key: "c2VjcmV0" } });
    const live = () => client.get(Deployment, key);
    return {
      plane,
      client,
      clock,
      live,
      apply: (object: DeploymentObject) => client.patch(Deployment, key, "apply", object, { fieldManager: "kubectl" }),
      /** What client-side apply sends: the fields in which the manifest differs from what is live. */
      patchIn: (image: string) =>
        client.patch(Deployment, key, "strategic", { spec: manifest(image).spec }, { fieldManager: "kubectl-client-side-apply" }),
      async edit(color: string) {
        await client.patch(ConfigMap, shop, "merge", { data: { COLOR: color } });
      },
      async copyInUse() {
        const { spec } = await live();
        return spec!.template.spec!.containers[0]!.envFrom![0]!.configMapRef!.name as string;
      },
      color: async (name: string) => (await client.get(ConfigMap, { namespace, name })).data?.COLOR,
      async copies() {
        const { items } = await client.list(ConfigMap, { namespace, labelSelector: "windlass.dev/config-copy" });
        return items.map(({ data }) => data?.COLOR).sort();
      },
      async events() {
        await plane.events.flushed();
        return (await client.list(Event, { namespace })).items
          .filter(({ reason }) => reason === "ConfigurationChanged")
          .map(({ message }) => message);
      },
    };
  }

  describe(wayIn, () => {
    test("a workload gets copies of its configuration, which are there before it is", async () => {
      const { plane, apply, client, copyInUse, color } = await start();
      const created = await apply(manifest());
      assert.match(await copyInUse(), /^shop-[a-z0-9]{5,10}$/);
      assert.match(created.spec!.template.spec!.volumes![0]!.projected!.sources![0]!.secret!.name as string, /^keys-[a-z0-9]{5,10}$/);
      assert.equal(await color(await copyInUse()), "green");
      const { immutable } = await client.get(ConfigMap, { namespace, name: await copyInUse() });
      assert.equal(immutable, true);
      await plane.stop();
    });

    for (const [how, write] of [
      ["server-side", "apply"],
      ["client-side", "patchIn"],
    ] as const) {
      test(`the same manifest ${how} again and again changes nothing`, async () => {
        const world = await start();
        const first = await (write === "apply" ? world.apply(manifest()) : world.client.create(Deployment, manifest()));
        await world.clock.advance(10_000);
        const settled = await world.live();
        for (let i = 0; i < 5; i++) {
          if (write === "apply") await world.apply(manifest());
          else await world.patchIn("web:1");
          await world.clock.advance(5000);
        }
        const after = await world.live();
        assert.equal(after.metadata.generation, first.metadata.generation);
        if (write === "apply") assert.equal(after.metadata.resourceVersion, settled.metadata.resourceVersion);
        // Nor after the controller has rolled new content out: whoever applies the manifest still owns what it says.
        await world.edit("blue");
        await world.clock.advance(10_000);
        const rolled = await world.live();
        assert.equal(rolled.metadata.generation, 2);
        assert.equal(await world.color(await world.copyInUse()), "blue");
        if (write === "apply") await world.apply(manifest());
        else await world.patchIn("web:1");
        await world.clock.advance(10_000);
        assert.equal((await world.live()).metadata.generation, 2);
        await world.plane.stop();
      });
    }

    test("a changed source is one rollout, with an event, when it has rested for a moment", async () => {
      const { plane, apply, clock, edit, live, copyInUse, color, client, events } = await start();
      await apply(manifest());
      await clock.advance(5000);
      await edit("bleu");
      await clock.advance(500);
      await edit("blue");
      await clock.advance(900);
      assert.equal((await live()).metadata.generation, 1);
      await clock.advance(5000);
      assert.equal((await live()).metadata.generation, 2);
      assert.equal(await color(await copyInUse()), "blue");
      const sets = (await client.list(ReplicaSet, { namespace })).items;
      assert.equal(sets.length, 2);
      assert.deepEqual(await events(), [`Rolling out changed configuration: ConfigMap ${await copyInUse()}`]);
      await plane.stop();
    });

    test("an undo brings the old content back and stays; the next apply, or the next edit, goes forward again", async () => {
      const { plane, apply, clock, edit, live, copyInUse, color, client, patchIn } = await start();
      await apply(manifest());
      await clock.advance(5000);
      await edit("blue");
      await clock.advance(5000);
      const old = (await client.list(ReplicaSet, { namespace })).items.find(({ spec }) => spec?.replicas === 0)!;
      const undo = async () => {
        const { ["pod-template-hash"]: _, ...labels } = old.spec!.template!.metadata!.labels!;
        const template = { ...old.spec!.template, metadata: { labels } };
        // As kubectl does: the annotations of the old set come along.
        await client.patch(Deployment, key, "json", [
          { op: "replace", path: "/spec/template", value: template },
          { op: "replace", path: "/metadata/annotations", value: { ...old.metadata.annotations } },
        ]);
      };
      await undo();
      await clock.advance(120_000);
      assert.equal(await color(await copyInUse()), "green");
      assert.equal((await live()).metadata.generation, 3);
      await client.patch(Deployment, key, "merge", { spec: { replicas: 3 } });
      await client.patch(ConfigMap, shop, "merge", { metadata: { labels: { touched: "yes" } } });
      await clock.advance(120_000);
      assert.equal(await color(await copyInUse()), "green");
      await edit("red");
      await clock.advance(5000);
      assert.equal(await color(await copyInUse()), "red");
      await undo();
      await clock.advance(5000);
      assert.equal(await color(await copyInUse()), "green");
      await patchIn("web:2");
      assert.equal(await color(await copyInUse()), "red");
      await plane.stop();
    });

    test("copies live as long as a revision of the history or a Pod needs them", async () => {
      const { plane, apply, clock, edit, copies, client } = await start();
      await apply(manifest());
      for (const color of ["blue", "red", "pink"]) {
        await clock.advance(70_000);
        await edit(color);
      }
      await clock.advance(70_000);
      await clock.advance(130_000);
      // One revision of history, and the present one.
      assert.deepEqual(await copies(), ["pink", "red"]);
      await client.delete(Deployment, key);
      await clock.advance(200_000);
      assert.deepEqual(await copies(), []);
      assert.equal((await client.get(ConfigMap, shop)).data?.COLOR, "pink");
      await plane.stop();
    });

    test("a source that is deleted changes nothing; one that comes back as it was changes nothing either", async () => {
      const { plane, apply, clock, live, client, copyInUse, patchIn } = await start();
      await apply(manifest());
      await clock.advance(5000);
      const named = await copyInUse();
      await client.delete(ConfigMap, shop);
      await clock.advance(120_000);
      assert.equal((await live()).metadata.generation, 1);
      await patchIn("web:1");
      await clock.advance(5000);
      assert.equal(await copyInUse(), named);
      assert.equal((await live()).metadata.generation, 1);
      await client.create(ConfigMap, configMap("green"));
      await clock.advance(5000);
      assert.equal((await live()).metadata.generation, 1);
      await plane.stop();
    });

    test("a copy that somebody deletes comes back while the source still holds its content", async () => {
      const { plane, apply, clock, client, copyInUse, color, live } = await start();
      await apply(manifest());
      await clock.advance(5000);
      const name = await copyInUse();
      await client.delete(ConfigMap, { namespace, name });
      await clock.advance(5000);
      assert.equal(await color(name), "green");
      assert.equal((await live()).metadata.generation, 1);
      await plane.stop();
    });

    test("a dry run shows the copies that it would make, and makes none", async () => {
      const { plane, client, copies, clock } = await start();
      const shown = await client.create(Deployment, manifest(), { dryRun: true });
      const name = shown.spec!.template.spec!.containers[0]!.envFrom![0]!.configMapRef!.name as string;
      assert.match(name, /^shop-/);
      await clock.advance(1000);
      assert.deepEqual(await copies(), []);
      await assert.rejects(client.get(Deployment, key), isNotFound);
      await plane.stop();
    });

    test("without the annotation, or for names that it does not list, nothing is touched", async () => {
      const { plane, client, clock, live } = await start();
      const plain = await client.create(Deployment, manifest("web:1", {}));
      assert.deepEqual(plain.spec!.template.spec!.containers[0]!.envFrom, [{ configMapRef: { name: "shop" } }]);
      await client.patch(Deployment, key, "merge", { metadata: { annotations: { "windlass.dev/config-revisions": "secret/keys" } } });
      await clock.advance(5000);
      const { spec, metadata } = await live();
      assert.deepEqual(spec!.template.spec!.containers[0]!.envFrom, [{ configMapRef: { name: "shop" } }]);
      assert.match(spec!.template.spec!.volumes![0]!.projected!.sources![0]!.secret!.name as string, /^keys-/);
      assert.ok(metadata.labels?.["windlass.dev/config-content"]);
      await plane.stop();
    });

    test("two workloads share one copy, which stays until both are gone", async () => {
      const { plane, client, clock, copies, apply } = await start();
      await apply(manifest());
      const other = manifest();
      other.metadata.name = "api";
      await client.create(Deployment, other);
      await clock.advance(5000);
      assert.deepEqual(await copies(), ["green"]);
      await client.delete(Deployment, key);
      await clock.advance(200_000);
      assert.deepEqual(await copies(), ["green"]);
      await client.delete(Deployment, { namespace, name: "api" });
      await clock.advance(200_000);
      assert.deepEqual(await copies(), []);
      await plane.stop();
    });
  });
}
