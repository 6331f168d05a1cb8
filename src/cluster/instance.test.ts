import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { claimInstance, claimsDirectory, findInstance, releaseInstance } from "./instance.node.ts";

const top = mkdtempSync(join(tmpdir(), "windlass-claims-"));
after(() => rmSync(top, { recursive: true, force: true }));

const home = (name: string): string => {
  const path = join(top, name);
  mkdirSync(path, { recursive: true });
  return path;
};

test("each home has a number of its own, keeps it, and gives it back", () => {
  const claims = join(top, "each");
  const [a, b] = [claimInstance(home("a"), undefined, claims), claimInstance(home("b"), undefined, claims)];
  assert.deepEqual([a.number, b.number, claimInstance(home("a"), undefined, claims).number], [0, 1, 0]);
  assert.notEqual(a.serviceCidr, b.serviceCidr);
  releaseInstance(a);
  assert.equal(findInstance(home("a"), claims), undefined);
  assert.equal(claimInstance(home("c"), undefined, claims).number, 0);
  assert.deepEqual(readdirSync(claims).sort(), ["instance-0", "instance-1", "wl0", "wl1"], "nothing else is left lying about");
});

test("a home comes back to the number whose addresses its Services have, unless another holds it", () => {
  const claims = join(top, "back");
  assert.equal(claimInstance(home("a"), 3, claims).number, 3);
  assert.equal(claimInstance(home("b"), 3, claims).number, 0);
  assert.equal(claimInstance(home("c"), 99, claims).number, 1);
});

test("the claim of a home that is no more is taken over; one whose home is there is not", () => {
  const claims = join(top, "taken-over");
  claimInstance(home("a"), undefined, claims);
  claimInstance(home("gone"), undefined, claims);
  rmSync(home("gone"), { recursive: true });
  assert.equal(claimInstance(home("b"), undefined, claims).number, 1);
  assert.equal(findInstance(home("a"), claims)?.number, 0);
});

test("a folder of claims that others can write to is refused", () => {
  const claims = join(top, "open");
  mkdirSync(claims);
  chmodSync(claims, 0o777);
  assert.throws(() => claimInstance(home("a"), undefined, claims), /nobody else can write/);
  const file = join(top, "file");
  writeFileSync(file, "");
  assert.throws(() => claimInstance(home("a"), undefined, file));
});

test("who is not root keeps claims in a folder of their own", () => {
  const isRoot = process.getuid?.() === 0;
  assert.equal(claimsDirectory() === "/run/windlass", isRoot);
});
