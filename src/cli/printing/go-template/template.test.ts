/** Go templates in their corners; the usual ones are compared with kubectl's in a scenario. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { compileGoTemplate } from "./template.ts";

const fill = (text: string, value: unknown, allowMissing = true): string => compileGoTemplate(text, { allowMissing })(value);

test("a template prints what Go prints", () => {
  const value = { name: "web", list: [1, 2, 3], map: { b: "2", a: "1" }, none: [], zero: 0 };
  const table: [template: string, text: string][] = [
    ["{{.name}} {{.nope}} {{.map}} {{.list}}", "web <no value> map[a:1 b:2] [1 2 3]"],
    ["{{range $k, $v := .map}}{{$k}}={{$v}};{{end}}", "a=1;b=2;"],
    ["{{range .none}}x{{else}}nothing{{end}}", "nothing"],
    ["{{range .list}}{{if eq . 2}}{{continue}}{{end}}{{.}}{{end}}", "13"],
    ["{{$x := 1}}{{range .list}}{{$x = .}}{{end}}{{$x}}", "3"],
    ["{{$x := 1}}{{if true}}{{$x := 2}}{{$x}}{{end}}{{$x}}", "21"],
    ["a {{- .name -}} b {{/* c */ -}}  d", "awebb d"],
    ["{{if .zero}}a{{else if .name}}b{{else}}c{{end}}", "b"],
    ['{{define "t"}}<{{.}}>{{end}}{{range .list}}{{template "t" .}}{{end}}', "<1><2><3>"],
    ["{{with $n := .name}}{{$n | printf `%q`}}{{end}}", '"web"'],
    ["{{(index .list 1) | printf `%03d`}}", "002"],
    ["{{and .zero (index .list 9)}}", "0"],
  ];
  for (const [template, text] of table) assert.equal(fill(template, value), text, template);
});

test("what makes no sense is told, before anything is printed where that can be known", () => {
  const table: [template: string, problem: RegExp][] = [
    ["{{.a", /unclosed action/],
    ["{{if .a}}", /unexpected EOF/],
    ["{{end}}", /unexpected \{\{end\}\}/],
    ["{{nope .a}}", /function "nope" not defined/],
    ['{{template "t"}}', /template "t" not defined/],
    ["{{index .list 9}}", /index out of range: 9/],
    ["{{$x}}", /undefined variable/],
    ["{{lt 1 `a`}}", /incompatible types/],
    ["{{.name.x}}", /can't evaluate field x/],
  ];
  for (const [template, problem] of table) assert.throws(() => fill(template, { name: "web", list: [1] }), problem, template);
  assert.throws(() => fill("{{.nope}}", {}, false), /map has no entry for key "nope"/);
  assert.throws(() => fill('{{define "t"}}{{template "t"}}{{end}}{{template "t"}}', {}), /maximum template depth/);
});
