/** cp and run reach into real containers: files go in and come out, and a joined Pod ends with its own code. */
import assert from "node:assert/strict";
import test from "node:test";
import { startEngine } from "../harness/engine.ts";
import { assertSame } from "../harness/same-as-kubectl.ts";

const mistakes = [
  "kubectl cp",
  "kubectl cp a",
  "kubectl cp a b",
  "kubectl cp p:a q:b",
  "kubectl cp nope nope:/x",
  "kubectl cp web.yaml nope:/x",
  "kubectl cp nope:/x y",
  "kubectl cp a/b/c:/x y",
  "kubectl cp web.yaml nope:",
  "kubectl cp :x y",
];

test("files are copied, and Pods are run and joined", async (t) => {
  const engine = await startEngine(t, { images: ["ch03-sleep.tar"], files: new URL("manifests/", import.meta.url) });
  const { run, attempt } = engine;
  const flags = "--image=kiamol/ch03-sleep --image-pull-policy=Never";
  await run(`windlass run shell ${flags} && kubectl wait --for=condition=Ready pod/shell --timeout=120s`);
  await run("mkdir -p up/inner && echo one > up/a && echo two > up/inner/b");

  await t.test("a folder goes in under its own name, and comes out again", async () => {
    await run("windlass cp up shell:/tmp/");
    assert.equal(await run("kubectl exec shell -- cat /tmp/up/inner/b"), "two");
    await run("windlass cp up/a shell:/tmp/renamed");
    assert.equal(await run("kubectl exec shell -- cat /tmp/renamed"), "one");
    await run("windlass cp default/shell:/tmp/up down");
    assert.equal(await run("cd down && find . -type f | sort | xargs cat"), "one\ntwo");
  });

  await t.test("what is not in the container is told, and the exit code says so", async () => {
    const { code, stderr } = await attempt("windlass cp shell:/nope here");
    assert.equal(code, 1);
    assert.match(stderr, /\/nope: No such file or directory/);
  });

  await t.test("a joined Pod gets the input, ends with its own code, and goes with --rm", async () => {
    const { code, stdout } = await attempt(
      `echo hi | windlass run joined ${flags} -i --rm --restart=Never --command -- sh -c 'read x; echo got $x; exit 3'`,
    );
    assert.equal(code, 3);
    assert.match(stdout, /^got hi$/m);
    assert.match(stdout, /^pod "joined" deleted from default namespace$/m);
    assert.equal((await attempt("kubectl wait --for=delete pod/joined --timeout=60s")).code, 0);
  });

  await t.test("mistakes are told as kubectl tells them", () => assertSame(engine, mistakes));
});
