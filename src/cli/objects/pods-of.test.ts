import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pod } from "../../api/types.ts";
import { containerOf } from "./pods-of.ts";

function choose(
  name: string,
  { annotation, init = [] as string[], containers = ["web", "log"] } = {} as {
    annotation?: string;
    init?: string[];
    containers?: string[];
  },
) {
  const each = (list: string[]) => list.map((name) => ({ name, image: "x" }));
  const pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "p", ...(annotation && { annotations: { "kubectl.kubernetes.io/default-container": annotation } }) },
    spec: { containers: each(containers), initContainers: each(init) },
  } as Pod;
  let said = "";
  const stderr = {
    write: (text: string | Uint8Array) => void (said += String(text)),
    isTerminal: false,
    size: () => undefined,
    onResize: () => ({ close() {} }),
  };
  return [containerOf(pod, name, { stderr }), said];
}

test("the container is the named one, the annotated one, or the first, which is said where there are others", () => {
  assert.deepEqual(choose("log"), ["log", ""]);
  assert.deepEqual(choose("", { annotation: "log" }), ["log", ""]);
  assert.deepEqual(choose("", { annotation: "gone" }), ["web", 'Defaulted container "web" out of: web, log\n']);
  assert.deepEqual(choose("", { containers: ["web"] }), ["web", ""]);
  assert.deepEqual(choose("", { init: ["setup"] }), ["web", 'Defaulted container "web" out of: web, log, setup (init)\n']);
  assert.deepEqual(choose("setup", { init: ["setup"] }), ["setup", ""]);
  assert.throws(() => choose("nope"), /container nope is not valid for pod p/);
});
