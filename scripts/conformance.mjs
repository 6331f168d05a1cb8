#!/usr/bin/env node
// `npm run conformance`: runs every conformance check and writes docs/reference/conformance.md by what passed. The official tests and
// their classes are the rows of that page; a row gets the file of the check that carries its sentence, or keeps its reason for having none.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { combined } from "../scenarios/conformance/combined.mjs";
import { node24 } from "./node24.mjs";
import { root, run, step } from "./setup.mjs";
import { testEnvironment } from "./test-environment.mjs";

const page = join(root, "docs", "reference", "conformance.md");
const node = node24();
const environment = testEnvironment();
step("building");
run(node, ["scripts/build.mjs"]);
run(node, ["scripts/images.mjs"]);

step("conformance checks");
const scratch = mkdtempSync(join(tmpdir(), "windlass-conformance-"));
const report = join(scratch, "names");
const { status } = spawnSync(
  node,
  [
    "--disable-warning=ExperimentalWarning",
    "--test",
    "--test-concurrency=1",
    "--test-timeout=600000",
    "--test-reporter=spec",
    "--test-reporter-destination=stdout",
    `--test-reporter=${join(root, "scripts", "names-reporter.mjs")}`,
    `--test-reporter-destination=${report}`,
    "scenarios/conformance/**/*.test.ts",
  ],
  { cwd: root, stdio: ["ignore", "inherit", "inherit"], env: environment },
);
const lines = readFileSync(report, "utf8").trim().split("\n");
rmSync(scratch, { recursive: true, force: true });

/** Tags in square brackets say how a test may be run, and checks leave them out. */
const sentence = (name) =>
  name
    .replaceAll(/\[[^\]]*\]/g, "")
    .replaceAll(/\s+/g, " ")
    .trim();

const official = new Set([...readFileSync(page, "utf8").matchAll(/^\| (.+?) \| (?:a\+|a|b|c|d) \|/gm)].map(([, name]) => sentence(name)));
const strangers = Object.values(combined)
  .flat()
  .filter((name) => !official.has(sentence(name)));
if (strangers.length > 0) throw new Error(`no official test is called so: ${strangers.join("; ")}`);
const checks = new Map();
for (const { name, file, passed } of lines.map((line) => JSON.parse(line))) {
  if (!passed) continue;
  for (const each of combined[name] ?? [name]) checks.set(sentence(each), relative(join(root, "scenarios", "conformance"), file));
}
let total = 0;
let checked = 0;
const rows = readFileSync(page, "utf8").replaceAll(/^\| (.+?) \| (a\+|a|b|c|d) \| (.+?) \|$/gm, (_, name, group, note) => {
  total++;
  const file = checks.get(sentence(name));
  if (file !== undefined) checked++;
  const reason = note.startsWith("not yet") ? note : "not yet: its check does not pass";
  return `| ${name} | ${group} | ${file === undefined ? reason : `[${file}](../../scenarios/conformance/${file})`} |`;
});
writeFileSync(page, rows.replace(/^\d+ of \d+ tests have a check\.$/m, `${checked} of ${total} tests have a check.`));
console.log(`${checked} of ${total} official tests have a check that passes.`);
process.exit(status ?? 1);
