#!/usr/bin/env node
// `npm run bench`: every figure beside its target. Arguments name the benches to run. `--write-docs` puts the last figures
// of each into docs/performance.md; without names it measures nothing.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { node24 } from "./node24.mjs";
import { enginePackages, ensureDependencies, ensureKubectl, ensurePackages, root, run, step } from "./setup.mjs";

/** In the order in which they run: what the machine can do comes first, for the others are scaled by it. */
const benches = [
  "machine",
  "store",
  "cold-start",
  "idle",
  "api",
  "watch",
  "rollout",
  "sets",
  "rollback",
  "command",
  "causes",
  "containers",
  "todo-list",
  "proxy",
  "recovery",
];
const peers = ["etcd-server", "nginx-light", "wrk"];
const results = join(root, "bench", "results");
const page = join(root, "docs", "performance.md");
const [begin, end] = ["<!-- figures: begin -->", "<!-- figures: end -->"];

const options = process.argv.slice(2).filter((arg) => arg.startsWith("--"));
const names = process.argv.slice(2).filter((arg) => !arg.startsWith("--"));
const unknown = [...names.filter((name) => !benches.includes(name)), ...options.filter((option) => option !== "--write-docs")];
if (unknown.length > 0) {
  console.error(`There is no ${unknown.join(", ")}. Benches: ${benches.join(", ")}. Option: --write-docs`);
  process.exit(1);
}
const failed = options.includes("--write-docs") && names.length === 0 ? [] : measure(names.length > 0 ? names : benches);
if (options.includes("--write-docs")) writeDocs();
process.exit(failed.length === 0 ? 0 : 1);

/** Runs benches one after the other; returns the names of those that failed. */
function measure(wanted) {
  ensureDependencies();
  const missing = ensurePackages([...enginePackages, ...peers]);
  if (missing.length > 0) console.log(`Without ${missing.join(", ")} some figures and peers are left out.`);
  const { kubectl } = ensureKubectl("35");
  const node = node24();
  if (!process.env.WINDLASS_BENCH_COMMAND) {
    step("building");
    run(node, ["scripts/build.mjs"]);
    // What is there already is not made again.
    if (wanted.includes("containers") || wanted.includes("todo-list")) run(node, ["scripts/images.mjs"]);
  }
  const scratch = mkdtempSync(join(tmpdir(), "windlass-bench-run-"));
  const failures = [];
  for (const name of wanted) {
    step(name);
    rmSync(join(results, `${name}.json`), { force: true });
    const { status } = spawnSync(node, ["--disable-warning=ExperimentalWarning", join("bench", `${name}.ts`)], {
      cwd: root,
      stdio: ["ignore", "inherit", "inherit"],
      env: { ...process.env, WINDLASS_BENCH_SCRATCH: scratch, WINDLASS_BENCH_KUBECTL: kubectl },
      timeout: 300_000,
    });
    if (status !== 0) failures.push(name);
    const result = read(name);
    if (result) console.log(`\n${table(result)}\n`);
  }
  rmSync(scratch, { recursive: true, force: true });
  if (failures.length > 0) console.error(`Not measured to the end: ${failures.join(", ")}`);
  return failures;
}

function read(name) {
  const file = join(results, `${name}.json`);
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : undefined;
}

function rowsOf({ figures }) {
  const heading = ["", "figure", "target", "peer", "better than the peer", ""];
  return [
    heading,
    ...figures.map(({ name, figure, unit, target, peer, ratio, verdict, note }) => [
      note ? `${name} (${note})` : name,
      `${number(figure)} ${unit}`.trim(),
      target ? ("atMost" in target ? `≤ ${number(target.atMost)}` : `≥ ${number(target.atLeast)}`) : "",
      peer ? `${peer.name}: ${number(peer.figure)}${peer.how === "measured" ? "" : ", recorded"}` : "",
      ratio === undefined ? "" : `${number(ratio)} ×`,
      verdict === undefined ? "" : verdict === "pass" ? "reached" : "**short**",
    ]),
  ];
}

function number(value) {
  return value.toLocaleString("en", Math.abs(value) < 100 ? { maximumSignificantDigits: 3 } : { maximumFractionDigits: 0 });
}

/** For a terminal: the columns stand below each other, notes below their figure. */
function table(result) {
  const rows = rowsOf({ figures: result.figures.map(({ note, ...figure }) => figure) });
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows
    .flatMap((row, index) => {
      const line = row.map((text, column) => (column === 0 ? text.padEnd(widths[0]) : text.padStart(widths[column]))).join("  ");
      const note = result.figures[index - 1]?.note;
      return [line.replaceAll("*", " ").trimEnd(), ...(note ? [`    ${note}`] : [])];
    })
    .join("\n");
}

/** Puts the figures of the last run into the page. */
function writeDocs() {
  const known = [...benches, ...readdirSync(results).map((file) => file.replace(/\.json$/, ""))];
  const found = [...new Set(known)].map(read).filter((result) => result?.figures);
  const sections = found.map((result) => {
    const [heading, ...rows] = rowsOf(result);
    const lines = [heading, heading.map((_, column) => (column === 0 ? "---" : "---:")), ...rows].map((row) => `| ${row.join(" | ")} |`);
    const busy =
      result.busyBefore > 0.7
        ? `\n\nThe machine was busy with something else (load ${result.busyBefore}): these figures are worse than they should be.`
        : "";
    return `### ${result.bench}${busy}\n\n${lines.join("\n")}`;
  });
  const dates = found.map(({ date }) => date.slice(0, 10)).sort();
  const [{ machine, node }] = found;
  const scale = found.find((result) => result.scale !== undefined)?.scale;
  const when = dates[0] === dates.at(-1) ? dates[0] : `${dates[0]} to ${dates.at(-1)}`;
  const scaled = scale === undefined ? "" : ` Recorded peers are scaled by ${scale.toFixed(2)}, as much as etcd is faster here.`;
  const text = `Measured ${when}, Node ${node}, ${machine}.${scaled}\n\n${sections.join("\n\n")}`;
  const document = readFileSync(page, "utf8");
  const [from, to] = [document.indexOf(begin), document.indexOf(end)];
  if (from < 0 || to < 0) throw new Error(`${page} has no place for the figures`);
  writeFileSync(page, `${document.slice(0, from + begin.length)}\n\n${text}\n\n${document.slice(to)}`);
}
