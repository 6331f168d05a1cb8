import assert from "node:assert/strict";
import { test } from "node:test";
import { defineKind } from "../api/kind.ts";
import { context, deployment, deployments, inDefault, pod, pods, startApi } from "./core/fixture.suite.ts";
import { renderTable, tableColumns } from "./table.ts";

test("TAB-1, TAB-2: every column is defined and every cell filled", async () => {
  const { api, clock } = await startApi();
  await api.create(deployments, "default", deployment("web"), context);
  await clock.advance(90_000);
  const { object } = await api.get(deployments, inDefault("web"));
  const table = renderTable(deployments, [object], { now: clock.now() });
  assert.deepEqual(
    [table.kind, table.apiVersion, table.metadata.resourceVersion],
    ["Table", "meta.k8s.io/v1", object.metadata.resourceVersion],
  );
  assert.deepEqual(
    table.columnDefinitions.map(({ name, priority }) => [name, priority]),
    [
      ["Name", 0],
      ["Ready", 0],
      ["Up-to-date", 0],
      ["Available", 0],
      ["Age", 0],
      ["Containers", 1],
      ["Images", 1],
      ["Selector", 1],
    ],
  );
  assert.deepEqual(table.rows[0]?.cells, ["web", "0/3", 0, 0, "90s", "app", "web:v1", "app=web"]);
});

test("TAB-3: a row carries metadata, the object or nothing", async () => {
  const { api, clock } = await startApi();
  const { object } = await api.create(pods, "default", pod("a"), context);
  const rowWith = (includeObject?: "None" | "Metadata" | "Object") =>
    renderTable(pods, [object], { now: clock.now(), ...(includeObject && { includeObject }) }).rows[0];
  assert.deepEqual(rowWith()?.object, { kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1", metadata: object.metadata });
  assert.equal(rowWith("Object")?.object, object);
  assert.equal(rowWith("None")?.object, undefined);
});

test("TAB-4: a kind without columns shows name and creation", () => {
  const plain = defineKind({
    group: "example.com",
    version: "v1",
    kind: "Thing",
    plural: "things",
    scope: "Cluster",
    schema: "example.v1.Thing",
  });
  assert.deepEqual(
    tableColumns(plain).map(({ name, type }) => [name, type]),
    [
      ["Name", "string"],
      ["Created At", "date"],
    ],
  );
  const thing = { apiVersion: "example.com/v1", kind: "Thing", metadata: { name: "a", creationTimestamp: "2024-01-01T00:00:00Z" } };
  assert.deepEqual(renderTable(plain, [thing], { now: 0 }).rows[0]?.cells, ["a", "2024-01-01T00:00:00Z"]);
});

test("TAB-5: later events of a watch come without column definitions", () => {
  assert.deepEqual(renderTable(pods, [], { now: 0, withoutColumns: true }).columnDefinitions, []);
});
