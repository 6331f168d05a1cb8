/** The application as a process: what it takes up while it runs, what it says, and how it ends. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("main.ts", import.meta.url));
const patienceMs = 30_000;

function start(t: TestContext, files: Record<string, string> = {}) {
  const directory = mkdtempSync(join(tmpdir(), "todo-main-"));
  for (const folder of ["config", "secrets"]) mkdirSync(join(directory, folder));
  const write = (name: string, text: string): void => {
    writeFileSync(join(directory, `${name}.new`), text);
    renameSync(join(directory, `${name}.new`), join(directory, name));
  };
  for (const [name, text] of Object.entries(files)) write(name, text);
  const child: ChildProcess = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", main], {
    cwd: directory,
    env: { PATH: process.env.PATH, PORT: "0" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  t.after(async () => {
    child.kill("SIGKILL");
    await ended;
    rmSync(directory, { recursive: true, force: true });
  });
  const said = async (pattern: RegExp): Promise<RegExpExecArray> => {
    const deadline = performance.now() + patienceMs;
    for (;;) {
      const match = pattern.exec(output);
      if (match) return match;
      assert.ok(performance.now() < deadline, `${pattern} is not in: ${output}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  return { child, write, said, ended, output: () => output };
}

test("changed files are taken up while it runs, and what makes no sense is not", async (t) => {
  const { write, said } = start(t);
  const port = (await said(/listening on port (\d+)/))[1];
  const isReadOnly = async (): Promise<boolean> => (await (await fetch(`http://127.0.0.1:${port}/list`)).text()).includes("read-only");
  assert.equal(await isReadOnly(), false);
  write("config/config.json", '{"Database": {"ReadOnly": true}}');
  await said(/new settings: items are in Sqlite at todo-list\.db, read-only/);
  assert.equal(await isReadOnly(), true);
  write("config/config.json", '{"Database": {"ReadOnly": tr');
  await said(/error: the changed settings are not used: config\/config\.json is not JSON/);
  assert.equal(await isReadOnly(), true);
});

test("SIGTERM: a request under way gets its answer, and the process ends with 0", async (t) => {
  const { child, said, ended } = start(t);
  const port = Number((await said(/listening on port (\d+)/))[1]);
  const body = "item=the+last";
  const socket = createConnection(port, "127.0.0.1");
  let answer = "";
  socket.setEncoding("utf8").on("data", (text) => {
    answer += text;
  });
  const over = new Promise((resolve) => socket.once("close", resolve));
  await new Promise<void>((resolve) => {
    const head = `POST /new HTTP/1.1\r\nHost: todo\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ${body.length}\r\n`;
    socket.write(`${head}Expect: 100-continue\r\n\r\n`, () => resolve());
  });
  // The request has been taken when it is asked to go on.
  while (!answer.includes("100 Continue")) await new Promise((resolve) => setTimeout(resolve, 10));
  child.kill("SIGTERM");
  await said(/SIGTERM: finishing requests/);
  socket.write(body);
  await over;
  assert.match(answer, /HTTP\/1\.1 303 /);
  assert.equal(await ended, 0);
});

test("settings that make no sense at the start: one line without a secret, and exit code 1", async (t) => {
  const { ended, output } = start(t, {
    "config/config.json": '{"Database": {"Provider": "Postgres"}}',
    "secrets/secrets.json": '{"ConnectionStrings": {"ToDoDb": "Password=hidden"}}',
  });
  assert.equal(await ended, 1);
  assert.match(output(), /^\S+ error: the connection string names no Server\n$/);
});
