/** A runtime whose process is killed, and the next one that finds everything again. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { type Fixture, ociFixture } from "./oci-fixture.suite.ts";

const fixtures: Fixture[] = [];
const directories: string[] = [];
after(async () => {
  for (const fixture of fixtures) await fixture.end();
  for (const directory of directories) await rm(directory, { recursive: true, force: true });
});

/** Runs `body` (with `fixture` at hand) in a process of its own, which is killed as soon as it prints its result. */
async function inKilledProcess(body: string): Promise<{ directory: string; result: any }> {
  const directory = await mkdtemp(join(tmpdir(), "windlass-adoption-"));
  directories.push(directory);
  const program = `import { ociFixture } from ${JSON.stringify(new URL("./oci-fixture.suite.ts", import.meta.url).href)};
const fixture = await ociFixture({}, ${JSON.stringify(directory)});
const result = await (async () => { ${body} })();
process.stdout.write(JSON.stringify(result) + "\\n");
setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], { stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  await new Promise<void>((resolve, reject) => {
    child.stdout.on("data", (chunk) => {
      text += chunk;
      if (text.includes("\n")) resolve();
    });
    child.on("exit", () => reject(new Error("the process ended by itself")));
  });
  child.removeAllListeners("exit");
  const gone = new Promise((resolve) => child.on("exit", resolve));
  child.kill("SIGKILL");
  await gone;
  return { directory, result: JSON.parse(text) };
}

async function nextProcess(directory: string): Promise<Fixture> {
  const fixture = await ociFixture({}, directory);
  fixtures.push(fixture);
  return fixture;
}

test("running containers run on, ended ones have their exit code, logs go on", async () => {
  const { directory, result } = await inKilledProcess(`
    const sandbox = await fixture.sandbox();
    const steady = await fixture.run(sandbox, "echo before; while [ ! -e /dev/shm/go ]; do sleep 0.05; done; echo after; exec sleep 1000");
    const failing = await fixture.run(sandbox, "while [ ! -e /dev/shm/go ]; do sleep 0.05; done; exit 42");
    const created = await fixture.runtime.createContainer(sandbox, fixture.spec({ command: ["sh", "-c", "echo late"] }));
    return { sandbox, steady, failing, created };`);
  // Ends one container while nobody watches.
  await writeFile(join(directory, "runtime/sandboxes", result.sandbox, "shm/go"), "");
  await waitForFile(join(directory, "runtime/exits", result.failing));
  const fixture = await nextProcess(directory);
  const [sandbox] = await fixture.runtime.listSandboxes();
  assert.deepEqual([sandbox?.id, sandbox?.state], [result.sandbox, "ready"]);
  const failed = await fixture.runtime.containerStatus(result.failing);
  assert.deepEqual([failed?.state, failed?.exitCode, failed?.reason], ["exited", 42, "Error"]);
  assert.equal((await fixture.runtime.containerStatus(result.steady))?.state, "running");
  assert.equal((await fixture.runtime.execSync(result.steady, ["echo", "hi"], 5000)).output, "hi\n");
  assert.equal(await fixture.logs(result.steady), "before\nafter\n");
  await fixture.runtime.startContainer(result.created);
  assert.equal((await fixture.ended(result.created)).exitCode, 0);
  await fixture.runtime.stopContainer(result.steady, 0);
  assert.equal((await fixture.runtime.containerStatus(result.steady))?.exitCode, 137);
});

test("a container whose start was not noted is found running; one with no keeper left has ended", async () => {
  const { directory, result } = await inKilledProcess(`
    const { readFileSync, writeFileSync } = await import("node:fs");
    const sandbox = await fixture.sandbox();
    const forgotten = await fixture.run(sandbox, "exec sleep 1000");
    const path = fixture.directory + "/runtime/containers/" + forgotten;
    const record = JSON.parse(readFileSync(path + "/container.json", "utf8"));
    writeFileSync(path + "/container.json", JSON.stringify({ ...record, state: "created", startedAt: undefined, main: undefined }));
    const orphan = await fixture.run(sandbox, "exec sleep 1000");
    const pid = (name) => Number(readFileSync(fixture.directory + "/runtime/containers/" + orphan + "/" + name, "utf8"));
    process.kill(pid("conmon.pid"), "SIGKILL");
    process.kill(pid("pid"), "SIGKILL");
    return { forgotten, orphan };`);
  const fixture = await nextProcess(directory);
  assert.equal((await fixture.runtime.containerStatus(result.forgotten))?.state, "running");
  const orphan = await fixture.ended(result.orphan);
  assert.deepEqual([orphan.state, orphan.exitCode, orphan.reason], ["exited", 255, "Error"]);
});

test("what was only half made is cleared away", async () => {
  const { directory } = await inKilledProcess(`
    const { writeFileSync, readFileSync } = await import("node:fs");
    const sandbox = await fixture.sandbox();
    await fixture.run(sandbox, "exec sleep 1000");
    const path = fixture.directory + "/runtime/sandboxes/" + sandbox + "/sandbox.json";
    writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, "utf8")), state: "making" }));
    return {};`);
  await mkdir(join(directory, "runtime/containers/half"));
  const fixture = await nextProcess(directory);
  assert.deepEqual(await fixture.runtime.listSandboxes(), []);
  assert.deepEqual(await fixture.runtime.listContainers(), []);
});

async function waitForFile(path: string): Promise<void> {
  const { stat } = await import("node:fs/promises");
  const deadline = performance.now() + 5000;
  while (!(await stat(path).catch(() => undefined))) {
    if (performance.now() > deadline) throw new Error(`${path} does not appear`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
