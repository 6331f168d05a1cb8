import assert from "node:assert/strict";
import { test } from "node:test";
import type { PolicyRule } from "../../api/types.ts";
import type { AccessAttributes } from "./access.ts";
import { ruleAllows, ruleText, uncovered } from "./rbac.ts";

const rule = (verbs: string[], apiGroups: string[], resources: string[], resourceNames?: string[]): PolicyRule => ({
  verbs,
  apiGroups,
  resources,
  ...(resourceNames && { resourceNames }),
});
const ask = (verb: string, resource: string, more: { group?: string; subresource?: string; name?: string } = {}): AccessAttributes => ({
  type: "resource",
  verb,
  group: more.group ?? "",
  resource,
  subresource: more.subresource,
  namespace: "default",
  name: more.name,
});
const askPath = (verb: string, path: string): AccessAttributes => ({ type: "path", verb, path });

const cases: readonly (readonly [sentence: string, rule: PolicyRule, asked: AccessAttributes, allowed: boolean])[] = [
  ["a rule allows what it names", rule(["get"], [""], ["pods"]), ask("get", "pods"), true],
  ["another verb is not allowed", rule(["get"], [""], ["pods"]), ask("list", "pods"), false],
  ["another group is not allowed", rule(["get"], ["apps"], ["pods"]), ask("get", "pods"), false],
  ["a resource does not bring its subresources", rule(["get"], [""], ["pods"]), ask("get", "pods", { subresource: "log" }), false],
  ["a subresource does not bring its resource", rule(["get"], [""], ["pods/log"]), ask("get", "pods"), false],
  ["a subresource is allowed by its name", rule(["get"], [""], ["pods/log"]), ask("get", "pods", { subresource: "log" }), true],
  [
    "a star and a subresource is that of every resource",
    rule(["get"], ["*"], ["*/scale"]),
    ask("get", "deployments", { group: "apps", subresource: "scale" }),
    true,
  ],
  ["a star and a subresource is no resource", rule(["get"], ["*"], ["*/scale"]), ask("get", "deployments", { group: "apps" }), false],
  ["a star is every resource and subresource", rule(["*"], ["*"], ["*"]), ask("create", "pods", { subresource: "exec" }), true],
  ["a name limits to that object", rule(["get"], [""], ["pods"], ["a"]), ask("get", "pods", { name: "b" }), false],
  ["a name allows that object", rule(["get"], [""], ["pods"], ["a"]), ask("get", "pods", { name: "a" }), true],
  ["a name never allows a request without one", rule(["list"], [""], ["pods"], ["a"]), ask("list", "pods"), false],
  ["a path is allowed by itself", { verbs: ["get"], nonResourceURLs: ["/metrics"] }, askPath("get", "/metrics"), true],
  ["a path does not bring what is under it", { verbs: ["get"], nonResourceURLs: ["/healthz"] }, askPath("get", "/healthz/ping"), false],
  [
    "a path with a star brings what is under it",
    { verbs: ["get"], nonResourceURLs: ["/healthz/*"] },
    askPath("get", "/healthz/ping"),
    true,
  ],
  ["a rule on resources says nothing of paths", rule(["*"], ["*"], ["*"]), askPath("get", "/metrics"), false],
  ["a rule on paths says nothing of resources", { verbs: ["*"], nonResourceURLs: ["*"] }, ask("get", "pods"), false],
];
for (const [sentence, given, asked, allowed] of cases) {
  test(sentence, () => assert.equal(ruleAllows(given, asked), allowed));
}

test("what is not covered is told verb by verb and thing by thing", () => {
  const owned = [rule(["get", "list"], [""], ["pods", "services"]), rule(["get"], ["apps"], ["*"])];
  const wanted = [
    rule(["get", "delete"], [""], ["pods"]),
    rule(["get"], ["apps"], ["deployments"]),
    rule(["*"], ["apps"], ["deployments"]),
  ];
  assert.deepEqual(uncovered(owned, wanted).map(ruleText), [
    '{APIGroups:[""], Resources:["pods"], Verbs:["delete"]}',
    '{APIGroups:["apps"], Resources:["deployments"], Verbs:["*"]}',
  ]);
});

test("all names are more than some names", () => {
  const some = [rule(["get"], [""], ["secrets"], ["a", "b"])];
  assert.equal(uncovered(some, [rule(["get"], [""], ["secrets"])]).length, 1);
  assert.equal(uncovered(some, [rule(["get"], [""], ["secrets"], ["b"])]).length, 0);
  assert.equal(uncovered([rule(["get"], [""], ["secrets"])], some).length, 0);
});
