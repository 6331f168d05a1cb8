import assert from "node:assert/strict";
import { test } from "node:test";
import { ApiError } from "../api/errors.ts";
import { deepFreeze } from "./freeze.ts";
import { compileLabelSelector, labelSelectorText, parseLabelSelector } from "./selectors.ts";

const labels = { app: "web", tier: "front", size: "12" };
const rows: readonly [selector: string, matches: boolean, text: string][] = [
  ["", true, ""],
  ["app=web", true, "app=web"],
  ["app==web", true, "app=web"],
  ["app = db", false, "app=db"],
  ["app!=db", true, "app!=db"],
  ["missing!=x", true, "missing!=x"],
  ["app=", false, "app="],
  ["tier in (back, front)", true, "tier in (back,front)"],
  ["tier notin (front)", false, "tier notin (front)"],
  ["missing notin (a)", true, "missing notin (a)"],
  ["app", true, "app"],
  ["!app", false, "!app"],
  ["!missing", true, "!missing"],
  ["size>11,size<13", true, "size>11,size<13"],
  ["app>1", false, "app>1"],
  ["tier,app=web", true, "app=web,tier"],
  ["in in (in)", false, "in in (in)"],
  ["app in (web,)", true, "app in (,web)"],
  ["constructor", false, "constructor"],
];
for (const [selector, matches, text] of rows) {
  test(`the selector "${selector}" ${matches ? "selects" : "passes over"} app=web,tier=front,size=12`, () => {
    const parsed = parseLabelSelector(selector);
    assert.equal(parsed.matches(labels), matches);
    assert.equal(parsed.toString(), text);
  });
}

const broken: readonly [selector: string, message: string][] = [
  ["a=b c", "found 'c', expected: ',' or 'end of string'"],
  ["a,", "found '', expected: identifier after ','"],
  ["=a", "found '=', expected: !, identifier, or 'end of string'"],
  ["a in", "unable to parse requirement: found '' expected: '('"],
  ["a in (x", "unable to parse requirement: found '', expected: ',' or ')'"],
  ["a in ()", "unable to parse requirement: values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty"],
  ["a x", "unable to parse requirement: found 'x', expected: in, notin, =, ==, !=, gt, lt"],
  ["a>x", "unable to parse requirement: values[0]: Invalid value: \"x\": for 'Gt', 'Lt' operators, the value must be an integer"],
  [
    "a=-x",
    "unable to parse requirement: values[0][a]: Invalid value: \"-x\": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
  ],
];
for (const [selector, message] of broken) {
  test(`the selector "${selector}" is refused with the API's words`, () => {
    assert.throws(
      () => parseLabelSelector(selector),
      (error) => error instanceof ApiError && error.code === 400 && error.message === message,
    );
  });
}

test("an absent LabelSelector matches nothing, an empty one everything", () => {
  assert.equal(compileLabelSelector(undefined).matches({}), false);
  assert.equal(compileLabelSelector(undefined).nothing, true);
  assert.equal(compileLabelSelector({}).matches(undefined), true);
  assert.equal(compileLabelSelector({}).everything, true);
});

test("a LabelSelector wants all of its labels and expressions", () => {
  const selector = { matchLabels: { app: "web" }, matchExpressions: [{ key: "tier", operator: "In", values: ["front", "back"] }] };
  assert.equal(compileLabelSelector(selector).matches(labels), true);
  assert.equal(compileLabelSelector(selector).matches({ app: "web" }), false);
  assert.equal(labelSelectorText(selector), "app=web,tier in (back,front)");
});

test("a frozen LabelSelector is compiled once", () => {
  const selector = deepFreeze({ matchLabels: { app: "web" } });
  assert.equal(compileLabelSelector(selector), compileLabelSelector(selector));
});

test("an operator that nobody knows is refused", () => {
  assert.throws(
    () => compileLabelSelector({ matchExpressions: [{ key: "a", operator: "constructor" }] }),
    /not a valid label selector operator/,
  );
});
