import assert from "node:assert/strict";
import { test } from "node:test";
import { type LogFilter, logPrinter, parseEntry, tailStart } from "./cri-log.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (data: Uint8Array): string => new TextDecoder().decode(data);
const file = [
  "2026-11-22T10:00:00.100000000+00:00 stdout F one",
  "2026-11-22T10:00:01.100000000+00:00 stderr F two",
  "2026-11-22T10:00:02.100000000+00:00 stdout P thr",
  "2026-11-22T10:00:02.200000000+00:00 stderr F between",
  "2026-11-22T10:00:02.300000000+00:00 stdout F ee",
  "2026-11-22T10:00:03.100000000+00:00 stdout F ",
  "",
].join("\n");
const all: LogFilter = { since: undefined, stream: undefined, timestamps: false, limitBytes: undefined };

for (const [name, filter, expected] of [
  ["everything, entries of a line joined", all, "one\ntwo\nthrbetween\nee\n\n"],
  ["one stream", { ...all, stream: "stdout" }, "one\nthree\n\n"],
  ["since a time", { ...all, since: Date.parse("2026-11-22T10:00:02.200Z") }, "between\nee\n\n"],
  ["a limit", { ...all, limitBytes: 6 }, "one\ntw"],
  [
    "timestamps, once per line",
    { ...all, stream: "stdout", timestamps: true },
    "2026-11-22T10:00:00.100000000Z one\n2026-11-22T10:00:02.100000000Z three\n2026-11-22T10:00:03.100000000Z \n",
  ],
] as [string, LogFilter, string][]) {
  test(`a reader sees ${name}, however the file is cut into pieces`, () => {
    for (const size of [1, 7, 64, file.length]) {
      const printer = logPrinter(filter);
      let seen = "";
      for (let i = 0; i < file.length; i += size) seen += text(printer.print(bytes(file.slice(i, i + size))));
      assert.equal(seen, expected);
    }
  });
}

test("the limit cuts bytes, not pieces", () => {
  const printer = logPrinter({ ...all, limitBytes: 4 });
  assert.equal(text(printer.print(bytes(file))), "one\n");
  assert.equal(printer.full, true);
  assert.equal(printer.print(bytes(file)).length, 0);
});

for (const [lines, expected] of [
  [1, ""],
  [2, "2026-11-22T10:00:02.300000000+00:00 stdout F ee"],
  [3, "2026-11-22T10:00:02.200000000+00:00 stderr F between"],
] as const) {
  test(`the last ${lines} lines begin where they should`, () => {
    const data = bytes(file);
    const { start, found } = tailStart(data, lines);
    assert.equal(found, lines);
    assert.ok(text(data.subarray(start)).includes(expected));
    assert.equal(text(logPrinter(all).print(data.subarray(start))).split("\n").length - 1, lines);
  });
}

test("more lines than there are begin at the start", () => {
  assert.deepEqual(tailStart(bytes(file), 100), { start: 0, found: 5 });
});

test("a line that has no end yet counts", () => {
  const data = bytes(`${file}2026-11-22T10:00:04.1+00:00 stdout P open\n`);
  const { start, found } = tailStart(data, 1);
  assert.equal(found, 1);
  assert.equal(text(logPrinter(all).print(data.subarray(start))), "open");
});

for (const line of ["", "x", "2026 stdin F x", "2026 stdout Q x", "2026 stdout"]) {
  test(`${JSON.stringify(line)} is no entry`, () => assert.equal(parseEntry(bytes(line)), undefined));
}
