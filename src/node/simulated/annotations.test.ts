import assert from "node:assert/strict";
import { test } from "node:test";
import { addressRange } from "./address-range.ts";
import { behaviourOf, defaultBehaviour } from "./annotations.ts";

const told = (entries: Record<string, string>, container = "app") =>
  behaviourOf(
    Object.fromEntries(Object.entries(entries).map(([key, value]) => [`simulated.windlass.dev/${key}`, value])),
    container,
    defaultBehaviour,
  );

test("the container's own annotation goes before the Pod's, and both before the node's", () => {
  assert.equal(behaviourOf({ other: "1" }, "app", defaultBehaviour), defaultBehaviour);
  assert.equal(told({ "start-ms": "5", "start-ms.app": "7" }).startMs, 7);
  assert.equal(told({ "start-ms": "5", "start-ms.app": "7" }, "proxy").startMs, 5);
});

test("a crash ends with 1 after a second unless told otherwise; `never` is forever; nonsense is passed over", () => {
  const crash = told({ fail: "crash" });
  assert.deepEqual([crash.exitAfterMs, crash.exitCode], [1000, 1]);
  assert.equal(told({ fail: "crash", "exit-code": "9" }).exitCode, 9);
  assert.equal(told({ "stop-ms": "never" }).stopMs, Number.POSITIVE_INFINITY);
  assert.equal(told({ "exit-after-ms": "never" }).exitAfterMs, undefined);
  assert.equal(told({ "start-ms": "soon", fail: "badly", "ready-after-ms": "-3" }).startMs, 0);
});

test("addresses come round only when the range is used up, and none twice", () => {
  const range = addressRange("10.1.2.0/29");
  const taken = [range.take(), range.take()];
  assert.deepEqual(taken, ["10.1.2.2", "10.1.2.3"]);
  range.give("10.1.2.2");
  range.claim("10.1.2.4");
  assert.deepEqual([range.take(), range.take(), range.take(), range.take()], ["10.1.2.5", "10.1.2.6", "10.1.2.2", undefined]);
  assert.throws(() => addressRange("10.1.2.0"), /not an IPv4 address range/);
});
