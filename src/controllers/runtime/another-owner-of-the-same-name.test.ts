// What an owner had asked for stood in the way of another one of its name, which then made no Pods until something else changed.
import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "../../base/virtual-clock.ts";
import { Expectations } from "./expectations.ts";

const owner = (uid: string) => ({ apiVersion: "apps/v1", kind: "ReplicaSet", metadata: { name: "web", namespace: "default", uid } });

test("RS-3: an owner that is made anew under the name of another waits for nothing that the other asked for", () => {
  const expectations = new Expectations(new VirtualClock(async () => {}));
  expectations.expect("first", { creations: 1 });
  assert.equal(expectations.satisfied("first"), false);
  assert.equal(expectations.satisfied("second"), true);
  expectations.forgetsGone({ type: "deleted", object: owner("first") });
  assert.equal(expectations.waitMs("first"), undefined);
});

test("RS-3: who waits for what never comes looks again after the longest watch", async () => {
  const clock = new VirtualClock(async () => {});
  const expectations = new Expectations(clock);
  expectations.expect("web", { creations: 1 });
  await clock.advance(400_000);
  assert.equal(expectations.satisfied("web"), true);
  assert.equal(expectations.waitMs("web"), 500_000);
  expectations.creationSeen("web");
  assert.equal(expectations.waitMs("web"), undefined);
});
