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

/** A program and what it prints, where the document says so. */
const examplePattern = /```ts\n(.*?)```(?:\s*```text\n(.*?)```)?/gs;

let folder = "";
before(async () => {
  // Within the package, so that it finds the package by its name, and what that depends on.
  await mkdir(join(root, ".cache"), { recursive: true });
  folder = await mkdtemp(join(root, ".cache", "examples-"));
});

for (const page of ["README.md", "docs/reference/testing.md"]) {
  test(`the examples of ${page} print what it says`, async (t) => {
    t.after(() => rm(folder, { recursive: true, force: true }).then(() => mkdir(folder)));
    const text = await readFile(join(root, page), "utf8");
    const examples = [...text.matchAll(examplePattern)].filter(([, program = ""]) => program.includes("windlass/testing"));
    assert.ok(examples.length > 0, "there are examples");
    for (const [index, [, program = "", printed]] of examples.entries()) {
      const file = join(folder, `example-${index}.ts`);
      await writeFile(file, program);
      const { stdout } = await run(process.execPath, ["--disable-warning=ExperimentalWarning", file], { timeout: patienceMs });
      if (printed !== undefined) assert.equal(stdout, printed);
    }
  });
}

test.after(() => rm(folder, { recursive: true, force: true }));
