import assert from "node:assert/strict";
import { test } from "node:test";
import type { Release } from "../../release/records/release.ts";
import { historyTable } from "./history-table.ts";
import { whoSentence } from "./who.ts";

const release = (number: number, more: Partial<Release> = {}): Release => ({
  number,
  template: String(number).repeat(12),
  images: { app: `shop/web:v${number}` },
  configuration: [],
  startedMs: number * 1000,
  completedMs: number * 1000 + 500,
  outcome: "completed",
  ...more,
});

const whoCells = (releases: readonly Release[], wide: boolean): string[] => {
  const lines = historyTable(releases, releases, { nowMs: 60_000, wide }).trimEnd().split("\n");
  return lines.slice(1).map((line) =>
    line
      .split(/\s{2,}/)
      .slice(2, wide ? 4 : 3)
      .join(" | "),
  );
};

/** Who sent it; what the table says, what the wide table says, and what the details say. */
const rows: Record<string, [Partial<Release>, string, string, string]> = {
  "a user with a field manager": [{ user: "jane", manager: "kubectl-set" }, "jane", "jane | kubectl-set", "jane, with kubectl-set"],
  "a field manager alone": [{ manager: "kubectl-set" }, "kubectl-set", "kubectl-set | kubectl-set", "kubectl-set"],
  "a user alone": [{ user: "jane" }, "jane", "jane | <unknown>", "jane"],
  "nobody known": [{}, "<unknown>", "<unknown> | <unknown>", "<unknown>"],
  "a service account": [
    { user: "system:serviceaccount:ci:deployer", manager: "helm" },
    "sa:ci/deployer",
    "system:serviceaccount:ci:deployer | helm",
    "system:serviceaccount:ci:deployer, with helm",
  ],
  "a service account for somebody": [
    { user: "system:serviceaccount:ci:deployer", manager: "helm", onBehalfOf: "jane" },
    "sa:ci/deployer for jane",
    "system:serviceaccount:ci:deployer for jane | helm",
    "system:serviceaccount:ci:deployer for jane, with helm",
  ],
  "a user that somebody acted as": [
    { user: "jane", impersonatedBy: "admin", manager: "kubectl" },
    "jane",
    "jane (impersonated by admin) | kubectl",
    "jane (impersonated by admin), with kubectl",
  ],
  "the engine, because configuration changed": [
    { user: "system:windlass", manager: "windlass" },
    "windlass (automatic)",
    "system:windlass | windlass",
    "system:windlass, with windlass, automatic",
  ],
  "the engine, because somebody changed configuration": [
    { user: "system:windlass", manager: "windlass", onBehalfOf: "jane" },
    "windlass for jane",
    "system:windlass for jane | windlass",
    "system:windlass for jane, with windlass, automatic",
  ],
  "the controller of a cluster that tells of no users": [
    { manager: "windlass" },
    "windlass (automatic)",
    "windlass | windlass",
    "windlass, automatic",
  ],
  "a name that would steer the terminal": [
    { user: "ja\u001b[2Jne\nx", manager: "kubectl" },
    "jane x",
    "jane x | kubectl",
    "jane x, with kubectl",
  ],
  "a name that is too long for a cell": [
    { user: "somebody-with-a-long-name@shop.example", manager: "kubectl" },
    "somebody-with-a-long-name@s…",
    "somebody-with-a-long-name@shop.example | kubectl",
    "somebody-with-a-long-name@shop.example, with kubectl",
  ],
};

for (const [name, [facts, cell, wide, sentence]] of Object.entries(rows)) {
  test(`who: ${name}`, () => {
    assert.deepEqual(whoCells([release(1, facts)], false), [cell]);
    assert.deepEqual(whoCells([release(1, facts)], true), [wide]);
    assert.equal(whoSentence(release(1, facts), undefined), sentence);
  });
}

test("who: an automatic rollback is windlass's own on any cluster, and says which release it gave up", () => {
  const good = release(1, { user: "jane", manager: "kubectl" });
  const bad = release(2, { user: "bob", manager: "kubectl", outcome: "rolled back", rollback: { to: good.template } });
  const account = "system:serviceaccount:windlass-system:windlass-controller";
  const back = release(3, { template: good.template, user: account, manager: "windlass" });
  assert.deepEqual(whoCells([good, bad, back], false), ["jane", "bob", "windlass (automatic)"]);
  assert.equal(whoSentence(back, bad), `${account}, with windlass, automatic rollback from revision 2`);
  const byHand = release(3, { template: good.template, user: "bob", manager: "windlass-undo" });
  assert.deepEqual(whoCells([good, bad, byHand], false), ["jane", "bob", "bob"]);
});

test("asked for an image, it says from when until when the releases that ran it were the newest", () => {
  const releases = [release(1, { leftMs: 20_000 }), release(30)];
  const rows = (wide: boolean) =>
    historyTable(releases, releases, { nowMs: 60_000, wide, until: true })
      .trimEnd()
      .split("\n")
      .map((line) => line.split(/\s{2,}/).slice(0, 3));
  assert.deepEqual(rows(false), [
    ["REVISION", "WHEN", "UNTIL"],
    ["1", "59s ago", "40s ago"],
    ["30", "30s ago", "now"],
  ]);
  assert.deepEqual(rows(true).slice(1), [
    ["1", "1970-01-01T00:00:01Z", "1970-01-01T00:00:20Z"],
    ["30", "1970-01-01T00:00:30Z", "now"],
  ]);
});
