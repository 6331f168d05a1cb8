/** The examples of the documents, run as their readers would run them, from files of their own, against the library as it is built. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const root = fileURLToPath(new URL("../../", import.meta.url));
const patienceMs = 60_000;
/** As a strict reader has them. */
const compilerOptions = { target: "es2024", module: "nodenext", strict: true, noEmit: true, skipLibCheck: true, types: ["node"] };

/** A program and what it prints, where the document says so. */
const examplePattern = /```ts\n(.*?)```(?:\s*```text\n(.*?)```)?/gs;

let folder = "";
before(async () => {
  // Within the package, so that it finds the package by its name, and what that depends on.
  await mkdir(join(root, ".cache"), { recursive: true });
  folder = await mkdtemp(join(root, ".cache", "examples-"));
});

for (const page of ["README.md", "docs/reference/testing.md"]) {
  test(`the examples of ${page} fit the types and print what it says`, async (t) => {
    t.after(() => rm(folder, { recursive: true, force: true }).then(() => mkdir(folder)));
    const text = await readFile(join(root, page), "utf8");
    const examples = [...text.matchAll(examplePattern)].filter(([, program = ""]) => program.includes("windlass/testing"));
    assert.ok(examples.length > 0, "there are examples");
    const fileOf = (index: number): string => join(folder, `example-${index}.ts`);
    for (const [index, [, program = ""]] of examples.entries()) await writeFile(fileOf(index), program);
    await writeFile(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["*.ts"] }));
    await run(join(root, "node_modules/.bin/tsc"), ["-p", folder]).catch(({ stdout }) => assert.fail(stdout));
    for (const [index, [, , printed]] of examples.entries()) {
      const file = fileOf(index);
      const { stdout } = await run(process.execPath, ["--disable-warning=ExperimentalWarning", file], { timeout: patienceMs });
      if (printed !== undefined) assert.equal(stdout, printed);
    }
  });
}

test.after(() => rm(folder, { recursive: true, force: true }));
