import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseYaml } from "../../machinery/yaml.ts";
import { columnAligner } from "./columns.ts";
import { customColumns } from "./custom-columns.ts";
import { toJsonText } from "./json.ts";
import { compileJsonPath, relaxedPath } from "./jsonpath.ts";
import { JsonPathError } from "./jsonpath-parser.ts";
import { toYamlText } from "./yaml.ts";

const pods = {
  items: [
    { name: "a", labels: { "app.io/tier": "web" }, ports: [80, 81, 82], phase: "Running" },
    { name: "b", labels: {}, ports: [90], phase: "Pending", extra: { deep: { name: "x" } } },
  ],
};

test("JSONPath finds what kubectl's finds", () => {
  const table: [template: string, text: string][] = [
    ["{.items[0].name}", "a"],
    ["{$.items[-1].name}", "b"],
    ["{.items[*].name}", "a b"],
    ["{.items[0].ports[0,2]}", "80 82"],
    ["{.items[0].ports[1:]}", "81 82"],
    ["{.items[0].ports[-2:]}", "81 82"],
    ["{.items[0].ports[0:3:2]}", "80 82"],
    ["{.items[0].labels.app\\.io/tier}", "web"],
    ["{.items[0].labels['app\\.io/tier']}", "web"],
    ["{.items[0]['name','phase']}", "a Running"],
    ['{.items[?(@.phase=="Running")].name}', "a"],
    ["{.items[?(@.ports[0]>80)].name}", "b"],
    ["{.items[?(@.extra)].name}", "b"],
    ['{range .items[*]}{.name}={.phase}{"\\n"}{end}', "a=Running\nb=Pending\n"],
    ["{range .items[*]}{range .ports[*]}[{@}]{end};{end}", "[80][81][82];[90];"],
    ["{range .nope[*]}{.name}{end}done", "done"],
    ["{.items[1].extra}", '{"deep":{"name":"x"}}'],
    ["{..deep.name}", "x"],
    ["{.items[1].*.deep.name}", "x"],
    ["plain {.items[0].name} text", "plain a text"],
    ["{'quoted'}", "quoted"],
    ["{.nope}", ""],
  ];
  for (const [template, text] of table) assert.equal(compileJsonPath(template, { allowMissing: true }).print(pods), text, template);
});

test("templates that are none, or do not fit, are refused", () => {
  const table: [string, RegExp][] = [
    ["{.items", /unclosed action/],
    ["{.items[}", /unterminated array/],
    ["{.items[x]}", /invalid array index x/],
    ["{.items[?(@.a==1}", /unterminated filter/],
    ["{.items[9].name}", /array index out of bounds: index 9, length 2/],
    ["{'a}", /unterminated quoted string/],
    ["{foo}", /unrecognized identifier foo/],
    ["{.nope}", /nope is not found/],
  ];
  for (const [template, message] of table) {
    assert.throws(
      () => compileJsonPath(template, { allowMissing: false }).print(pods),
      (error) => error instanceof JsonPathError && message.test(error.message),
      template,
    );
  }
});

test("paths of columns and orders need neither braces nor dot", () => {
  for (const path of ["metadata.name", ".metadata.name", "{metadata.name}", "{.metadata.name}"])
    assert.equal(relaxedPath(path), "{.metadata.name}");
  assert.throws(() => relaxedPath("{a"), /unexpected path string/);
  assert.deepEqual(customColumns("NAME:.name,PORT:.ports[*],NO:.no").row(pods.items[0] as any), ["a", "80,81,82", "<none>"]);
});

test("columns are as wide as their widest cell and three spaces, six at least, and stay so", () => {
  const aligner = columnAligner();
  assert.equal(
    aligner.align([
      ["A", "NAME", "X"],
      ["1", "web", "y"],
    ]),
    "A     NAME   X\n1     web    y\n",
  );
  assert.equal(aligner.align([["2", "a-long-name", "z"]]), "2     a-long-name   z\n");
  assert.equal(aligner.align([["3", "b", "z"]]), "3     b             z\n");
});

test("JSON is sorted, and escapes what HTML would take amiss", () => {
  assert.equal(
    toJsonText({ b: [], a: { x: "<&>", u: undefined } }),
    '{\n    "a": {\n        "x": "\\u003c\\u0026\\u003e"\n    },\n    "b": []\n}\n',
  );
});

test("YAML quotes what would be read as something else, and nothing more", () => {
  const table: [unknown, string][] = [
    ["text", "text"],
    ["", '""'],
    ["true", '"true"'],
    ["y", '"y"'],
    ["123", '"123"'],
    ["1e3", '"1e3"'],
    ["12:30", '"12:30"'],
    ["2024-01-02T03:04:05Z", '"2024-01-02T03:04:05Z"'],
    ["a: b", "'a: b'"],
    ["it's: x", "'it''s: x'"],
    ["- a", "'- a'"],
    ["*a", "'*a'"],
    [" a", "' a'"],
    ["a\tb", '"a\\tb"'],
    ["a \nb", '"a \\nb"'],
    ["😀", '"\\U0001F600"'],
    ["a\nb\n", "|\n  a\n  b"],
    ["a\nb", "|-\n  a\n  b"],
    ["a\n\n", "|+\n  a\n"],
    [" a\nb", "|2-\n   a\n  b"],
    [[], "[]"],
    [{}, "{}"],
    [null, "null"],
    [1.5, "1.5"],
  ];
  for (const [value, text] of table) assert.equal(toYamlText({ k: value }), `k: ${text}\n`, text);
  assert.equal(toYamlText({ l: [{ b: 1, a: [1] }, [2]] }), "l:\n- a:\n  - 1\n  b: 1\n- - 2\n");
  assert.equal(toYamlText({ port10: 1, port2: 1, Z: 1, a: 1 }), "Z: 1\na: 1\nport2: 1\nport10: 1\n");
});

test("what is printed as YAML is read as the same value", () => {
  const text = fc.oneof(
    fc.string({ unit: "binary", maxLength: 12 }),
    fc.string({ unit: fc.constantFrom("a", " ", "\n", ":", "#", "'", '"', "-", "0", "\t", "é", "[", "?"), maxLength: 100 }),
  );
  // Half of a pair of surrogates is no text that could be sent.
  const whole = text.filter((value) => value.isWellFormed());
  const value = fc.letrec((tie) => ({
    any: fc.oneof(
      { maxDepth: 3 },
      whole,
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie("any"), { maxLength: 3 }),
      tie("map"),
    ),
    map: fc.dictionary(
      whole.filter((key) => key !== "__proto__"),
      tie("any"),
      { maxKeys: 3 },
    ),
  })).map;
  fc.assert(
    fc.property(value, (object) => {
      assert.deepEqual(parseYaml(toYamlText(object)), structuredClone({ ...(object as object) }));
    }),
    { numRuns: 150 },
  );
});
