import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ApiError } from "../api/errors.ts";
import type { AnyObject } from "../api/meta/object.ts";
import { serverSideApply, trackUpdate } from "./apply.ts";
import { deepCopy, deepFreeze } from "./freeze.ts";

const schema = "apps.v1.Deployment";
const noon = Date.parse("2026-01-01T12:00:00Z");
const at = (minutes: number) => noon + minutes * 60_000;

const deployment = (spec: object, metadata: object = {}): AnyObject => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web", ...metadata },
  ...(Object.keys(spec).length > 0 && { spec }),
});
const template = (...containers: object[]) => ({ template: { spec: { containers } } });

interface Options {
  readonly force?: boolean;
  readonly now?: number;
  readonly subresource?: string;
  readonly resetFields?: readonly string[];
}
const apply = (live: AnyObject | undefined, applied: AnyObject, manager: string, options: Options = {}): AnyObject =>
  deepFreeze(serverSideApply({ live, applied: deepFreeze(applied), schema, manager, force: false, now: noon, ...options }));

/** What a plain write of the object gives, with the managed fields it leaves behind. */
const update = (live: AnyObject | undefined, change: (object: AnyObject) => void, manager: string, options: Options = {}): AnyObject => {
  const updated = deepCopy(live ?? { ...deployment({}), spec: {} });
  change(updated);
  trackUpdate({ live, updated, schema, manager, now: noon, ...options });
  return deepFreeze(updated);
};
const owned = (object: AnyObject, manager: string, operation?: string): any =>
  object.metadata.managedFields?.find((entry) => entry.manager === manager && (!operation || entry.operation === operation))?.fieldsV1;
