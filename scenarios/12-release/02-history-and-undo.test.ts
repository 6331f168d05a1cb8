/** What a history tells beyond kubectl's, and an undo that says what it does before it does it: at real containers, with configuration. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { apps, core, startEngine } from "../harness/engine.ts";
import { until } from "../harness/until.ts";
import { replicaSets, rolledOut } from "../harness/workloads.ts";

const settled = "kubectl rollout status deploy/vweb --timeout=120s";

/** Cells of a table with two spaces between its columns. */
const cells = (line: string): string[] => line.trim().split(/\s{2,}/);

test("history and undo", async (t) => {
  const engine = await startEngine(t);
  const { run, attempt } = engine;
  const table = async (flags = ""): Promise<string[][]> =>
    (await run(`windlass rollout history deploy/vweb ${flags}`)).trimEnd().split("\n").slice(1).map(cells);
  /** Waits until the newest release is recorded as it should be. */
  const recorded = (revision: string, outcome: string) =>
    until(`revision ${revision} is recorded as ${outcome}`, async () => {
      const rows = await table();
      const last = rows.at(-1) ?? [];
      return last[0] === revision && (last[5] ?? "").startsWith(outcome) && rows;
    });
  const generation = async (): Promise<number> => (await engine.read(`${apps}/deployments/vweb`)).metadata.generation;

  await t.test("every release is told: number, who, image, how it ended and why it was made", async () => {
    await run("kubectl create serviceaccount deployer");
    await run("kubectl create clusterrolebinding editors --clusterrole=edit --user=jane --serviceaccount=default:deployer");
    await run(`kubectl config view --raw > deployer.kubeconfig
export KUBECONFIG=deployer.kubeconfig
kubectl config set-credentials deployer --token="$(kubectl create token deployer)"
kubectl config set-context --current --user=deployer`);
    await run(`kubectl apply -f vweb/vweb-v1.yaml && kubectl annotate deploy/vweb windlass.dev/proven-after-seconds=1 && ${settled}`);
    await recorded("1", "completed");
    await run(`kubectl set image deploy/vweb web=kiamol/ch09-vweb:v2 --as=jane && ${settled}`);
    await recorded("2", "completed");
    const applied = await attempt("KUBECONFIG=deployer.kubeconfig kubectl apply -f vweb/update/vweb-v11.yaml --record");
    assert.equal(applied.code, 0, applied.output);
    await run(settled);
    const rows = await recorded("3", "completed");
    assert.deepEqual(rows[0], ["REVISION", "WHEN", "WHO", "IMAGE", "CONFIG", "OUTCOME", "DURATION", "CHANGE-CAUSE"]);
    assert.deepEqual(
      rows.slice(1).map(([revision, , who, image, , outcome, , cause]) => [revision, who, image, outcome, cause?.replace(/ .*/, "")]),
      [
        ["1", "windlass-admin", "ch09-vweb:v1", "completed", "<none>"],
        ["2", "jane", "ch09-vweb:v2", "completed", "<none>"],
        ["3", "sa:default/deployer", "ch09-vweb:v1", "completed", "kubectl"],
      ],
    );
    const wide = await table("-o wide");
    assert.match(wide.join("\n"), /kiamol\/ch09-vweb:v2@sha256:[0-9a-f]{12}/);
    assert.deepEqual(
      wide.map(([, , who, manager]) => [who, manager]),
      [
        ["WHO", "MANAGER"],
        ["windlass-admin", "kubectl-client-side-apply"],
        ["jane (impersonated by windlass-admin)", "kubectl-set"],
        ["system:serviceaccount:default:deployer", "kubectl-client-side-apply"],
      ],
    );
    assert.match(
      await run("windlass rollout history deploy/vweb --revision=2"),
      /\nBy: +jane \(impersonated by windlass-admin\), with kubectl-set\n/,
    );
    assert.doesNotMatch(await run("kubectl get deploy/vweb -o yaml --show-managed-fields"), /jane|deployer|changed-by/);
  });

  await t.test("--plain is kubectl's output to the letter, for the list and for a revision", async () => {
    for (const flags of ["", "--revision=2", "--revision=3"]) {
      const theirs = await run(`kubectl rollout history deploy/vweb ${flags}`);
      assert.equal(await run(`windlass rollout history deploy/vweb ${flags} --plain`), theirs);
      if (flags !== "")
        assert.ok((await run(`windlass rollout history deploy/vweb ${flags}`)).startsWith(theirs), "and the details begin with it");
    }
  });

  await t.test("a revision shows what it changed, and an image when it ran", async () => {
    const details = await run("windlass rollout history deploy/vweb --revision=3");
    assert.match(details, /Changed since revision 2:\nPod template:\n/);
    assert.match(details, / - +version: v1\n \+ +version: v1\.1\n/);
    assert.match(details, / - +- image: kiamol\/ch09-vweb:v2\n \+ +- image: kiamol\/ch09-vweb:v1\n/);
    assert.deepEqual(
      (await table("--image ch09-vweb:v2")).map(([revision, when, until]) =>
        [revision, when, until].map((cell) => cell?.replace(/.* /, "")),
      ),
      [
        ["REVISION", "WHEN", "UNTIL"],
        ["2", "ago", "ago"],
      ],
    );
    assert.equal((await attempt("windlass rollout history deploy/vweb --revision=9")).code, 1);
  });

  await t.test("exercise 2, step 8: the label and the image disagree, and the undo says so before it acts", async () => {
    assert.match(
      await run("windlass rollout undo deploy/vweb --to-revision=2 --dry-run=client 2>err.txt"),
      /^deployment\.apps\/vweb Pod Template:\n.*\(dry run\)$/s,
    );
    assert.equal(await run("windlass rollout undo deploy/vweb --to-revision=2 2>err.txt"), "deployment.apps/vweb rolled back");
    const said = await run("cat err.txt");
    assert.match(said, /^What changes with revision 2:\nPod template:\n/);
    assert.match(said, /Warning: label version says v1, but the image is kiamol\/ch09-vweb:v2/);
    await run(settled);
    const rows = await recorded("4", "completed (as 2)");
    assert.equal(rows.at(-2)?.[5], "rolled back");
    assert.deepEqual(
      (await replicaSets(engine)).map(({ revision }) => revision),
      ["1", "3", "4"],
    );
    assert.equal(
      await run("windlass rollout undo deploy/vweb --to-revision=4"),
      "deployment.apps/vweb skipped rollback (current template already matches revision 4)",
    );
    const unknown = await attempt("windlass rollout undo deploy/vweb --to-revision=99");
    assert.deepEqual([unknown.code, unknown.output.trim()], [1, "error: unable to find specified revision 99 in history"]);
  });

  await t.test("configuration comes back with the workload, and what the file says afterwards is what happens", async () => {
    const served = () => run("kubectl exec deploy/vweb -- cat /usr/share/nginx/html/v.txt");
    await run(`kubectl apply -f vweb/update/vweb-v3-with-configMap.yaml && ${settled}`);
    await recorded("5", "completed");
    // New content and a new image at once, as a release brings them.
    await run(
      `kubectl apply -f vweb/update/vweb-configMap-v31.yaml && kubectl set image deploy/vweb web=kiamol/ch09-vweb:v1 && ${settled}`,
    );
    const rows = await recorded("6", "completed");
    assert.equal(rows.at(-1)?.[4], "vweb-config*");
    assert.match(
      await run("windlass rollout history deploy/vweb --revision=6"),
      /ConfigMap vweb-config, v\.txt:\n - v3-from-config\n \+ v3\.1\n/,
    );
    await run(`windlass rollout undo deploy/vweb 2>err.txt && ${settled}`);
    assert.match(
      await run("cat err.txt"),
      /ConfigMap vweb-config, v\.txt:\n - v3\.1\n \+ v3-from-config\n.*configmap\/vweb-config restored/s,
    );
    await rolledOut(engine);
    assert.equal(await served(), "v3-from-config");
    const before = await generation();
    const applied = await run("kubectl apply -f vweb/update/vweb-v3-with-configMap.yaml");
    assert.match(applied, /configmap\/vweb-config unchanged/);
    assert.equal((await engine.read(`${core}/configmaps/vweb-config`)).data["v.txt"], "v3-from-config");
    assert.equal((await replicaSets(engine)).length, 5, `no further revision\n${applied}`);
    assert.ok((await generation()) - before <= 1);
  });

  await t.test("what can't run any more is refused by name, with nothing changed; --force insists", async () => {
    await run("kubectl create secret generic login --from-literal=password=x");
    await run(`kubectl set env deploy/vweb --from=secret/login && ${settled}`);
    await recorded("8", "completed");
    await run(`kubectl set env deploy/vweb PASSWORD- && ${settled}`);
    await recorded("9", "completed");
    await until("revision 9 is proven good", async () => {
      const { releases } = JSON.parse(await run("windlass rollout history deploy/vweb --revision=9 -o json"));
      return releases[0].proven !== undefined;
    });
    await run("kubectl delete secret login");
    const before = await generation();
    const { code, output } = await attempt("windlass rollout undo deploy/vweb --to-revision=8 --quiet");
    assert.equal(code, 14, output);
    assert.match(output, /error: Secret "login" is not there any more/);
    assert.equal(await generation(), before);
    const forced = await attempt("windlass rollout undo deploy/vweb --to-revision=8 --quiet --force");
    assert.equal(forced.code, 0, forced.output);
    assert.match(forced.output, /Warning: Secret "login" is not there any more/);
    assert.equal(
      await run(`windlass rollout undo deploy/vweb --to-last-good --quiet 2>err.txt && ${settled}`).then((text) => text.split("\n")[0]),
      "deployment.apps/vweb rolled back",
    );
    const rows = await recorded("11", "completed");
    assert.equal(rows.at(-2)?.[5]?.replace(/ \(.*/, ""), "aborted");
  });

  await t.test("the story outlives the ReplicaSets and the engine's end", async () => {
    await run(`kubectl patch deploy/vweb -p '{"spec":{"revisionHistoryLimit":0}}'`);
    await until("old ReplicaSets are gone", async () => (await replicaSets(engine)).length === 1);
    process.kill(engine.pid(), "SIGKILL");
    await engine.up();
    const rows = await until("the history is served", async () => {
      const { code, output } = await attempt("windlass rollout history deploy/vweb");
      return code === 0 && output.trimEnd().split("\n").slice(2).map(cells);
    });
    assert.deepEqual(
      rows.map(([revision]) => revision),
      ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11"],
    );
    assert.deepEqual(
      rows.slice(0, 3).map(([, , who]) => who),
      ["windlass-admin", "jane", "sa:default/deployer"],
    );
    await run(`windlass rollout undo deploy/vweb --to-revision=1 --quiet 2>err.txt && ${settled}`);
    assert.equal(
      await run("kubectl get deploy vweb -o jsonpath='{.spec.template.spec.containers[0].image} {.spec.template.metadata.labels.version}'"),
      "kiamol/ch09-vweb:v1 v1",
    );
  });

  await t.test("last-applied stays true: after an undo, a file takes away what it does not have (KR-26)", async () => {
    const manifest = (...names: string[]) => ({
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "pair" },
      spec: {
        selector: { matchLabels: { app: "pair" } },
        template: {
          metadata: { labels: { app: "pair" } },
          spec: { containers: names.map((name) => ({ name, image: "kiamol/ch09-vweb:v1", command: ["sleep", "1000"] })) },
        },
      },
    });
    const write = (name: string, object: object): void => writeFileSync(join(engine.directory, name), JSON.stringify(object));
    write("two.json", manifest("app", "sidecar"));
    write("one.json", manifest("app"));
    await run(
      "kubectl apply -f two.json && kubectl rollout status deploy/pair && kubectl apply -f one.json && kubectl rollout status deploy/pair",
    );
    await run("windlass rollout undo deploy/pair --quiet 2>err.txt");
    const names = () => run("kubectl get deploy pair -o jsonpath='{.spec.template.spec.containers[*].name}'");
    assert.equal(await names(), "app sidecar");
    await run("kubectl apply -f one.json");
    assert.equal(await names(), "app");
  });
});
