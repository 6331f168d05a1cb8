import assert from "node:assert/strict";
import { test } from "node:test";
import { calmLog } from "./calm-log.ts";
import { type Log, silentLog } from "./log.ts";
import { settle } from "./settle.node.ts";
import { VirtualClock } from "./virtual-clock.ts";

test("the same trouble is told once a minute, with how often it was met; other things are told as they come", async () => {
  const clock = new VirtualClock(settle);
  const lines: string[] = [];
  const write =
    (level: string): Log["warn"] =>
    (message, fields = {}) =>
      void lines.push([level, message, ...Object.entries(fields).map(([key, value]) => `${key}=${value}`)].join(" "));
  const log = calmLog({ ...silentLog, info: write("info"), warn: write("warn"), error: write("error") }, clock);
  for (let second = 0; second < 61; second++) {
    log.warn(second % 2 === 0 ? "watching pods failed" : "watching secrets failed", { error: "refused" });
    if (second === 3) log.warn("watching pods failed", { error: "forbidden" });
    if (second < 2) log.info("stopping");
    if (second < 2) log.error("gave up");
    await clock.advance(1000);
  }
  assert.deepEqual(lines, [
    "warn watching pods failed error=refused",
    "info stopping",
    "error gave up",
    "info stopping",
    "warn watching pods failed error=forbidden",
    "warn watching pods failed error=refused times=60",
  ]);
});
