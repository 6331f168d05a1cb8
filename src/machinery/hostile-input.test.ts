import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ApiError } from "../api/errors.ts";
import { parseJson } from "../api/schema/json.ts";
import { shape } from "../api/schema/shape.ts";
import { serverSideApply, trackUpdate } from "./apply.ts";
import { deepCopy, deepFreeze } from "./freeze.ts";
import { applyJsonPatch } from "./json-patch.ts";
import { applyMergePatch } from "./merge-patch.ts";
import { parseLabelSelector } from "./selectors.ts";
import { applyStrategicMerge } from "./strategic-merge.ts";

const schema = "apps.v1.Deployment";

/** JSON whose keys are those that mean something somewhere, in places where they mean nothing. */
const words = [
  ...[
    "metadata",
    "spec",
    "template",
    "containers",
    "name",
    "ports",
    "containerPort",
    "labels",
    "finalizers",
    "strategy",
    "type",
    "replicas",
  ],
  ...[
    "__proto__",
    "constructor",
    "toString",
    "$patch",
    "$retainKeys",
    "$setElementOrder/containers",
    "$deleteFromPrimitiveList/finalizers",
  ],
];
const { value: anything } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 6, depthSize: "medium" },
    fc.constantFrom(null, true, 0, -1, 1.5, "", "delete", "replace", "merge", "a", "80"),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...words), tie("value"), { maxKeys: 4 }),
  ),
}));
/** As it would come off the wire: `__proto__` is a key of its own. */
const wire = anything.map((value) => JSON.parse(stringify(value)));

function stringify(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(stringify).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  return `{${Object.entries(value)
    .map(([key, inner]) => `${JSON.stringify(key)}:${stringify(inner)}`)
    .join(",")}}`;
}

/** Runs something that may refuse its input, but only as the API refuses things. */
function refusesPolitely<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch (error) {
    assert.ok(error instanceof ApiError, String((error as Error).stack));
    assert.ok(error.code >= 400 && error.code < 500, `${error.code} ${error.message}`);
    return undefined;
  }
}

const unspoilt = () => {
  assert.deepEqual(Object.keys(Object.prototype), []);
  assert.equal(({} as any).metadata, undefined);
};

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null && !Array.isArray(value);

test("whatever is patched with whatever, the answer is a document or a polite refusal, and nothing else changes", () => {
  fc.assert(
    fc.property(wire, wire, (document, patch) => {
      const before = stringify(document);
      deepFreeze(document);
      deepFreeze(patch);
      refusesPolitely(() => applyStrategicMerge(document, patch, schema));
      refusesPolitely(() => applyMergePatch(document, patch));
      refusesPolitely(() => applyJsonPatch(document, patch));
      assert.equal(stringify(document), before);
      unspoilt();
    }),
    { numRuns: 500 },
  );
});

test("any body is shaped into something that needs no more shaping", () => {
  fc.assert(
    fc.property(wire, (value) => {
      const { value: shaped, typeErrors } = shape(schema, deepFreeze(value));
      unspoilt();
      if (typeErrors.length > 0 || !isObject(shaped)) return;
      const again = shape(schema, shaped);
      assert.deepEqual([again.value, again.unknown, again.typeErrors], [shaped, [], []]);
    }),
    { numRuns: 500 },
  );
});

test("ownership is kept of any object that has the right shape", () => {
  fc.assert(
    fc.property(wire, wire, wire, (first, second, third) => {
      const objects = [first, second, third].map((value) => {
        const { value: shaped, typeErrors } = shape(schema, value);
        const usable = typeErrors.length === 0 && isObject(shaped) ? (shaped as any) : {};
        delete usable.metadata?.managedFields;
        return { ...usable, apiVersion: "apps/v1", kind: "Deployment", metadata: { ...usable.metadata, name: "x" } };
      });
      const created = deepCopy(objects[0]);
      trackUpdate({ live: undefined, updated: created, schema, manager: "a", now: 0 });
      const applied = serverSideApply({ live: deepFreeze(created), applied: objects[1], schema, manager: "b", force: true, now: 0 });
      const updated = { ...deepCopy(objects[2]), metadata: { ...objects[2].metadata, managedFields: applied.metadata.managedFields } };
      trackUpdate({ live: deepFreeze(applied), updated, schema, manager: "c", now: 0 });
      unspoilt();
    }),
    { numRuns: 300 },
  );
});

test("any text is a selector or politely none", () => {
  const pieces = fc.constantFrom("a", "in", "notin", "(", ")", ",", "=", "!", "==", "!=", ">", "<", " ", "1", "x/y", "é", "\n");
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 8 }), (parts) => {
      const selector = refusesPolitely(() => parseLabelSelector(parts.join("")));
      if (selector) assert.equal(parseLabelSelector(selector.toString()).toString(), selector.toString());
    }),
    { numRuns: 500 },
  );
});

test("any bytes are JSON or politely none, with the same duplicates found by either way of looking", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array({ maxLength: 20 }),
        wire.map((value) => new TextEncoder().encode(stringify(value))),
      ),
      (bytes) => {
        refusesPolitely(() => assert.deepEqual(parseJson(bytes, { findDuplicates: true }).duplicates, []));
      },
    ),
    { numRuns: 500 },
  );
});