const withoutEntries = ({ metadata: { managedFields: _, ...metadata }, ...rest }: AnyObject) => ({ ...rest, metadata });
const conflictOf = (act: () => unknown): ApiError => {
  try {
    act();
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
  return assert.fail("no conflict");
};

test("API-69: an apply that creates owns what the manifest spells out, and nothing else", () => {
  const created = apply(
    undefined,
    deployment({ replicas: 2, ...template({ name: "c", image: "i", ports: [{ containerPort: 80 }] }) }, { labels: { app: "web" } }),
    "kubectl",
  );
  assert.deepEqual(created.metadata.managedFields, [
    {
      manager: "kubectl",
      operation: "Apply",
      apiVersion: "apps/v1",
      time: "2026-01-01T12:00:00Z",
      fieldsType: "FieldsV1",
      fieldsV1: {
        "f:metadata": { "f:labels": { "f:app": {} } },
        "f:spec": {
          "f:replicas": {},
          "f:template": {
            "f:spec": {
              "f:containers": {
                'k:{"name":"c"}': {
                  ".": {},
                  "f:image": {},
                  "f:name": {},
                  "f:ports": { 'k:{"containerPort":80,"protocol":"TCP"}': { ".": {}, "f:containerPort": {} } },
                },
              },
            },
          },
        },
      },
    },
  ]);
});

test("API-69: an update owns what it adds, containers included", () => {
  const created = update(
    undefined,
    (o) => Object.assign(o, deployment({ selector: { matchLabels: { a: "b" } }, ...template({ name: "c" }) }, { labels: { a: "b" } })),
    "m",
  );
  assert.deepEqual(owned(created, "m"), {
    "f:metadata": { "f:labels": { ".": {}, "f:a": {} } },
    "f:spec": { "f:selector": {}, "f:template": { "f:spec": { "f:containers": { 'k:{"name":"c"}': { ".": {}, "f:name": {} } } } } },
  });
});

test("API-70: another value for a field of another manager is a conflict, told in the API's words", () => {
  const live = update(undefined, (o) => Object.assign(o.spec, { replicas: 1 }), "kubectl-client-side-apply");
  const error = conflictOf(() => apply(live, deployment({ replicas: 2 }), "kubectl"));
  assert.equal(error.code, 409);
  assert.equal(error.message, 'Apply failed with 1 conflict: conflict with "kubectl-client-side-apply" using apps/v1: .spec.replicas');
  assert.deepEqual(error.status.details?.causes, [
    { reason: "FieldManagerConflict", message: 'conflict with "kubectl-client-side-apply" using apps/v1', field: ".spec.replicas" },
  ]);
});

test("API-70: several conflicts are listed by manager, sorted", () => {
  const first = apply(undefined, deployment({ paused: true, ...template({ name: "c", image: "1" }) }), "zoe");
  const live = update(first, (o) => (o.spec.replicas = 1), "adam", { subresource: "scale" });
  const error = conflictOf(() => apply(live, deployment({ replicas: 2, paused: false, ...template({ name: "c", image: "2" }) }), "eve"));
  assert.equal(
    error.message,
    [
      'Apply failed with 3 conflicts: conflicts with "adam" with subresource "scale" using apps/v1:',
      "- .spec.replicas",
      'conflicts with "zoe":',
      "- .spec.paused",
      '- .spec.template.spec.containers[name="c"].image',
    ].join("\n"),
  );
});

test("API-70: force takes the field and its former owner loses it", () => {
  const live = apply(undefined, deployment({ replicas: 1, paused: true }), "a");
  const forced = apply(live, deployment({ replicas: 2 }), "b", { force: true });
  assert.equal(forced.spec.replicas, 2);
  assert.deepEqual(owned(forced, "a"), { "f:spec": { "f:paused": {} } });
  assert.deepEqual(owned(forced, "b"), { "f:spec": { "f:replicas": {} } });
});

test("API-70: equal values are shared, and survive until the last owner lets go", () => {
  const one = apply(undefined, deployment({ replicas: 2 }), "a");
  const two = apply(one, deployment({ replicas: 2, paused: true }), "b");
  const three = apply(two, deployment({}), "a");
  assert.equal(three.spec.replicas, 2);
  assert.equal(owned(three, "a")?.["f:spec"]?.["f:replicas"], undefined);
  assert.equal(apply(three, deployment({ paused: true }), "b").spec.replicas, undefined);
});

test("API-70: fields that the manager stops sending go, those of others stay", () => {
  const one = apply(undefined, deployment({ ...template({ name: "c", image: "i", args: ["x"] }, { name: "d" }), minReadySeconds: 1 }), "a");
  const live = update(
    one,
    (o) => {
      o.spec.template.spec.containers.push({ name: "injected" });
      o.spec.template.spec.dnsPolicy = "Default";
    },
    "injector",
  );
  const next = apply(live, deployment(template({ name: "c", image: "i" })), "a");
  assert.deepEqual(next.spec, {
    template: { spec: { containers: [{ name: "c", image: "i" }, { name: "injected" }], dnsPolicy: "Default" } },
  });
});

test("an element that somebody else still owns a part of keeps its key", () => {
  const one = apply(undefined, deployment(template({ name: "c", image: "i", tty: true }, { name: "d" })), "a");
  const live = update(one, (o) => (o.spec.template.spec.containers[0].image = "j"), "setter");
  const next = apply(live, deployment(template({ name: "d" })), "a");
  assert.deepEqual(next.spec.template.spec.containers, [{ name: "c", image: "j" }, { name: "d" }]);
});

test("finalizers are a set: each manager owns its own", () => {
  const one = apply(undefined, deployment({}, { finalizers: ["x/a"] }), "a");
  const two = apply(one, deployment({}, { finalizers: ["x/b"] }), "b");
  assert.deepEqual(two.metadata.finalizers, ["x/a", "x/b"]);
  assert.deepEqual(owned(two, "b"), { "f:metadata": { "f:finalizers": { 'v:"x/b"': {} } } });
  assert.deepEqual(apply(two, deployment({}), "a").metadata.finalizers, ["x/b"]);
});

test("atomic values change hands whole", () => {
  const one = apply(undefined, deployment({ selector: { matchLabels: { a: "1" } } }), "a");
  assert.equal(
    conflictOf(() => apply(one, deployment({ selector: { matchLabels: { b: "1" } } }), "b")).message,
    'Apply failed with 1 conflict: conflict with "a": .spec.selector',
  );
});

test("API-55: an apply that changes nothing leaves even the time alone", () => {
  const one = apply(undefined, deployment({ replicas: 2 }), "a");
  assert.deepEqual(apply(one, deployment({ replicas: 2 }), "a", { now: at(5) }), one);
  assert.equal(apply(one, deployment({ replicas: 3 }), "a", { now: at(5) }).metadata.managedFields?.[0]?.time, "2026-01-01T12:05:00Z");
});

test("applied order wins, and live elements keep their place before what follows them", () => {
  const live = update(undefined, (o) => Object.assign(o.spec, template({ name: "x" }, { name: "a" }, { name: "y" }, { name: "b" })), "m");
  const next = apply(live, deployment(template({ name: "b" }, { name: "a" }, { name: "c" })), "k");
  assert.deepEqual(
    next.spec.template.spec.containers.map((c: any) => c.name),
    ["x", "b", "a", "y", "c"],
  );
});

test("status is not reached through the main resource, nor spec through /status", () => {
  const both = { ...deployment({ replicas: 1 }), status: { replicas: 1 } };
  const main = apply(undefined, both, "a", { resetFields: ["status"] });
  assert.equal(main.status, undefined);
  const status = apply(main, { ...both, spec: { replicas: 5 } }, "b", { subresource: "status" });
  assert.deepEqual([status.spec.replicas, status.status.replicas], [1, 1]);
  assert.deepEqual(owned(status, "b"), { "f:status": { "f:replicas": {} } });
});

test("a manifest with managedFields of its own is refused", () => {
  assert.throws(() => apply(undefined, deployment({}, { managedFields: [{ manager: "x" }] }), "a"), /metadata.managedFields must be nil/);
});

test("an update takes what it changes, and nobody owns what it removes", () => {
  const one = apply(undefined, deployment({ replicas: 2, paused: true, ...template({ name: "c", image: "1" }) }), "a");
  const two = update(
    one,
    (o) => {
      o.spec.replicas = 3;
      delete o.spec.paused;
      delete o.spec.template;
    },
    "b",
  );
  assert.equal(owned(two, "a"), undefined);
  assert.deepEqual(owned(two, "b"), { "f:spec": { "f:replicas": {} } });
});

test("API-55: an update that changes nothing, or only who is named, keeps the entries", () => {
  const one = update(undefined, (o) => (o.spec.replicas = 1), "a");
  const same = update(one, () => {}, "b", { now: at(9) });
  assert.equal(same.metadata.managedFields, one.metadata.managedFields);
  const again = update(one, (o) => (o.spec.replicas = 2), "a", { now: at(9) });
  assert.deepEqual(again.metadata.managedFields, one.metadata.managedFields, "the set is the same, so is the time");
});

test("objects whose owner owns the same fields share the record of it, and others do not", () => {
  const set = (name: string) =>
    owned(
      update(undefined, (o) => Object.assign(o.spec, template({ name })), "m"),
      "m",
    );
  assert.equal(set("c"), set("c"));
  assert.notDeepEqual(set("c"), set("d"));
});

test("metadata that the server keeps is never owned", () => {
  const one = update(
    deployment({}),
    (o) =>
      Object.assign(o.metadata, {
        uid: "u",
        generation: 1,
        creationTimestamp: "2026-01-01T00:00:00Z",
        resourceVersion: "1",
        namespace: "n",
      }),
    "a",
  );
  assert.equal(one.metadata.managedFields, undefined);
});

test("a client may reset or edit the entries, though not through a subresource", () => {
  const one = update(apply(undefined, deployment({ replicas: 1 }), "a"), (o) => (o.spec.paused = true), "b");
  for (const reset of [[], [{}]]) {
    assert.equal(update(one, (o) => (o.metadata.managedFields = reset), "c").metadata.managedFields, undefined);
  }
  assert.deepEqual(update(one, (o) => delete o.metadata.managedFields, "c").metadata.managedFields, one.metadata.managedFields);
  const edited = update(one, (o) => o.metadata.managedFields?.shift(), "c");
  assert.deepEqual(
    edited.metadata.managedFields?.map((entry) => entry.manager),
    ["b"],
  );
  assert.deepEqual(
    update(one, (o) => o.metadata.managedFields?.shift(), "c", { subresource: "status" }).metadata.managedFields,
    one.metadata.managedFields,
  );
});

test("entries of hostile clients are read as nothing rather than believed", () => {
  const one = update(undefined, (o) => (o.spec.replicas = 1), "a");
  for (const fieldsV1 of ["x", { "k:{": {} }, { "f:spec": 1 }, JSON.parse('{"__proto__":{}}'), { "f:a": null }]) {
    const next = update(
      one,
      (o) => (o.metadata.managedFields = [{ manager: "evil", operation: "Update", apiVersion: "v1", fieldsV1 }]),
      "a",
    );
    assert.deepEqual(next.metadata.managedFields, one.metadata.managedFields);
  }
});

test("more than ten managers that updated are folded into one, the oldest first", () => {
  let live = deployment({});
  for (let i = 0; i < 14; i++) {
    live = update(live, (o) => (o.metadata.annotations = { ...o.metadata.annotations, [`a${i}`]: "x" }), `m${i}`, { now: at(i) });
  }
  const managers = live.metadata.managedFields?.map((entry) => entry.manager);
  assert.deepEqual(managers, ["ancient-changes", ...[5, 6, 7, 8, 9, 10, 11, 12, 13].map((i) => `m${i}`)]);
  const folded = owned(live, "ancient-changes")["f:metadata"]["f:annotations"];
  assert.deepEqual(Object.keys(folded), [".", "f:a0", "f:a1", "f:a2", "f:a3", "f:a4"]);
});

test("kinds that no table has: objects field by field, lists whole", () => {
  const widget = (spec: object): AnyObject => ({ apiVersion: "example.com/v1", kind: "Widget", metadata: { name: "w" }, spec });
  const free = { schema: "example.com.Widget", now: noon, force: false };
  const one = serverSideApply({ ...free, live: undefined, applied: widget({ list: [1], a: { b: 1 } }), manager: "a" });
  assert.deepEqual(owned(one, "a"), { "f:spec": { "f:list": {}, "f:a": { "f:b": {} } } });
  assert.throws(() => serverSideApply({ ...free, live: one, applied: widget({ list: [2] }), manager: "b" }), /1 conflict.*\.spec\.list/);
});

// Whatever managers do, what they apply is what they get, and what nobody applies any more is gone.
const word = fc.constantFrom("a", "b", "c");
const manifest = fc.record(
  {
    replicas: fc.integer({ min: 1, max: 2 }),
    selector: fc.record({ matchLabels: fc.dictionary(word, word, { minKeys: 1, maxKeys: 2 }) }),
    template: fc.record({
      metadata: fc.record({ labels: fc.dictionary(word, word, { maxKeys: 2 }) }),
      spec: fc.record({
        containers: fc.uniqueArray(fc.record({ name: word, image: word }, { requiredKeys: ["name"] }), {
          selector: (c) => c.name,
          minLength: 1,
          maxLength: 3,
        }),
      }),
    }),
  },
  { requiredKeys: [] },
);

function withoutEmpty(value: any): any {
  if (Array.isArray(value)) return value.map(withoutEmpty);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, inner]) => [key, withoutEmpty(inner)] as const);
  return Object.fromEntries(entries.filter(([, inner]) => !(typeof inner === "object" && Object.keys(inner).length === 0)));
}

test("one manager applying one manifest after another always ends with the last one", () => {
  fc.assert(
    fc.property(fc.array(manifest, { minLength: 1, maxLength: 4 }), (manifests) => {
      let live: AnyObject | undefined;
      for (const spec of manifests) live = apply(live, deployment(spec), "a");
      const last = apply(undefined, deployment(manifests.at(-1) as object), "a");
      const tidy = (object: AnyObject) => withoutEmpty(withoutEntries(object));
      assert.deepEqual(tidy(live as AnyObject), tidy(last));
    }),
  );
});

test("a forced apply gives every field the value it asks for, whoever had it", () => {
  fc.assert(
    fc.property(manifest, manifest, manifest, (one, two, three) => {
      const live = apply(apply(undefined, deployment(one), "a"), deployment(two), "b", { force: true });
      const forced = apply(live, deployment(three), "a", { force: true });
      assert.deepEqual(apply(forced, deployment(three), "a"), forced, "a second apply conflicts with nobody and changes nothing");
    }),
  );
});
