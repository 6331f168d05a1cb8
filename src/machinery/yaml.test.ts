import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { parseYaml, parseYamlDocuments, YamlError } from "./yaml.ts";

const values: readonly (readonly [text: string, value: unknown])[] = [
  ["0400", 256],
  ["0o400", 256],
  ["08", 8],
  ["0x1F", 31],
  ["0b101", 5],
  ["-0b101", -5],
  ["1_000", 1000],
  ["+12", 12],
  ["-7", -7],
  ["0", 0],
  ["1.5", 1.5],
  [".5", 0.5],
  ["5.", 5],
  ["1e3", 1000],
  ["1e+3", 1000],
  ["y", true],
  ["N", false],
  ["yes", true],
  ["off", false],
  ["On", true],
  ["oN", "oN"],
  ["~", null],
  ["Null", null],
  ["1:30", "1:30"],
  ["2001-12-14", "2001-12-14"],
  ["2001-12-14t21:59:43.10-05:00", "2001-12-14t21:59:43.10-05:00"],
  ['"0400"', "0400"],
  ["'yes'", "yes"],
  ["!!str 12", "12"],
  ["250m", "250m"],
  ["1.2.3", "1.2.3"],
  ["0x", "0x"],
  ["1e", "1e"],
  ["|\n    a\n    b", "a\nb\n"],
  [">-\n    a\n    b", "a b"],
];

describe("scalars", () => {
  for (const [text, value] of values) test(JSON.stringify(text), () => assert.deepEqual(parseYaml(`v: ${text}\n`), { v: value }));
});

test("keys are texts whatever they were", () => {
  assert.deepEqual(parseYaml("{on: 1, 12: 2, 0x10: 3, 1.5: 4}"), { true: 1, 12: 2, 16: 3, 1.5: 4 });
});

test("__proto__ is a key like any other", () => {
  const value = parseYaml("__proto__: {polluted: true}") as Record<string, unknown>;
  assert.deepEqual(Object.keys(value), ["__proto__"]);
  assert.equal(({} as { polluted?: boolean }).polluted, undefined);
});

test("anchors and merge keys are resolved", () => {
  assert.deepEqual(parseYaml("a: &a {x: 1, y2: 2}\nb: {<<: *a, x: 3}"), { a: { x: 1, y2: 2 }, b: { x: 3, y2: 2 } });
});

test("what JSON can't say is refused, and so is what is no YAML", () => {
  for (const text of ["v: .inf", "v: .nan", "v: [1", "v: 'a", "a: b: c", "? [a]\n: b"])
    assert.throws(() => parseYaml(text), YamlError, text);
});

test("a document that doubles itself again and again is refused", () => {
  const lines = ["a0: &a0 [x,x,x,x,x,x,x,x,x]"];
  for (let level = 1; level < 10; level++)
    lines.push(
      `a${level}: &a${level} [${Array(9)
        .fill(`*a${level - 1}`)
        .join(",")}]`,
    );
  assert.throws(() => parseYaml(lines.join("\n")), YamlError);
});

test("several documents, empty ones left out", () => {
  assert.deepEqual(parseYamlDocuments("---\na: 1\n---\n# nothing\n---\nb: 2\n"), [{ a: 1 }, { b: 2 }]);
  assert.deepEqual(parseYamlDocuments(""), []);
});

test("kubectl reads the same", () => {
  const folder = mkdtempSync(join(tmpdir(), "windlass-yaml-"));
  const file = join(folder, "object.yaml");
  const text = `apiVersion: example.org/v1\nkind: Thing\nmetadata: {name: thing}\nspec:\n${values.map(([value], index) => `  f${index}: ${value}\n`).join("")}  keys: {on: 1, 12: 2, 0x10: 3}\n`;
  writeFileSync(file, text);
  const kubectl = process.env["WINDLASS_TEST_KUBECTL"] as string;
  const { stdout, stderr } = spawnSync(kubectl, ["annotate", "--local", "-f", file, "seen=yes", "-o", "json"], { encoding: "utf8" });
  rmSync(folder, { recursive: true });
  assert.equal(stderr, "");
  assert.deepEqual((parseYaml(text) as { spec: unknown }).spec, JSON.parse(stdout).spec);
});

test("aliases that would fill the memory are refused, few and large ones as well as many", () => {
  const text = "x".repeat(1_000_000);
  assert.throws(() => parseYaml(`a: &a ${text}\nb: [${Array(90).fill("*a").join(", ")}]\n`), /excessive aliasing/);
  const map = Array.from({ length: 20_000 }, (_, i) => `k${i}: v`).join(", ");
  assert.throws(() => parseYaml(`a: &a {${map}}\nb: [${Array(90).fill("*a").join(", ")}]\n`), /excessive aliasing/);
  assert.deepEqual(parseYaml("a: &a {b: 1}\nc: *a\n"), { a: { b: 1 }, c: { b: 1 } });
});

test("nesting without end is refused, not a crash", () => {
  for (const text of ["[".repeat(20_000), "- ".repeat(20_000), "{a: ".repeat(20_000)]) {
    assert.throws(() => parseYaml(text), YamlError, text.slice(0, 5));
  }
});
