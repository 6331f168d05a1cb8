/** What is read beside a workload: little, in bounds, and never a reason to fail. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { forbiddenPath } from "../../api/errors.ts";
import type { Client } from "../../client/client.ts";
import { sampleDeployment } from "../samples.suite.ts";
import { logKey } from "./explanation.ts";
import { gather, type LogRequest, logTail } from "./gather.ts";

const refusing = { list: () => Promise.reject(forbiddenPath("no")), get: () => Promise.reject(forbiddenPath("no")) } as unknown as Client;
const crashing = (name: string) => ({
  name,
  status: { restartCount: 1, state: { waiting: { reason: "CrashLoopBackOff" } }, lastState: { terminated: { exitCode: 1 } } },
});

test("the end of a log: so many lines, none too long, nothing that moves a cursor", () => {
  assert.deepEqual(logTail("", 3), { lines: [], cut: false });
  assert.deepEqual(logTail("a\r\nb\n\n", 3), { lines: ["a", "b"], cut: false });
  assert.deepEqual(logTail("a\nb\nc\nd\n", 3), { lines: ["b", "c", "d"], cut: true });
  assert.deepEqual(logTail("\u001b[31mred\u001b[0m \u001b]0;title\u0007x", 3).lines, ["red x"]);
  assert.equal(logTail("x".repeat(10_000), 3).lines[0]?.length, 500);
});

test("Pods that fail alike cost one log, and it is asked for in bounds", async () => {
  const asked: LogRequest[] = [];
  const readLog = (request: LogRequest): Promise<string> => {
    asked.push(request);
    return Promise.resolve("bad\n");
  };
  const snapshot = sampleDeployment({ replicas: 3, pods: [crashing("web-new-1"), crashing("web-new-2"), crashing("web-new-3")] });
  const { logs } = await gather(snapshot, { client: refusing, readLog, events: [], logLines: 5 });
  assert.deepEqual(asked, [
    { pod: { namespace: "shop", name: "web-new-1" }, container: "app", previous: false, linesMax: 6, bytesMax: 4096 },
  ]);
  assert.deepEqual(logs.get(logKey("uid-web-new-1", "app")), { lines: ["bad"], cut: false });
});

test("what may not be read is left out", async () => {
  const snapshot = sampleDeployment({ pods: [crashing("web-new-1")] });
  const related = await gather(snapshot, { client: refusing, readLog: () => Promise.reject(forbiddenPath("no")) });
  assert.deepEqual([related.events.length, related.logs.size, related.claims.size, related.nodes.size], [0, 0, 0, 0]);
});
