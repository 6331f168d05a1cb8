import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { prune } from "../api/schema/shape.ts";
import { deepFreeze } from "./freeze.ts";
import { applyStrategicMerge } from "./strategic-merge.ts";
import { createStrategicMerge } from "./three-way-merge.ts";

const schema = "apps.v1.Deployment";
const podSpec = (spec: object, more: object = {}) => ({ spec: { ...more, template: { spec } } });
const containers = (...list: object[]) => podSpec({ containers: list });
const apply = (document: unknown, patch: unknown) => applyStrategicMerge(deepFreeze(document), deepFreeze(patch), schema) as any;

const rows: readonly [name: string, document: unknown, patch: unknown, result: unknown][] = [
  [
    "API-57: containers merge by name, a new one goes first",
    containers({ name: "a", image: "1" }, { name: "b", image: "1" }),
    containers({ name: "b", image: "2" }, { name: "c" }),
    containers({ name: "a", image: "1" }, { name: "b", image: "2" }, { name: "c" }),
  ],
  [
    "API-58: $patch delete removes the element of that key",
    containers({ name: "a" }, { name: "b" }),
    containers({ name: "a", $patch: "delete" }),
    containers({ name: "b" }),
  ],
  [
    "API-58: $patch replace in a list replaces the list",
    containers({ name: "a" }, { name: "b" }),
    containers({ $patch: "replace" }, { name: "c" }),
    containers({ name: "c" }),
  ],
  [
    "API-58: $patch replace in an object replaces the object",
    podSpec({ nodeSelector: { a: "1" }, hostname: "x" }),
    podSpec({ $patch: "replace", hostname: "y" }),
    podSpec({ hostname: "y" }),
  ],
  ["API-58: $patch delete in an object empties it", podSpec({ hostname: "x" }), podSpec({ $patch: "delete" }), podSpec({})],
  [
    "API-58: $setElementOrder orders, and is dropped",
    containers({ name: "a" }, { name: "b" }, { name: "sidecar" }),
    podSpec({ "$setElementOrder/containers": [{ name: "b" }, { name: "a" }, { name: "c" }], containers: [{ name: "c" }] }),
    containers({ name: "b" }, { name: "a" }, { name: "c" }, { name: "sidecar" }),
  ],
  [
    "API-58: $setElementOrder without a list only orders",
    containers({ name: "a" }, { name: "b" }),
    podSpec({ "$setElementOrder/containers": [{ name: "b" }, { name: "a" }] }),
    containers({ name: "b" }, { name: "a" }),
  ],
  [
    "API-58: $retainKeys drops what the new strategy does not have",
    { spec: { strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1 } } } },
    { spec: { strategy: { $retainKeys: ["type"], type: "Recreate" } } },
    { spec: { strategy: { type: "Recreate" } } },
  ],
  [
    "API-58: $deleteFromPrimitiveList removes from a set",
    { metadata: { finalizers: ["a", "b", "c"] } },
    { metadata: { "$deleteFromPrimitiveList/finalizers": ["b"], finalizers: ["d"] } },
    { metadata: { finalizers: ["d", "a", "c"] } },
  ],
  [
    "API-57: ports merge by containerPort",
    containers({ name: "a", ports: [{ containerPort: 80, name: "http" }] }),
    containers({ name: "a", ports: [{ containerPort: 80, protocol: "UDP" }] }),
    containers({ name: "a", ports: [{ containerPort: 80, name: "http", protocol: "UDP" }] }),
  ],
  [
    "API-57: lists without a key are replaced",
    podSpec({ tolerations: [{ key: "a" }], containers: [{ name: "a", args: ["x"] }] }),
    podSpec({ tolerations: [{ key: "b" }], containers: [{ name: "a", args: ["y", "z"] }] }),
    podSpec({ tolerations: [{ key: "b" }], containers: [{ name: "a", args: ["y", "z"] }] }),
  ],
  [
    "null deletes a field",
    { metadata: { labels: { a: "1", b: "2" } } },
    { metadata: { labels: { a: null } } },
    { metadata: { labels: { b: "2" } } },
  ],
  ["nulls in a new object vanish", {}, podSpec({ nodeSelector: { a: null, b: "1" } }), podSpec({ nodeSelector: { b: "1" } })],
];
for (const [name, document, patch, result] of rows) {
  test(name, () => assert.deepEqual(apply(document, patch), result));
}

const refused: readonly [name: string, patch: unknown, message: RegExp][] = [
  ["an element without its key", containers({ image: "x" }), /does not contain declared merge key: name/],
  ["an unknown directive", podSpec({ $patch: "explode" }), /unknown patch type found: explode/],
  ["a $retainKeys that forgets a field of the patch", { spec: { strategy: { $retainKeys: [], type: "Recreate" } } }, /retainKeys/],
  [
    "an order that contradicts the list",
    podSpec({ "$setElementOrder/containers": [{ name: "b" }], containers: [{ name: "a" }] }),
    /order in patch list/,
  ],
  ["text for a patch", "x", /must be an object/],
];
for (const [name, patch, message] of refused) {
  test(`${name} is refused`, () =>
    assert.throws(() => apply(podSpec({ containers: [{ name: "a" }] }, { strategy: { type: "x" } }), patch), {
      name: "ApiError",
      code: 400,
      message,
    }));
}

test("long lists are merged without going through one for each element of the other", () => {
  const many = Array.from({ length: 50_000 }, (_, i) => ({ name: `c${i}` }));
  const order = many.toReversed();
  const merged = apply(
    containers(...many),
    podSpec({ "$setElementOrder/containers": order, containers: order.map((c) => ({ ...c, image: "i" })) }),
  );
  assert.deepEqual(merged.spec.template.spec.containers[0], { name: "c49999", image: "i" });
});

