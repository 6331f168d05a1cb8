import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parsePlainYaml } from "./plain-yaml.ts";
import { parseYaml } from "./yaml.ts";

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

test("what is not plain is left to the full reader", () => {
  const others = [
    "a: |\n  text\n",
    "a: &x 1\n",
    "a: {b: 1}\n",
    "a: on\n",
    "a: 0400\n",
    "a: 1_000\n",
    "a: one\n  two\n",
    "a: 'it''s'\n",
    'a: "\\n"\n',
    "a: 1\n---\nb: 2\n",
    "\ta: 1\n",
    "a: x # comment\n",
    "just text\n",
    "",
  ];
  for (const text of others) assert.equal(parsePlainYaml(text), undefined, text);
});

test("whatever it reads, it reads as the full reader does", () => {
  const piece = fc.constantFrom(
    "a",
    "b-c",
    "no",
    "1",
    "0x1",
    "12:30",
    "1e3",
    "x: y",
    "#",
    "- ",
    "-",
    ":",
    "::",
    "'q'",
    '"q"',
    "{}",
    "[]",
    " ",
    "~",
    "k:",
    "k: ",
    "|",
    "!t",
    "*a",
    "a b",
    "a#b",
    "a #b",
    "null",
    "?",
    "@",
    "`",
  );
  const line = fc
    .tuple(fc.constantFrom("", " ", "  ", "    ", "- ", "  - "), fc.array(piece, { maxLength: 4 }))
    .map(([indent, pieces]) => indent + pieces.join(""));
  fc.assert(
    fc.property(fc.array(line, { maxLength: 6 }), (lines) => {
      const text = lines.join("\n");
      const plain = parsePlainYaml(text);
      if (plain !== undefined) assert.deepEqual(plain, parseYaml(text));
    }),
    { numRuns: 3000 },
  );
});
