import assert from "node:assert/strict";
import { test } from "node:test";
import { bounded, decodeHistory, encodeHistory, withText } from "./history-object.ts";
import { emptyHistory, type Release, type ReleaseHistory } from "./release.ts";

/** What a ConfigMap may hold, names of its entries included. */
const configMapMaxBytes = 1024 * 1024;

const web = { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "web", namespace: "shop", uid: "u1" } };

const release = (number: number, more: Partial<Release> = {}): Release => ({
  number,
  template: `template-${number}`,
  images: { app: `web:${number}` },
  configuration: [{ kind: "ConfigMap", name: "settings", digest: `content-${number}` }],
  startedMs: number * 1000,
  outcome: "completed",
  ...more,
});

/** Releases with a template and a content each. */
function historyOf(releases: readonly Release[], contentOf: (number: number) => string): ReleaseHistory {
  let history: ReleaseHistory = { ...emptyHistory, releases };
  for (const { number, template } of releases) {
    history = withText(history, template, `{"n":${number}}`);
    history = withText(history, `content-${number}`, contentOf(number));
  }
  return history;
}

const bytesOf = (history: ReleaseHistory): number =>
  Object.entries(encodeHistory(web, history).data ?? {}).reduce(
    (sum, [key, text]) => sum + new TextEncoder().encode(key).length + new TextEncoder().encode(text).length,
    0,
  );

const numbers = ({ releases }: ReleaseHistory): number[] => releases.map(({ number }) => number);

test("contents in scripts that need three bytes a character still fit a ConfigMap; the oldest give way, templates stay", () => {
  const all = historyOf(
    Array.from({ length: 10 }, (_, index) => release(index + 1)),
    (number) => `${number}${"色".repeat(80_000)}`,
  );
  const kept = bounded(all, 20);
  assert.ok(bytesOf(kept) < configMapMaxBytes, `${bytesOf(kept)} bytes`);
  assert.equal(kept.releases.length, 10);
  for (const { template } of kept.releases) assert.ok(kept.texts[template]);
  const contents = kept.releases.filter(({ number }) => kept.texts[`content-${number}`]).map(({ number }) => number);
  assert.deepEqual(contents, [8, 9, 10]);
  assert.equal(bounded(kept, 20), kept, "and that is the end of it");
});

test("a list that is too long for itself loses its oldest releases, but never the newest nor the last that was proven good", () => {
  const long = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`container-${index}`, "registry.example/".repeat(20)]));
  const releases = Array.from({ length: 10 }, (_, index) => release(index + 1, { images: long, ...(index === 1 && { provenMs: 5000 }) }));
  const kept = bounded(
    historyOf(releases, () => "{}"),
    20,
  );
  assert.ok(bytesOf(kept) < configMapMaxBytes, `${bytesOf(kept)} bytes`);
  assert.deepEqual([numbers(kept).at(0), numbers(kept).at(-1)], [2, 10]);
  assert.ok(kept.releases.length < 10);
  assert.equal(bounded(kept, 20).releases, kept.releases);
});

test("of more releases than are kept the newest stay, and the last that was proven good", () => {
  const releases = Array.from({ length: 8 }, (_, index) => release(index + 1, index === 2 ? { provenMs: 5000 } : {}));
  const kept = bounded(
    historyOf(releases, () => "{}"),
    3,
  );
  assert.deepEqual(numbers(kept), [3, 6, 7, 8]);
  assert.deepEqual(Object.keys(kept.texts).sort(), [3, 6, 7, 8].flatMap((n) => [`content-${n}`, `template-${n}`]).sort());
});

test("what is written is read again, users included; what somebody spoiled is as if it were not there", () => {
  const history = historyOf([release(1, { user: "jane", impersonatedBy: "admin", onBehalfOf: "ann", manager: "kubectl" })], () => "{}");
  assert.deepEqual(decodeHistory(encodeHistory(web, history)), history);
  for (const releases of ["[", "{}", "[1]", '[{"number":"x"}]']) {
    assert.deepEqual(decodeHistory({ apiVersion: "v1", kind: "ConfigMap", metadata: {}, data: { releases } }).releases, []);
  }
  const releases = '[{"number":1,"template":"t","started":"2026-01-01T00:00:00Z","user":5,"reason":null}]';
  const [read] = decodeHistory({ apiVersion: "v1", kind: "ConfigMap", metadata: {}, data: { releases } }).releases;
  assert.deepEqual([read?.number, read?.user, read?.reason], [1, undefined, undefined]);
});