test("a patch for __proto__ changes no prototype", () => {
  const result = applyStrategicMerge(
    { metadata: {} },
    JSON.parse('{"metadata":{"labels":{"__proto__":"x"}},"__proto__":{"y":1}}'),
    schema,
  ) as any;
  assert.deepEqual(Object.keys(result.metadata.labels), ["__proto__"]);
  assert.equal(result.y, undefined);
});

// Objects and patches from a small vocabulary, so that keys meet often.
const optional = (fields: Record<string, fc.Arbitrary<unknown>>) => fc.record(fields, { requiredKeys: [] });
const word = fc.constantFrom("a", "b", "c");
const byName = (fields: Record<string, fc.Arbitrary<unknown>>, key = "name", keys: fc.Arbitrary<unknown> = word) =>
  fc.uniqueArray(fc.record({ [key]: keys, ...fields }, { requiredKeys: [key] }), { maxLength: 3, selector: (element) => element[key] });
const labels = fc.dictionary(word, word, { maxKeys: 2 });
const container = {
  image: word,
  args: fc.array(word, { maxLength: 2 }),
  env: byName({ value: word }),
  ports: byName({ name: word }, "containerPort", fc.constantFrom(80, 81)),
};
const deployment = (nullable: boolean) => {
  const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<unknown> => (nullable ? fc.option(value, { freq: 6, nil: null }) : value);
  return optional({
    metadata: optional({ labels: maybe(labels), finalizers: maybe(fc.uniqueArray(word, { maxLength: 3 })) }),
    spec: optional({
      replicas: maybe(fc.integer({ min: 0, max: 2 })),
      strategy: maybe(optional({ type: word })),
      template: optional({
        spec: optional({
          containers: byName(container),
          volumes: maybe(byName({ emptyDir: fc.constant({}) })),
          tolerations: maybe(fc.array(fc.record({ key: word }), { maxLength: 2 })),
          nodeSelector: maybe(labels),
        }),
      }),
    }),
  });
};

const kubectl = process.env.WINDLASS_TEST_KUBECTL;
if (kubectl) {
  test("API-57: patches give what kubectl makes of them", () => {
    const directory = mkdtempSync(join(tmpdir(), "windlass-merge-"));
    try {
      const documentsPerPatch = 8;
      const documents = fc.array(deployment(false), { minLength: documentsPerPatch, maxLength: documentsPerPatch });
      for (const [live, patch] of fc.sample(fc.tuple(documents, deployment(true)), { numRuns: 15, seed: 7 })) {
        const named = (live as any[]).map((document, i) => ({
          apiVersion: "apps/v1",
          kind: "Deployment",
          ...document,
          metadata: { ...document.metadata, name: `d${i}` },
        }));
        const file = join(directory, "objects.json");
        writeFileSync(file, named.map((document) => JSON.stringify(document)).join("\n"));
        const args = ["patch", "--local", "--type=strategic", "-f", file, "-o", "json", "-p", JSON.stringify(patch)];
        const theirs = JSON.parse(
          `[${execFileSync(kubectl, args, { encoding: "utf8" })
            .trim()
            .replace(/\}\n\{/g, "},{")}]`,
        );
        const tidy = (value: unknown) => {
          const { status: _, ...rest } = prune(schema, value) as any;
          return withoutEmptyObjects(rest);
        };
        for (const [i, document] of named.entries()) {
          assert.deepEqual(
            tidy(apply(document, patch)),
            tidy(theirs[i]),
            `document ${JSON.stringify(document)} patch ${JSON.stringify(patch)}`,
          );
        }
      }
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
}

/** kubectl prints some empty structs (`strategy`, `resources`) that were never given. */
function withoutEmptyObjects(value: any): any {
  if (Array.isArray(value)) return value.map(withoutEmptyObjects);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, inner]) => [key, withoutEmptyObjects(inner)] as const);
  return Object.fromEntries(
    entries.filter(([, inner]) => !(typeof inner === "object" && inner !== null && Object.keys(inner).length === 0)),
  );
}

test("API-71: a client-side apply brings the live object where the manifest wants it, and then has nothing to do", () => {
  fc.assert(
    fc.property(deployment(false), deployment(false), (first: any, second: any) => {
      const [original, modified] = [first, second].map((manifest) => ({
        ...manifest,
        metadata: { ...manifest.metadata, annotations: { own: "x" } },
      }));
      const live = apply(original, { metadata: { annotations: { injected: "x" } }, spec: { replicas: 9 } });
      const patched = apply(live, createStrategicMerge(original, modified, live, schema));
      assert.deepEqual(createStrategicMerge(modified, modified, patched, schema), {});
      assert.equal(patched.metadata.annotations.injected, "x");
    }),
  );
});

test("API-71: what the last manifest had and the new one has not is deleted; what others added stays", () => {
  const original = podSpec({ containers: [{ name: "a", image: "1", args: ["x"] }, { name: "old" }] }, { replicas: 2 });
  const modified = podSpec({ containers: [{ name: "a", image: "2" }] });
  const live = podSpec(
    { containers: [{ name: "a", image: "1", args: ["x"], tty: true }, { name: "old" }, { name: "sidecar" }] },
    { replicas: 5 },
  );
  const patch = createStrategicMerge(original, modified, live, schema);
  assert.deepEqual(patch, {
    spec: {
      replicas: null,
      template: {
        spec: {
          "$setElementOrder/containers": [{ name: "a" }],
          containers: [
            { name: "a", image: "2", args: null },
            { name: "old", $patch: "delete" },
          ],
        },
      },
    },
  });
  assert.deepEqual(apply(live, patch), podSpec({ containers: [{ name: "a", image: "2", tty: true }, { name: "sidecar" }] }));
});
