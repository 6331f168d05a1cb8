import assert from "node:assert/strict";
import { test } from "node:test";
import { kinds } from "../../api/registry.ts";
import { silentLog } from "../../base/log.ts";
import { seededRandom } from "../../base/random.ts";
import { settle } from "../../base/settle.node.ts";
import { VirtualClock } from "../../base/virtual-clock.ts";
import { openMemoryStore } from "../../store/memory-store.ts";
import { type Store, StoreFailure } from "../../store/store.ts";
import { createApi } from "./api.ts";
import { configMap, configMaps, context, inDefault, namespaces, record, refusal, service, services } from "./fixture.suite.ts";

/** A memory store whose commits go through `commit`. */
function storeWith(commit: (real: Store, operations: Parameters<Store["commit"]>[0]) => ReturnType<Store["commit"]>) {
  const real = openMemoryStore();
  const store = new Proxy(real, {
    get(target, name) {
      if (name === "commit") return (operations: Parameters<Store["commit"]>[0]) => commit(real, operations);
      const value = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  const clock = new VirtualClock(settle);
  const api = createApi({ store, kinds, world: { clock, random: seededRandom(3), log: silentLog } });
  return { api, real };
}
const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: "default" } };

test("a disk that refuses is an error of ours that names the reason, and nothing of the write is seen", async () => {
  let broken = false;
  const { api } = storeWith((real, operations) =>
    broken ? Promise.reject(new StoreFailure("the disk is full")) : real.commit(operations),
  );
  await api.create(namespaces, undefined, namespace, context);
  await api.create(configMaps, "default", configMap("a", { k: "1" }), context);
  const watcher = record(api, configMaps, {});
  broken = true;
  await assert.rejects(
    api.create(configMaps, "default", configMap("b"), context),
    refusal(500, "Internal error occurred: the disk is full"),
  );
  await assert.rejects(api.patch(configMaps, inDefault("a"), "merge", { data: { k: "2" } }, context), refusal(500, /the disk is full/));
  await assert.rejects(api.delete(configMaps, inDefault("a"), {}, context), refusal(500, /the disk is full/));
  await assert.rejects(
    api.create(services, "default", service("s", { clusterIP: "10.96.0.10" }), context),
    refusal(500, /the disk is full/),
  );
  assert.equal((await api.get(configMaps, inDefault("a"))).object.data.k, "1");
  broken = false;
  await api.patch(configMaps, inDefault("a"), "merge", { data: { k: "3" } }, context);
  await api.create(services, "default", service("s", { clusterIP: "10.96.0.10" }), context);
  assert.deepEqual(watcher.seen, ["ADDED a", "MODIFIED a"]);
});

test("a writer outside this process that is faster makes a patch start again and a stale update fail", async () => {
  let interfere = 0;
  const { api } = storeWith(async (real, operations) => {
    const [operation] = operations;
    if (interfere > 0 && operation?.type === "put") {
      interfere--;
      const current = real.get(operation.key);
      // The same value again, by somebody else: a version of its own.
      if (current) await real.commit([{ type: "put", key: current.key, value: current.value.slice() }]);
    }
    return real.commit(operations);
  });
  await api.create(namespaces, undefined, namespace, context);
  const { object } = await api.create(configMaps, "default", configMap("a", { k: "1" }), context);
  interfere = 3;
  const patched = await api.patch(configMaps, inDefault("a"), "merge", { data: { l: "2" } }, context);
  assert.deepEqual(patched.object.data, { k: "1", l: "2" });
  assert.equal(interfere, 0);
  interfere = 1;
  const changed = { ...patched.object, data: { k: "9" } };
  await assert.rejects(api.update(configMaps, inDefault("a"), changed, context), refusal(409, /the object has been modified/));
  assert.ok(Number(object.metadata.resourceVersion) < Number(patched.object.metadata.resourceVersion));
});
