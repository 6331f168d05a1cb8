import assert from "node:assert/strict";
import { test } from "node:test";
import { type Random, randomFloat, randomInt, randomPick, seededRandom } from "../base/random.ts";
import { deepFreeze } from "../machinery/freeze.ts";
import type { KindDefinition } from "./kind.ts";
import { findKind, findKindByName, kinds } from "./registry.ts";
import type { TypeExpression } from "./schema/notation.ts";
import { structSchema } from "./schema/schema.ts";

const now = Date.UTC(2026, 0, 2);

test("every kind is found by its path and by its name, and has a schema", () => {
  for (const kind of kinds) {
    assert.equal(findKind(kind.group, kind.version, kind.plural), kind);
    assert.equal(findKindByName(kind.group, kind.version, kind.kind), kind);
    assert.ok(structSchema(kind.schema).fields.has("metadata"), kind.schema);
  }
  assert.equal(findKind("", "v1", "deployments"), undefined);
});

test("no two kinds share a path or a short name of one group", () => {
  const seen = new Set<string>();
  for (const kind of kinds) {
    for (const name of [kind.plural, ...(kind.shortNames ?? [])]) {
      const key = `${kind.group}/${kind.version}/${name}`;
      assert.ok(!seen.has(key), key);
      seen.add(key);
    }
  }
});

test("TAB-19: short names are those that kubectl users type", () => {
  const names = Object.fromEntries(kinds.filter((k) => k.version === "v1").map((k) => [k.plural, k.shortNames?.join(",") ?? ""]));
  assert.deepEqual(
    ["pods", "services", "configmaps", "namespaces", "nodes", "events", "endpoints", "serviceaccounts", "persistentvolumeclaims"].map(
      (plural) => names[plural],
    ),
    ["po", "svc", "cm", "ns", "no", "ev", "ep", "sa", "pvc"],
  );
  assert.deepEqual(
    ["persistentvolumes", "replicasets", "deployments", "statefulsets", "daemonsets", "replicationcontrollers", "secrets"].map(
      (plural) => names[plural],
    ),
    ["pv", "rs", "deploy", "sts", "ds", "rc", ""],
  );
});

const words = [
  "a",
  "web",
  "",
  "None",
  "Always",
  "RollingUpdate",
  "ClusterIP",
  "10.0.0.1",
  "50%",
  "200%",
  "metadata.name",
  "In",
  "Exists",
  "x/y",
  "é",
  "__proto__",
];
const numbers = [0, 1, -1, 80, 65536, 2 ** 31];
const quantities = ["1", "500m", "-1", "1Gi", 0.5];

/** A value of the type with fields present or absent by chance: what a client may send and the shape check lets pass. */
function arbitrary(type: TypeExpression, random: Random, depth: number): unknown {
  if (type.kind === "list") return Array.from({ length: randomInt(random, 0, 2) }, () => arbitrary(type.of, random, depth - 1));
  if (type.kind === "map") {
    const map: Record<string, unknown> = {};
    for (let i = randomInt(random, 0, 2); i > 0; i--)
      map[randomPick(random, ["a", "app", "cpu", "storage", "x/y", "-"])] = arbitrary(type.of, random, depth - 1);
    return map;
  }
  if (type.kind === "struct") {
    const struct = structSchema(type.name);
    const object: Record<string, unknown> = {};
    if (depth <= 0) return object;
    for (const field of struct.fields.values()) {
      if (randomFloat(random) < (depth > 8 ? 0.9 : 0.35)) object[field.name] = arbitrary(field.type, random, depth - 1);
    }
    return object;
  }
  switch (type.scalar) {
    case "int32":
    case "int64":
    case "double":
      return randomPick(random, numbers);
    case "boolean":
      return randomFloat(random) < 0.5;
    case "quantity":
      return randomPick(random, quantities);
    case "intorstring":
      return randomFloat(random) < 0.5 ? randomPick(random, numbers) : randomPick(random, words);
    case "time":
    case "microtime":
      return "2026-01-01T00:00:00Z";
    case "bytes":
      return "YQ==";
    default:
      return randomPick(random, words);
  }
}

function arbitraryObject(kind: KindDefinition, random: Random): any {
  const object = arbitrary({ kind: "struct", name: kind.schema }, random, 10) as Record<string, unknown>;
  return { ...object, apiVersion: "x", kind: kind.kind, metadata: { ...(object.metadata as object), name: "x", uid: "u" } };
}

/** Everything that a write and a listing run. */
function exercise(kind: KindDefinition, object: any, old: any): void {
  kind.defaults?.(object);
  const again = structuredClone(object);
  kind.defaults?.(again);
  assert.deepEqual(again, object, "defaults are idempotent");
  kind.prepareForCreate?.(again, { now });
  kind.validate?.(again);
  kind.prepareForUpdate?.(object, old, { now });
  kind.validate?.(object);
  kind.validateUpdate?.(object, old);
  kind.warnings?.(object, old);
  kind.bumpsGeneration?.(object, old);
  kind.graceSeconds?.(object, undefined);
  kind.status?.prepareForUpdate?.(object, old);
  kind.status?.validateUpdate?.(object, old);
}

for (const kind of kinds) {
  test(`${kind.group}/${kind.version} ${kind.kind}: no object of the right shape makes it throw`, () => {
    const random = seededRandom(kind.schema.length);
    let old = deepFreeze({ apiVersion: "x", kind: kind.kind, metadata: { name: "x" } } as any);
    for (let run = 0; run < 60; run++) {
      const object = arbitraryObject(kind, random);
      exercise(kind, object, old);
      for (const column of kind.columns ?? []) column.cell(object, { now });
      for (const select of Object.values(kind.fieldSelectors ?? {})) assert.equal(typeof select(object), "string");
      kind.rowConditions?.(object);
      if (kind.storage) kind.storage.fromStorage(kind.storage.toStorage(object));
      old = deepFreeze(object);
    }
  });
}
