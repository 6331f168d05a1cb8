/** Whatever a client sends, the core answers or refuses with an `ApiError` below 500. Every run is the same run. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ApiError } from "../../api/errors.ts";
import type { KindDefinition } from "../../api/kind.ts";
import type { AnyObject } from "../../api/meta/object.ts";
import { kinds } from "../../api/registry.ts";
import { type Random, randomInt, randomPick, seededRandom } from "../../base/random.ts";
import { deepCopy } from "../../machinery/freeze.ts";
import { bodyTypeOf, decodeValue } from "../decode.ts";
import {
  configMap,
  configMaps,
  context,
  deployment,
  deployments,
  inDefault,
  parseBytes,
  pod,
  pods,
  service,
  services,
  startApi,
} from "./fixture.suite.ts";

const words = [
  "",
  "a",
  "web",
  "-x",
  "A b",
  "10%",
  "-5",
  "1Gi",
  "__proto__",
  "constructor",
  "None",
  "default",
  "\u0000",
  "é",
  "x".repeat(300),
  "/",
  "..",
  "0",
  "2024-01-01T00:00:00Z",
];

function anyValue(random: Random, depth = 0): unknown {
  switch (randomInt(random, 0, depth > 2 ? 4 : 6)) {
    case 0:
      return null;
    case 1:
      return randomPick(random, [0, -1, 1, 1.5, 2 ** 31, 2 ** 53, -(2 ** 40), 1e308]);
    case 2:
    case 3:
      return randomPick(random, words);
    case 4:
      return randomInt(random, 0, 1) === 1;
    case 5:
      return Array.from({ length: randomInt(random, 0, 3) }, () => anyValue(random, depth + 1));
    default:
      return Object.fromEntries(Array.from({ length: randomInt(random, 0, 3) }, () => [anyKey(random), anyValue(random, depth + 1)]));
  }
}

const fields = [
  "name",
  "namespace",
  "labels",
  "spec",
  "status",
  "metadata",
  "replicas",
  "selector",
  "matchLabels",
  "template",
  "containers",
  "image",
  "ports",
  "type",
  "clusterIP",
  "clusterIPs",
  "nodePort",
  "data",
  "resources",
  "limits",
  "requests",
  "finalizers",
  "ownerReferences",
  "managedFields",
  "annotations",
  "volumes",
  "env",
  "tolerations",
  "strategy",
  "rollingUpdate",
  "maxSurge",
  "resourceVersion",
  "uid",
  "generation",
  "conditions",
  "deletionTimestamp",
  "$patch",
  "$retainKeys",
  "$setElementOrder/containers",
  "$deleteFromPrimitiveList/finalizers",
];
const anyKey = (random: Random): string => randomPick(random, randomInt(random, 0, 3) === 0 ? words : fields);

/** Changes one place, somewhere, into something. */
function meddle(random: Random, value: unknown): unknown {
  if (typeof value !== "object" || value === null || randomInt(random, 0, 5) === 0) return anyValue(random);
  const keys = Object.keys(value);
  if (keys.length === 0 || randomInt(random, 0, 8) === 0)
    return Array.isArray(value) ? [...value, anyValue(random)] : { ...value, [anyKey(random)]: anyValue(random) };
  const key = randomPick(random, keys);
  const copy = (Array.isArray(value) ? [...value] : { ...value }) as Record<string, unknown>;
  copy[key] = meddle(random, copy[key]);
  return copy;
}

function pointerInto(random: Random, value: unknown): string {
  let path = "";
  let at = value;
  while (typeof at === "object" && at !== null && Object.keys(at).length > 0 && randomInt(random, 0, 4) > 0) {
    const key = randomPick(random, Object.keys(at));
    path += `/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`;
    at = (at as Record<string, unknown>)[key];
  }
  return randomInt(random, 0, 5) === 0 ? `${path}/${randomPick(random, ["-", "0", "99", "-1", "x", "__proto__", ""])}` : path;
}

const anyOperation = (random: Random, object: unknown): unknown =>
  randomInt(random, 0, 15) === 0
    ? anyValue(random)
    : {
        op: randomPick(random, ["add", "remove", "replace", "move", "copy", "test"]),
        path: pointerInto(random, object),
        from: pointerInto(random, object),
        value: anyValue(random),
      };

const samples: readonly (readonly [KindDefinition, AnyObject])[] = [
  [pods, pod("a")],
  [deployments, deployment("a")],
  [services, service("a")],
  [configMaps, configMap("a", { k: "v" })],
];

/** The answer, or undefined for a proper refusal. Anything else fails the test, naming the case. */
async function answered<T>(what: () => unknown, attempt: () => Promise<T> | T): Promise<T | undefined> {
  try {
    return await attempt();
  } catch (error) {
    const proper = error instanceof ApiError && error.code < 500 && error.message !== "";
    if (!proper) assert.fail(`${JSON.stringify(what())}\n${error instanceof Error ? error.stack : String(error)}`);
    return undefined;
  }
}

