import assert from "node:assert/strict";
import { test } from "node:test";
import { parseFlags } from "../parse-flags.ts";
import { dryRunFlag, dryRunOf, dryRunSuffix } from "./dry-run.ts";

function read(...line: string[]): [value: string, suffix: string, said: string] {
  let said = "";
  const stderr = {
    write: (text: string | Uint8Array) => void (said += String(text)),
    isTerminal: false,
    size: () => undefined,
    onResize: () => ({ close() {} }),
  };
  const value = dryRunOf(parseFlags([dryRunFlag], line).flags, { stderr });
  return [value, dryRunSuffix(value), said];
}

test("--dry-run is none, client or server; bare it is client, with a warning (KR-21)", () => {
  assert.deepEqual(read(), ["none", "", ""]);
  assert.deepEqual(read("--dry-run=none"), ["none", "", ""]);
  assert.deepEqual(read("--dry-run=client"), ["client", " (dry run)", ""]);
  assert.deepEqual(read("--dry-run=server"), ["server", " (server dry run)", ""]);
  const [value, , said] = read("--dry-run");
  assert.equal(value, "client");
  assert.match(said, /--dry-run is deprecated and can be replaced with --dry-run=client/);
  assert.throws(() => read("--dry-run=true"), /Invalid dry-run value \(true\)/);
});
