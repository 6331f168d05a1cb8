/**
 * What the official tests named "should support ... API operations" and "should run through the lifecycle of ..." have in common:
 * discovery, then every verb against a few objects, with a watch that must see each change.
 */
import assert from "node:assert/strict";
import type { Wire } from "./wire.ts";

export interface LifecycleOptions {
  /** "" for the core group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly namespace?: string;
  /** An object without name, labels and namespace; `index` runs from 0. */
  object(index: number): Record<string, any>;
  /** A change of the main resource that must stick, tried with PUT. Default: an annotation. */
  readonly change?: { make(object: any): void; holds(object: any): boolean };
  /** Conditions written through /status; absent: the kind has no such subresource. */
  readonly status?: { write: unknown; holds(object: any): boolean };
}

let runs = 0;

/** Every verb. Throws an assertion for the first that is not as a client expects it. */
export async function lifecycle(wire: Wire, options: LifecycleOptions): Promise<void> {
  const { group, version, plural, namespace } = options;
  const root = group === "" ? `/api/${version}` : `/apis/${group}/${version}`;
  await discoverable(wire, options, root);

  const run = `run-${++runs}`;
  const selector = `labelSelector=${encodeURIComponent(`conformance=${run}`)}`;
  const everywhere = `${root}/${plural}`;
  const collection = namespace ? `${root}/namespaces/${namespace}/${plural}` : everywhere;
  const make = (index: number) => {
    const object = options.object(index);
    return {
      ...object,
      metadata: {
        ...object.metadata,
        name: object.metadata?.name ?? `${run}-${index}`,
        labels: { ...object.metadata?.labels, conformance: run },
      },
    };
  };
  const from = (await wire.get(`${collection}?${selector}`)).metadata.resourceVersion;
  const watch = await wire.watch(`${collection}?${selector}&resourceVersion=${from}`);

  const created = [];
  for (const index of [0, 1, 2]) created.push(await wire.create(collection, make(index)));
  const [first, second, third] = created;
  const name = first.metadata.name;
  for (const object of created) {
    assert.ok(object.metadata.uid && object.metadata.resourceVersion && object.metadata.creationTimestamp);
    await watch.takeOf("ADDED", object.metadata.name);
  }
  await wire.refused(409, "POST", collection, make(0));
  assert.equal((await wire.get(`${collection}/${name}`)).metadata.uid, first.metadata.uid);
  const listed = await wire.get(`${collection}?${selector}`);
  assert.deepEqual(namesOf(listed), created.map((object) => object.metadata.name).sort());
  assert.equal(listed.kind, `${first.kind}List`);
  assert.deepEqual(namesOf(await wire.get(`${everywhere}?${selector}`)), namesOf(listed));
  assert.deepEqual(namesOf(await wire.get(`${everywhere}?${selector}&fieldSelector=metadata.name%3D${name}`)), [name]);

  const patched = await wire.patch(`${collection}/${name}`, "merge", { metadata: { annotations: { patched: "true" } } });
  assert.equal(patched.metadata.annotations.patched, "true");
  await watch.take("the patch", ({ type, object }) => type === "MODIFIED" && object.metadata.annotations?.patched === "true");
  const strategic = await wire.patch(`${collection}/${name}`, "strategic", { metadata: { labels: { more: "yes" } } });
  assert.deepEqual([strategic.metadata.labels.more, strategic.metadata.labels.conformance], ["yes", run]);
  await wire.patch(`${collection}/${name}`, "json", [{ op: "add", path: "/metadata/annotations/added", value: "x" }]);

  const change = options.change ?? {
    make: (object: any) => {
      object.metadata.annotations.updated = "true";
    },
    holds: (object: any) => object.metadata.annotations?.updated === "true",
  };
  const now = await wire.get(`${collection}/${name}`);
  const outdated = structuredClone(now);
  outdated.metadata.resourceVersion = first.metadata.resourceVersion;
  await wire.refused(409, "PUT", `${collection}/${name}`, outdated);
  change.make(now);
  assert.ok(change.holds(await wire.update(`${collection}/${name}`, now)), "the update's answer");
  await watch.take("the update", ({ type, object }) => type === "MODIFIED" && change.holds(object));

  if (options.status) await statusSticks(wire, `${collection}/${name}`, options.status);

  const applied = await wire.patch(`${collection}/${second.metadata.name}?fieldManager=conformance`, "apply", {
    apiVersion: first.apiVersion,
    kind: first.kind,
    metadata: { name: second.metadata.name, annotations: { applied: "yes" } },
  });
  assert.equal(applied.metadata.annotations.applied, "yes");

  await wire.remove(`${collection}/${name}`);
  await wire.gone(`${collection}/${name}`);
  await watch.takeOf("DELETED", name);
  await wire.remove(`${collection}?${selector}`);
  for (const object of [second, third]) await wire.gone(`${collection}/${object.metadata.name}`);
  assert.deepEqual((await wire.get(`${collection}?${selector}`)).items, []);
  watch.close();
}

const namesOf = (list: any): string[] => list.items.map((item: any) => item.metadata.name).sort();

async function discoverable(wire: Wire, { group, version, plural, status }: LifecycleOptions, root: string): Promise<void> {
  if (group !== "") {
    const groups = await wire.get("/apis");
    const found = groups.groups.find((each: any) => each.name === group);
    assert.ok(
      found?.versions.some((each: any) => each.version === version),
      `${group}/${version} in /apis`,
    );
    const one = await wire.get(`/apis/${group}`);
    assert.ok(
      one.versions.some((each: any) => each.version === version),
      `${version} in /apis/${group}`,
    );
  }
  const { resources } = await wire.get(root);
  assert.ok(
    resources.some((each: any) => each.name === plural),
    `${plural} in ${root}`,
  );
  if (status)
    assert.ok(
      resources.some((each: any) => each.name === `${plural}/status`),
      `${plural}/status in ${root}`,
    );
}

async function statusSticks(wire: Wire, path: string, { write, holds }: NonNullable<LifecycleOptions["status"]>): Promise<void> {
  const patched = await wire.patch(`${path}/status`, "merge", { metadata: { annotations: { patchedstatus: "true" } }, status: write });
  assert.ok(holds(patched), `the patch of /status sticks: ${JSON.stringify(patched.status)}`);
  assert.equal(patched.metadata.annotations.patchedstatus, "true", "annotations may come through /status");
  const now = await wire.get(`${path}/status`);
  now.metadata.annotations.updatedstatus = "true";
  now.status = { ...now.status, ...(write as object) };
  const updated = await wire.update(`${path}/status`, now);
  assert.ok(holds(updated) && updated.metadata.annotations.updatedstatus === "true", "the update of /status sticks");
  assert.ok(holds(await wire.get(path)), "what was written through /status shows in the object");
}