test("creates and updates of meddled objects", async () => {
  const random = seededRandom(11);
  const { api } = await startApi();
  for (let i = 0; i < 1500; i++) {
    const [kind, sample] = randomPick(random, samples);
    const name = `o${i % 40}`;
    const current = await answered(
      () => name,
      () => api.get(kind, inDefault(name)),
    );
    const from = deepCopy(current?.object ?? { ...sample, metadata: { ...sample.metadata, name } });
    let body: unknown = from;
    for (let n = randomInt(random, 1, 3); n > 0; n--) body = meddle(random, body);
    const subresource = randomPick(random, ["", "", "", "status", "scale"]);
    const stored = await answered(
      () => ({ i, kind: kind.kind, subresource, body }),
      () => {
        const object = decodeValue(bodyTypeOf(kind, current ? subresource : ""), body, {});
        return current ? api.update(kind, inDefault(name), object, context, subresource) : api.create(kind, "default", object, context);
      },
    );
    if (stored) assert.deepEqual(parseBytes(stored.json), JSON.parse(JSON.stringify(stored.object)), `case ${i}: the bytes are the object`);
  }
});

test("every kind takes or refuses meddled objects", async () => {
  const random = seededRandom(12);
  const { api } = await startApi();
  for (const kind of kinds) {
    if (kind.virtual) continue;
    for (let i = 0; i < 12; i++) {
      const body = { metadata: { name: `o${i}` }, spec: anyValue(random), [anyKey(random)]: anyValue(random) };
      await answered(
        () => ({ kind: kind.kind, body }),
        () => api.create(kind, kind.scope === "Namespaced" ? "default" : undefined, decodeValue(bodyTypeOf(kind), body, {}), context),
      );
    }
  }
});

test("patches of all types", async () => {
  const random = seededRandom(13);
  const { api } = await startApi();
  for (const [kind, sample] of samples) await api.create(kind, "default", sample, context);
  for (let i = 0; i < 2500; i++) {
    const [kind, sample] = randomPick(random, samples);
    const current =
      (await answered(
        () => i,
        () => api.get(kind, inDefault("a")),
      )) ?? (await api.create(kind, "default", sample, context));
    const type = randomPick(random, ["json", "merge", "strategic", "apply"] as const);
    const body =
      type === "json"
        ? Array.from({ length: randomInt(random, 0, 3) }, () => anyOperation(random, current.object))
        : meddle(random, randomInt(random, 0, 1) === 0 ? sample : { spec: anyValue(random), metadata: anyValue(random) });
    const subresource = randomPick(random, ["", "", "", "status", "scale"]);
    const fieldValidation = randomPick(random, ["Strict", "Warn", "Ignore"] as const);
    await answered(
      () => ({ i, kind: kind.kind, type, subresource, body }),
      () => api.patch(kind, inDefault("a"), type, body, { ...context, fieldValidation, force: randomInt(random, 0, 1) === 1 }, subresource),
    );
  }
});

test("lists, watches and deletes with any options", async () => {
  const random = seededRandom(14);
  const { api, clock, store } = await startApi();
  const text = () =>
    randomPick(random, [
      undefined,
      "",
      "a=b",
      "a in (b,c)",
      "!a",
      "metadata.name=a",
      "status.phase!=Running",
      "==",
      "a in (",
      "spec.nodeName=\\",
      ...words,
    ]);
  const version = () => randomPick(random, [undefined, undefined, "", "0", "1", String(store.version), "99999999", "-1", "x", "1e9"]);
  const given = <T extends object>(options: T) =>
    Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as never;
  for (let i = 0; i < 1000; i++) {
    const [kind, sample] = randomPick(random, samples);
    if (i % 10 === 0)
      await answered(
        () => sample,
        () => api.create(kind, "default", { ...sample, metadata: { ...sample.metadata, name: `o${i}` } }, context),
      );
    const options = given({
      namespace: randomPick(random, [undefined, "default", "none", ""]),
      labelSelector: text(),
      fieldSelector: text(),
      resourceVersion: version(),
      resourceVersionMatch: randomPick(random, [undefined, undefined, "Exact", "NotOlderThan", "x"]),
      limit: randomPick(random, [undefined, 1, 2, 0, -1]),
      continue: randomPick(random, [undefined, undefined, "x", ...words]),
      sendInitialEvents: randomPick(random, [undefined, undefined, true, false]),
      allowBookmarks: randomPick(random, [undefined, true]),
    });
    const listing = api.list(kind, options).catch((error: unknown) => {
      assert.ok(error instanceof ApiError && (error.code < 500 || error.code === 504), `${JSON.stringify(options)} ${error}`);
    });
    if (i % 50 === 0) await clock.advance(4000);
    void listing;
    const stop = await answered(
      () => options,
      () => api.watch(kind, options, { event() {}, end() {} }),
    );
    stop?.();
    const removal = given({
      propagationPolicy: randomPick(random, [undefined, "Foreground", "Orphan", "Background", "x"]),
      gracePeriodSeconds: randomPick(random, [undefined, 0, -1, 5, 2 ** 40]),
      orphanDependents: randomPick(random, [undefined, undefined, true]),
      preconditions: randomPick(random, [undefined, { uid: "x" }, {}]),
    });
    await answered(
      () => removal,
      () => api.delete(kind, inDefault(`o${i - (i % 10)}`), removal, context),
    );
  }
  await clock.advance(10_000);
});
