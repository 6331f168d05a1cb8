import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Fixture, ociFixture } from "./fixture.node.ts";

let fixture: Fixture;
before(async () => {
  fixture = await ociFixture();
});
after(() => fixture.end());

test("a container runs, its output is in the log and its exit code is known", async () => {
  const sandbox = await fixture.sandbox();
  const id = await fixture.run(sandbox, "echo out; echo err >&2; exit 3");
  const status = await fixture.ended(id);
  assert.deepEqual([status.state, status.exitCode, status.reason], ["exited", 3, "Error"]);
  assert.equal(await fixture.logs(id), "out\nerr\n");
});
