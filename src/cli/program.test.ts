import assert from "node:assert/strict";
import { test } from "node:test";
import type { EngineCommands, UpOptions } from "./engine-commands.ts";
import { root } from "./commands.ts";
import { runProgram } from "./program.node.ts";

/** What `up` was asked for, and the exit code. */
async function up(...args: string[]): Promise<{ code: number; asked: UpOptions | undefined }> {
  let asked: UpOptions | undefined;
  const never = (): Promise<number> => assert.fail("another command ran");
  const engine: EngineCommands = {
    async up(options) {
      asked = options;
      return 0;
    },
    controller: never,
    down: never,
    status: never,
    imageLoad: never,
    imageList: never,
    imagePull: never,
    imageRemove: never,
  };
  return { code: await runProgram({ line: ["up", ...args], calledAs: "windlass", version: "0.0.0", root, engine }), asked };
}

test("up without flags leaves every choice to the engine", async () => {
  const { code, asked } = await up();
  assert.equal(code, 0);
  const { home, port, nodes, runtime, detach, restartBackoff } = asked as UpOptions;
  assert.deepEqual([home, port, nodes, runtime, detach, restartBackoff], [undefined, undefined, undefined, "auto", false, undefined]);
});

test("a back-off is two durations (KUB-1, KUB-2)", async () => {
  assert.deepEqual((await up("--restart-backoff", "1s,1m")).asked?.restartBackoff, { baseMs: 1000, capMs: 60_000 });
  assert.deepEqual((await up("--restart-backoff", "500ms,1h")).asked?.restartBackoff, { baseMs: 500, capMs: 3_600_000 });
});

test("an engine has release controllers unless it is started without", async () => {
  assert.equal((await up()).asked?.releases, true);
  assert.equal((await up("--release-controllers=false")).asked?.releases, false);
});

test("what makes no sense ends with code 1 before anything is started", async () => {
  const wrong = [
    ["--restart-backoff", "5"],
    ["--restart-backoff", "1m,1s"],
    ["--restart-backoff", "0s,1s"],
    ["--port", "65536"],
    ["--nodes", "-1"],
    ["--runtime", "docker"],
    ["--bogus"],
  ];
  for (const args of wrong) assert.deepEqual(await up(...args), { code: 1, asked: undefined }, args.join(" "));
});
