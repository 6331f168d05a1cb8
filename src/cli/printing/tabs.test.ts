/** Texts that Go's tabwriter aligns this way. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { alignTabs } from "./tabs.ts";

test("neighbouring cells of a column share a width, and a line without the column ends it", () => {
  const table: [sentence: string, text: string, aligned: string][] = [
    ["two columns", "Name:\tweb\nNamespace:\tdefault\n", "Name:       web\nNamespace:  default\n"],
    ["a line between has no say", "a:\tx\nlong line without\nbbbb:\ty\n", "a:  x\nlong line without\nbbbb:  y\n"],
    ["what follows the last tab is no cell", "a\tbbbbbbbb\ncc\td\te\n", "a   bbbbbbbb\ncc  d  e\n"],
    ["columns of columns", "a\tb\tc\naa\tbb\tcc\n", "a   b   c\naa  bb  cc\n"],
    ["an empty cell is as wide as the others", "x:\ty\n\tz\n", "x:  y\n    z\n"],
    ["an inner column ends where a line has fewer", "A\tB\tC\nA\tBBBB\nA\tB\tC\n", "A  B  C\nA  BBBB\nA  B  C\n"],
    ["characters count, not bytes", "ä:\tx\nbb:\ty\n", "ä:   x\nbb:  y\n"],
    ["nothing", "", ""],
  ];
  for (const [sentence, text, aligned] of table) assert.equal(alignTabs(text), aligned, sentence);
});
