import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { stringify } from "yaml";
import { parsePlainYaml, parsePlainYamlDocuments } from "./plain-yaml.ts";
import { parseYaml, parseYamlDocuments } from "./yaml.ts";

const kubeconfig = `apiVersion: v1
kind: Config
# the one cluster
clusters:
- name: windlass
  cluster:
    server: https://127.0.0.1:6443
    certificate-authority-data: LS0tLS1CRUdJTg==
contexts:
  - context:
      cluster: windlass
      user: "admin"
    name: windlass
current-context: windlass
preferences: {}
users:
- name: windlass
  user:
    as-groups: []
    exec:
      args:
      - --token
      - 'a b'
      env:
      provideClusterInfo: false
      port: 80
`;

test("a kubeconfig is read as the full reader reads it", () => {
  const read = parsePlainYaml(kubeconfig);
  assert.notEqual(read, undefined);
  assert.deepEqual(read, parseYaml(kubeconfig));
});

const manifest = `---
# what a release brings
apiVersion: v1 # the first
kind: ConfigMap
metadata:
  name: web
  labels: {app: web, "tier": 'front', on-call: "y"}
  annotations:
    "example.org/note": "two\\nlines \\u00e9"
    quote: 'it''s'
data:
  empty: |
    one
      two: three	tabbed

    # no comment
  stripped: |-
    one

  kept: |+
    one

  größe: ünï
list:
  -
    name: below
  - - inner
    - 0400
  - |
    text
  - [1, true, no, "a, b", {c: d}, []]
  - nginx:1.25
  - --flag=a:b
  - -1
  -
after: 1_000
`;

test("a manifest is read as the full reader reads it", () => {
  const text = manifest.replace("größe", "size");
  const read = parsePlainYaml(text);
  assert.notEqual(read, undefined);
  assert.deepEqual(read, parseYaml(text));
});

test("the examples are plain, and read as the full reader reads them", () => {
  const folder = join(import.meta.dirname, "..", "..", "examples");
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".yaml"));
  assert.ok(files.length > 10);
  for (const file of files) {
    const text = readFileSync(join(folder, file), "utf8");
    assert.deepEqual(parsePlainYamlDocuments(text), parseYamlDocuments(text), file);
  }
});

test("what is not plain is left to the full reader", () => {
  const others = [
    "a: &x 1\n",
    "a: *x\n",
    "a: !!str 1\n",
    "<<: {a: 1}\n",
    "a: one\n  two\n",
    "a: >\n  folded\n",
    "a: |2\n   text\n",
    "a: |\n  text",
    "a: |\n",
    "a: [1,\n 2]\n",
    'a: "\\x41"\n',
    "a: .nan\n",
    "a: 1\na: 2\n",
    "on: 1\n",
    "? a\n: b\n",
    "a: 1\n---\nb: 2\n",
    "a: 1\n...\n",
    "%YAML 1.1\n---\na: 1\n",
    "\ta: 1\n",
    "a:\t1\n",
    "a: b\u2028c\n",
    "a: \u00a0\n",
    "\ufeffa: 1\n",
    "just text\n",
    `a: ${"[".repeat(200)}${"]".repeat(200)}\n`,
    `${"- ".repeat(200)}a\n`,
    "",
  ];
  for (const text of others) assert.equal(parsePlainYaml(text), undefined, text);
});

test("whatever it reads, it reads as the full reader does", () => {
  const words = [
    "a",
    "b-c",
    "no",
    "1",
    "0x1",
    "0400",
    "-1",
    "12:30",
    "1e3",
    ".inf",
    "x: y",
    "a b",
    "a#b",
    "a #b",
    "null",
    "~",
    "é",
    "a:b",
    "<<",
  ];
  const marks = ["#", " # c", "- ", "-", ":", "::", " ", "|", "|-", "|+", ">", "!t", "*a", "&a ", "?", "@", "`", "\t", "---", ","];
  const quotes = ["'q'", '"q"', "'it''s'", '"a\\n\\"b"', '"\\x41"', '"', "'", '"k": ', "'k': "];
  const brackets = [
    "{}",
    "[]",
    "[a, b]",
    "[a,b]",
    "{a: 1}",
    "{a: 1, a: 2}",
    '{"a":1}',
    "{a:1}",
    "[a, ]",
    "[",
    "]",
    "{",
    "}",
    "{on: 1}",
    "[a: 1]",
  ];
  const piece = fc.constantFrom("k:", "k: ", "m: ", ...words, ...marks, ...quotes, ...brackets);
  const indents = fc.constantFrom("", "", " ", "  ", "  ", "    ", "- ", "  - ", "k: ", "  m: ", "k: |", "- |-");
  const line = fc.tuple(indents, fc.array(piece, { maxLength: 3 })).map(([indent, pieces]) => indent + pieces.join(""));
  fc.assert(
    fc.property(fc.array(line, { maxLength: 6 }), fc.constantFrom("", "\n", "\n\n"), (lines, end) => {
      const text = lines.join("\n") + end;
      const plain = parsePlainYaml(text);
      if (plain !== undefined) assert.deepEqual(plain, parseYaml(text));
      const documents = parsePlainYamlDocuments(text);
      if (documents !== undefined) assert.deepEqual(documents, parseYamlDocuments(text));
    }),
    { numRuns: 5000 },
  );
});

test("whatever object is written as YAML, it reads the same object", () => {
  const text = fc.oneof(
    fc.string(),
    fc.constantFrom("a", "on", "0400", "a: b", "- a", "# a", "a\nb\n", "a\n\nb", " a", "1.5", "image:1", "--x"),
  );
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      text,
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie("value"), { maxLength: 3 }),
      fc.dictionary(text, tie("value"), { maxKeys: 3 }),
    ),
  }));
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom("kind", "data", "on", "a b"), value, { minKeys: 1 }), (object) => {
      const written = stringify(object);
      const plain = parsePlainYaml(written);
      if (plain !== undefined) assert.deepEqual(plain, parseYaml(written));
    }),
    { numRuns: 500 },
  );
});
