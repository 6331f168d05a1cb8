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

test("from sandbox to running takes a fraction of a second, ten at once too", async () => {
  const begin = performance.now();
  const sandbox = await fixture.sandbox();
  const a = performance.now();
  const id = await fixture.runtime.createContainer(sandbox, fixture.spec({ command: ["sleep", "100"] }));
  const b = performance.now();
  await fixture.runtime.startContainer(id);
  console.log("one", a - begin, b - a, performance.now() - b);
  const at = performance.now();
  await Promise.all(Array.from({ length: 10 }, async () => fixture.run(await fixture.sandbox(), "sleep 100")));
  console.log("ten", performance.now() - at);
  const end = performance.now();
  await fixture.runtime.stopSandbox(sandbox);
  console.log("stop", performance.now() - end);
  await fixture.runtime.removeSandbox(sandbox);
  console.log("remove", performance.now() - end);
});

test("users, capabilities, root file system", async () => {
  const sandbox = await fixture.sandbox({ hostname: "web-0" });
  const id = await fixture.run(
    sandbox,
    "id; hostname; cat /etc/hostname; grep Cap /proc/self/status; touch /x && echo wrote; pwd; ls -ld /dev/shm /proc /sys/fs/cgroup; cat /sys/fs/cgroup/memory/memory.limit_in_bytes; echo x > /dev/stderr; env; mount | head -40",
    { workingDir: "/data/x", resources: { memoryLimitBytes: 64 << 20, cpuShares: 100, cpuQuotaMicros: 50000, cpuPeriodMicros: 100000 } },
  );
  await fixture.ended(id);
  console.log(await fixture.logs(id));
  const t = performance.now();
  const id2 = await fixture.run(sandbox, "sleep 100");
  console.log(
    await fixture.runtime.execSync(id2, ["sh", "-c", "echo hello; id; echo err > /dev/stderr; exit 5"], 1000),
    performance.now() - t,
  );
  await assert.rejects(fixture.runtime.execSync(id2, ["sleep", "10"], 200), /timed out/);
  await fixture.runtime.execSync(id2, ["nonesuch"], 200).catch((e) => console.log(String(e)));
  await fixture.runtime.execSync(id2, ["/bin/nonesuch"], 200).catch((e) => console.log(String(e)));
  for (const command of [["nonesuch"], ["/nonesuch"], ["/etc/passwd"]])
    await fixture.runtime
      .createContainer(sandbox, fixture.spec({ command }))
      .then((i) => fixture.runtime.startContainer(i))
      .catch((e) => console.log(String(e)));
  const id3 = await fixture.run(sandbox, "tail /dev/zero", { resources: { memoryLimitBytes: 16 << 20 } });
  console.log(await fixture.ended(id3));
});
