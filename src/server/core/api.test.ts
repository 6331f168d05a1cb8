import assert from "node:assert/strict";
import { test } from "node:test";
import { ApiError } from "../../api/errors.ts";
import { defineKind } from "../../api/kind.ts";
import { settle } from "../../base/settle.node.ts";
import { silentLog } from "../../base/log.ts";
import { seededRandom } from "../../base/random.ts";
import { VirtualClock } from "../../base/virtual-clock.ts";
import { openMemoryStore } from "../../store/memory-store.ts";
import type { ApiWatchEvent } from "../api.ts";
import { createApi } from "./api.ts";

const ConfigMap = defineKind({
  group: "",
  version: "v1",
  kind: "ConfigMap",
  plural: "configmaps",
  scope: "Namespaced",
  schema: "core.v1.ConfigMap",
});
const context = { user: { name: "tester", groups: ["system:masters"] }, fieldManager: "test" };
const parse = (bytes: Uint8Array) => JSON.parse(new TextDecoder().decode(bytes));
const configMap = (name: string, data: Record<string, string> = {}, labels?: Record<string, string>) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, namespace: "default", ...(labels && { labels }) },
  data,
});

function setUp() {
  const clock = new VirtualClock(settle);
  const store = openMemoryStore();
  const api = createApi({ store, kinds: [ConfigMap], world: { clock, random: seededRandom(1), log: silentLog } });
  return { api, clock, store };
}
const refusal = (code: number, message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof ApiError, String(error));
  assert.equal(error.code, code, error.message);
  assert.match(error.message, message);
  return true;
};

test("an object goes through create, get, list, watch, update and delete", async () => {
  const { api } = setUp();
  const events: string[] = [];
  const stop = api.watch(
    ConfigMap,
    {},
    { event: (e: ApiWatchEvent) => void events.push(`${e.type} ${e.stored.object.metadata.resourceVersion}`), end() {} },
  );
  const created = await api.create(ConfigMap, "default", configMap("a", { k: "1" }), context);
  assert.equal(created.object.metadata.resourceVersion, "1");
  assert.deepEqual(parse(created.json), created.object);
  const got = await api.get(ConfigMap, { namespace: "default", name: "a" });
  assert.equal(got.object, created.object);
  const updated = await api.update(ConfigMap, { namespace: "default", name: "a" }, { ...got.object, data: { k: "2" } }, context);
  assert.equal(updated.object.data.k, "2");
  const again = await api.update(ConfigMap, { namespace: "default", name: "a" }, updated.object, context);
  assert.equal(again.object.metadata.resourceVersion, updated.object.metadata.resourceVersion, "API-55");
  await assert.rejects(
    api.update(ConfigMap, { namespace: "default", name: "a" }, got.object, context),
    refusal(409, /modified; please apply/),
  );
  assert.equal((await api.list(ConfigMap, { namespace: "default" })).items.length, 1);
  const { gone } = await api.delete(ConfigMap, { namespace: "default", name: "a" }, {}, context);
  assert.equal(gone, true);
  await assert.rejects(api.get(ConfigMap, { namespace: "default", name: "a" }), refusal(404, /^configmaps "a" not found$/));
  assert.deepEqual(events, ["ADDED 1", "MODIFIED 2", "DELETED 3"]);
  stop();
});
