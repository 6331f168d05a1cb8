#!/usr/bin/env node
// `npm test`: sets everything up, then runs every check and every test. Arguments are test files to run instead of all.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { node24 } from "./node24.mjs";
import { enginePackages, ensureDependencies, ensurePackages, root, run, step, testPackages } from "./setup.mjs";
import { testEnvironment } from "./test-environment.mjs";

ensureDependencies();
const missing = ensurePackages([...enginePackages, ...testPackages]);
if (missing.length > 0) {
  console.error(`These packages are needed and could not be installed: ${missing.join(", ")}`);
  process.exit(1);
}
const node = node24();
const environment = testEnvironment();
step("building");
run(node, ["scripts/build.mjs"]);
run(node, ["scripts/images.mjs"]);

const only = process.argv.slice(2);
let failures = 0;
if (only.length === 0) {
  step("checking types, floors, lint and format");
  if (spawnSync(node, ["scripts/check.mjs"], { cwd: root, stdio: "inherit" }).status !== 0) failures++;
}

// Tests of real containers and networks change the machine and are measured in requests, so they run one at a time.
const phases =
  only.length > 0
    ? [{ name: "chosen tests", files: only, concurrency: 1 }]
    : [
        { name: "unit tests", files: ["{src,examples}/**/!(*.real).test.ts"], concurrency: 2 },
        { name: "tests on the real machine", files: ["{src,examples}/**/*.real.test.ts"], concurrency: 1 },
        { name: "scenarios", files: ["scenarios/**/*.test.ts"], concurrency: 1 },
      ];
const counts = { passed: 0, failed: 0 };
const scratch = mkdtempSync(join(tmpdir(), "windlass-test-"));
for (const { name, files, concurrency } of phases) {
  step(name);
  const report = join(scratch, "counts.json");
  const { status } = spawnSync(
    node,
    [
      "--disable-warning=ExperimentalWarning",
      "--test",
      `--test-concurrency=${concurrency}`,
      "--test-timeout=600000",
      "--test-reporter=spec",
      "--test-reporter-destination=stdout",
      `--test-reporter=${join(root, "scripts", "count-reporter.mjs")}`,
      `--test-reporter-destination=${report}`,
      ...files,
    ],
    { cwd: root, stdio: ["ignore", "inherit", "inherit"], env: environment },
  );
  const { passed, failed } = existsSync(report) ? JSON.parse(readFileSync(report, "utf8")) : { passed: 0, failed: 1 };
  counts.passed += passed;
  counts.failed += failed;
  if (status !== 0 && failed === 0) counts.failed++;
  rmSync(report, { force: true });
}
rmSync(scratch, { recursive: true, force: true });
if (failures > 0) console.log("The checks of types, floors, lint and format failed: see above.");
counts.failed += failures;
console.log(`\n${counts.passed} passed, ${counts.failed} failed`);
process.exit(counts.failed === 0 ? 0 : 1);
