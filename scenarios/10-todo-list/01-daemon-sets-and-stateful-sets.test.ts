/**
 * The to-do application on three nodes: a replicated PostgreSQL in a StatefulSet and a proxy on each node by a DaemonSet are
 * updated stage by stage and brought back, while people's items stay where they are.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Page } from "playwright-core";
import { openBrowser } from "../harness/browser.ts";
import { apps, core, type Engine, startEngine } from "../harness/engine.ts";
import { lookAtMachine, tracesOfPods } from "../harness/leftovers.ts";
import { staysTrue, until } from "../harness/until.ts";
import { pods, rolledOut } from "../harness/workloads.ts";

const images = ["ch09-vweb.tar", "ch03-sleep.tar", "ch04-todo-list.tar", "nginx.tar", "postgres.tar"];
const everything = "all,cm,secret,pvc -l kiamol=ch09";
const standsStillMs = 2000;
/** A line that waits for the end of a rollout takes as long as a busy machine needs for a dozen containers. */
const patienceMs = 240_000;
const application = "-f todo-list/db/ -f todo-list/web/ -f todo-list/proxy/";

for (const kubectl of ["1.35", "windlass"] as const) {
  test(`DaemonSets and StatefulSets, with ${kubectl}`, async (t) => {
    const machine = lookAtMachine();
    const browser = await openBrowser(t);
    const engine = await startEngine(t, { nodes: 3, images, kubectl });
    const { attempt } = engine;
    const run = (line: string): Promise<string> => engine.run(line, { patienceMs });

    await t.test("1: deleting by label takes workloads and Services, and their Pods", async () => {
      await run("kubectl apply -f vweb/ && kubectl rollout status deploy/vweb");
      await run("kubectl delete all -l kiamol=ch09");
      await eventually("the Pods are gone", async () => (await pods(engine, "app=vweb")).length === 0);
      assert.equal(await run("kubectl get all -l kiamol=ch09 -o name"), "");
    });

    await t.test("2: an item added in a browser is in the list, and the standby follows the primary", async () => {
      await run(`kubectl apply ${application}`);
      await run("kubectl rollout status statefulset/todo-db && kubectl rollout status daemonset/todo-proxy");
      await run("kubectl rollout status deployment/todo-web");
      await run("kubectl get svc todo-proxy -o jsonpath='http://{.status.loadBalancer.ingress[0].*}:8091' > url.txt");
      await browser.goto(await run("cat url.txt"));
      await browser.getByRole("link", { name: "Add an item" }).click();
      await addItem(browser, "Read about <StatefulSets>");
      await browser.getByText("Added.").waitFor();
      assert.deepEqual(await itemsOn(browser), ["Read about <StatefulSets>"]);
      await assertReplicates(engine);
      await eventually("the item is on the standby", async () =>
        (await itemsIn(engine, "todo-db-1")).includes("Read about <StatefulSets>"),
      );
      assert.equal(await psql(engine, "todo-db-1", "select pg_is_in_recovery()"), "t");
    });

    await t.test("the password's file can be read by its owner only, and the data are on claims", async () => {
      assert.match(await run("kubectl exec todo-db-0 -c db -- ls -lL /secrets/postgres_password"), /^-r-------- /);
      assert.match(await run("kubectl exec deploy/todo-web -- ls -lL /app/secrets/secrets.json"), /^-r-------- /);
      const { items } = await engine.read(`${core}/persistentvolumeclaims`);
      assert.deepEqual(
        (items as any[]).map(({ metadata, spec, status }) => [metadata.name, spec.resources.requests.storage, status.phase]),
        [
          ["data-todo-db-0", "50Mi", "Bound"],
          ["data-todo-db-1", "50Mi", "Bound"],
        ],
      );
      const used = Number(await run("kubectl exec todo-db-0 -c db -- du -sk /var/lib/postgresql/data | cut -f1"));
      assert.ok(used <= 50 * 1024, `the data take ${used} KiB of 50 MiB`);
    });

    await t.test("3: the proxy is replaced node by node, each old Pod gone before its successor is made", async () => {
      const before = (await pods(engine, "app=todo-proxy")).map(({ metadata }) => metadata.name as string);
      assert.equal(before.length, 3);
      const watch = engine.start("kubectl get po -l app=todo-proxy --watch --output-watch-events --no-headers");
      await eventually("the watch has begun", () => watch.output().split("\n").length > 3);
      await run("sed 's/minReadySeconds: 90/minReadySeconds: 2/' todo-list/proxy/update/nginx-rollingUpdate.yaml > soon.yaml");
      assert.match(await run("kubectl apply -f soon.yaml"), /todo-proxy configured/);
      assert.match(await run("kubectl rollout status daemonset/todo-proxy"), /daemon set "todo-proxy" successfully rolled out$/);
      const after = await pods(engine, "app=todo-proxy");
      assert.deepEqual(after.map(imageOf), Array(3).fill("nginx:1.18-alpine"));
      assert.equal(new Set(after.map(({ spec }) => spec.nodeName)).size, 3);
      const { output } = await watch.end();
      const events = output
        .trim()
        .split("\n")
        .map((line) => line.split(/\s+/))
        .map(([event, name, ready]) => ({ event, ready, isOld: before.includes(name ?? "") }));
      let deleted = 0;
      let made = 0;
      let ready = 0;
      for (const { event, ready: count, isOld } of events) {
        if (event === "DELETED" && isOld) {
          assert.equal(deleted, ready, "the successor before is ready when the next Pod goes");
          deleted++;
        }
        if (event === "ADDED" && !isOld) assert.equal(++made, deleted, "a Pod is made when an old one is gone");
        if (!isOld && count === "1/1" && ready < made) ready++;
      }
      assert.deepEqual([deleted, made, ready], [3, 3, 3], output);
      await browser.goto(`${await run("cat url.txt")}/list`);
      assert.equal((await itemsOn(browser)).length, 1);
    });

    await t.test("4: with a partition only the standby is replaced, and it keeps its volume and data", async () => {
      const [primary, standby] = await databasePods(engine);
      await run("kubectl apply -f todo-list/db/update/todo-db-rollingUpdate-partition.yaml");
      const status = await run("kubectl rollout status statefulset/todo-db");
      assert.match(status, /partitioned roll out complete: 1 new pods have been updated\.\.\.$/);
      const [primaryNow, standbyNow] = await databasePods(engine);
      assert.equal(primaryNow.metadata.uid, primary.metadata.uid);
      assert.notEqual(standbyNow.metadata.uid, standby.metadata.uid);
      assert.deepEqual(standbyNow.spec.volumes.find(isClaim), standby.spec.volumes.find(isClaim));
      assert.match(await run("kubectl logs todo-db-1 -c db"), /Skipping initialization/);
      assert.doesNotMatch(await run("kubectl logs todo-db-1 -c db"), /copying the primary's data/);
      await assertReplicates(engine);
      assert.deepEqual(await itemsIn(engine, "todo-db-1"), ["Read about <StatefulSets>"]);
    });

    await t.test("5: the images differ", async () => {
      const table = await run(
        "kubectl get pods -l app=todo-db -o=custom-columns=NAME:.metadata.name,IMAGE:.spec.containers[0].image,START_TIME:.status.startTime",
      );
      assert.deepEqual(
        table.split("\n").map((line) => line.split(/\s+/).slice(0, 2)),
        [
          ["NAME", "IMAGE"],
          ["todo-db-0", "postgres:11.6-alpine"],
          ["todo-db-1", "postgres:11.8-alpine"],
        ],
      );
      assert.match(await run("kubectl exec todo-db-1 -c db -- cat /etc/image-version"), /^postgres:11\.8-alpine /);
    });

    await t.test("6: read-only, the application reads from the updated standby", async () => {
      await run("kubectl apply -f todo-list/web/update/todo-web-readonly.yaml && kubectl rollout status deploy/todo-web");
      await rolledOut(engine, "todo-web");
      await eventually("the proxies show the new pages", async () => {
        await browser.goto(`${await run("cat url.txt")}/list`);
        return (await browser.locator(".badge").count()) === 1;
      });
      assert.deepEqual(await itemsOn(browser), ["Read about <StatefulSets>"]);
      assert.match((await browser.locator("footer").textContent()) ?? "", /todo-db-1\.todo-db\./);
      assert.equal(await browser.getByRole("link", { name: "Add an item" }).count(), 0);
      assert.equal(await run("curl -s -o page.html -w '%{http_code}' $(cat url.txt)/new -d item=no"), "403");
      assert.match(await run("cat page.html"), /new items are not taken/);
      assert.equal((await itemsIn(engine, "todo-db-0")).length, 1);
    });

    await t.test("7: the full update replaces the primary, too; the data stay, and items are taken again", async () => {
      const [primary, standby] = await databasePods(engine);
      await run("kubectl apply -f todo-list/db/update/todo-db-rollingUpdate.yaml");
      assert.match(
        await run("kubectl rollout status statefulset/todo-db"),
        /statefulset rolling update complete 2 pods at revision todo-db-/,
      );
      const [primaryNow, standbyNow] = await databasePods(engine);
      assert.notEqual(primaryNow.metadata.uid, primary.metadata.uid);
      assert.equal(standbyNow.metadata.uid, standby.metadata.uid);
      assert.equal(imageOf(primaryNow), "postgres:11.8-alpine");
      assert.match(await run("kubectl logs todo-db-0 -c db"), /database system was shut down at/, "the primary had been stopped cleanly");
      await run("kubectl apply -f todo-list/web/todo-web.yaml && kubectl rollout status deploy/todo-web");
      await rolledOut(engine, "todo-web");
      await eventually(
        "the database takes items again",
        async () => (await run("curl -s -o /dev/null -w '%{http_code}' $(cat url.txt)/new")) === "200",
      );
      await browser.goto(`${await run("cat url.txt")}/new`);
      await addItem(browser, "Write about them");
      assert.deepEqual(await itemsOn(browser), ["Write about them", "Read about <StatefulSets>"]);
      await assertReplicates(engine);
    });

    await t.test("8: with OnDelete nothing is replaced until somebody deletes a Pod", async () => {
      await run("kubectl apply -f todo-list/db/update/todo-db-onDelete.yaml -f todo-list/proxy/update/nginx-onDelete.yaml");
      for (const path of ["statefulsets/todo-db", "daemonsets/todo-proxy"]) {
        await eventually(`${path} has been looked at`, async () => {
          const { metadata, status } = await engine.read(`${apps}/${path}`);
          return status.observedGeneration === metadata.generation;
        });
      }
      const imagesOf = async (app: string) => (await pods(engine, `app=${app}`)).map(imageOf);
      await staysTrue("every Pod is as it was", standsStillMs, async () =>
        [...(await imagesOf("todo-db")), ...(await imagesOf("todo-proxy"))].every((image) => /:(11\.8|1\.18)-alpine$/.test(image)),
      );
      const [, standby] = await databasePods(engine);
      const [proxy] = await pods(engine, "app=todo-proxy");
      await run(`kubectl delete pod todo-db-1 ${proxy.metadata.name}`);
      await eventually("both have successors", async () => {
        const [, next] = await databasePods(engine);
        const proxies = await pods(engine, "app=todo-proxy");
        return [next, ...proxies].every(isReady) && proxies.length === 3 && next.metadata.uid !== standby.metadata.uid;
      });
      assert.deepEqual(await imagesOf("todo-db"), ["postgres:11.8-alpine", "postgres:11.6-alpine"]);
      const proxies = await pods(engine, "app=todo-proxy");
      assert.deepEqual(
        proxies.filter((pod) => imageOf(pod) === "nginx:1.17-alpine").map(({ spec }) => spec.nodeName),
        [proxy.spec.nodeName],
      );
      for (const name of ["statefulset/todo-db", "daemonset/todo-proxy"]) {
        const { code, output } = await attempt(`kubectl rollout status ${name}`);
        assert.deepEqual([code, output.trim()], [1, "error: rollout status is only available for RollingUpdate strategy type"]);
      }
    });

    await t.test("9: history, undo, restart and status for both kinds; pause is refused", async () => {
      await run("kubectl apply -f todo-list/db/update/todo-db-rollingUpdate.yaml -f soon.yaml");
      await run("kubectl rollout status statefulset/todo-db && kubectl rollout status daemonset/todo-proxy");
      for (const [name, kind, app, older, newer] of [
        ["statefulset/todo-db", "statefulset.apps/todo-db", "todo-db", "postgres:11.6-alpine", "postgres:11.8-alpine"],
        ["daemonset/todo-proxy", "daemonset.apps/todo-proxy", "todo-proxy", "nginx:1.17-alpine", "nginx:1.18-alpine"],
      ] as const) {
        const revisions = async () =>
          (await run(`kubectl rollout history ${name}`))
            .split("\n")
            .slice(2)
            .flatMap((line) => /^(\d+)\s/.exec(line)?.[1] ?? []);
        const [first, last, ...more] = await revisions();
        assert.deepEqual(more, [], "an old template that comes back is no new revision");
        assert.match(await run(`kubectl rollout history ${name} --revision=${first}`), new RegExp(`Image:\\s+${older}`));
        assert.match(await run(`kubectl rollout history ${name} --revision=${last}`), new RegExp(`Image:\\s+${newer}`));

        assert.match(await run(`kubectl rollout undo ${name} --dry-run=server`), /\(server dry run\)/);
        assert.equal(await run(`kubectl rollout undo ${name}`), `${kind} rolled back`);
        await run(`kubectl rollout status ${name}`);
        assert.deepEqual([...new Set((await pods(engine, `app=${app}`)).map(imageOf))], [older]);
        assert.equal(await run(`kubectl rollout undo ${name} --to-revision=${last}`), `${kind} rolled back`);
        await run(`kubectl rollout status ${name}`);
        assert.deepEqual([...new Set((await pods(engine, `app=${app}`)).map(imageOf))], [newer]);

        const before = (await pods(engine, `app=${app}`)).map(({ metadata }) => metadata.uid);
        assert.equal(await run(`kubectl rollout restart ${name}`), `${kind} restarted`);
        await run(`kubectl rollout status ${name}`);
        const after = (await pods(engine, `app=${app}`)).map(({ metadata }) => metadata.uid);
        assert.deepEqual(
          before.filter((uid) => after.includes(uid)),
          [],
        );

        const { code, output } = await attempt(`kubectl rollout pause ${name}`);
        assert.equal(code, 1);
        assert.match(output, /pausing is not supported/);
      }
      await assertReplicates(engine);
      assert.deepEqual(await itemsIn(engine, "todo-db-0"), ["Write about them", "Read about <StatefulSets>"]);
    });

    // What follows is about the application, whoever types.
    if (kubectl === "1.35")
      await t.test(
        "while the database is away: new items get a page that says so, the list is shown on, and nothing has to be restarted",
        async () => {
          const url = await run("cat url.txt");
          await eventually("every proxy keeps the list", async () => {
            const seen = new Set<string>();
            for (let n = 0; n < 9; n++) seen.add(/x-proxy: (\S+)/i.exec(await run(`curl -s -D - -o /dev/null ${url}/list`))?.[1] ?? "");
            return seen.size === 3;
          });
          await run("kubectl scale statefulset/todo-db --replicas=0");
          await eventually("the primary is gone", async () => (await pods(engine, "app=todo-db")).length === 0);
          assert.equal(await run(`curl -s -D head.txt -o page.html -w '%{http_code}' ${url}/new -d item=later`), "503");
          assert.match(await run("cat head.txt"), /^retry-after: 2/im);
          assert.match(await run("cat page.html"), /The database does not answer\. What is in the list is safe/);
          assert.match(await run(`curl -s ${url}/list`), /Write about them/);
          await run("kubectl scale statefulset/todo-db --replicas=2 && kubectl rollout status statefulset/todo-db");
          assert.equal(await run(`curl -s -o /dev/null -w '%{http_code}' ${url}/new -d item=later`), "303");
          assert.equal((await itemsIn(engine, "todo-db-0"))[0], "later");
          for (const pod of await pods(engine, "app=todo-web")) assert.equal(pod.status.containerStatuses[0].restartCount, 0);
          const log = await run("kubectl logs -l app=todo-web --tail=-1");
          assert.match(log, /the database todo-db-0\.\S+ is away: /);
          // The Pod that met the closed door says so when it is next asked, which may be the other one's turn.
          await eventually("it says that the database answers again", async () => {
            await run(`curl -s -o /dev/null ${url}/new -d item=again`);
            return /answers again after/.test(await run("kubectl logs -l app=todo-web --tail=-1"));
          });
          assert.doesNotMatch(log, /only-an-example/);
        },
      );

    await t.test("cleaning up leaves nothing of the application", async () => {
      await run(`kubectl delete ${everything}`);
      await eventually("no trace is left", () => tracesOfPods(engine.home, machine, engine.pid()).length === 0).catch(() => {
        assert.deepEqual(tracesOfPods(engine.home, machine, engine.pid()), []);
      });
      assert.equal(await run(`kubectl get ${everything} -o name`), "");
      await eventually("the volumes are gone", async () => (await run("kubectl get pv -o name")) === "");
    });

    if (kubectl === "1.35")
      await t.test("Pods that come before their configuration wait and go on when it is there", async () => {
        await run("kubectl apply -f todo-list/web/todo-web.yaml -f todo-list/proxy/nginx.yaml -f todo-list/db/todo-db.yaml");
        await eventually("the web application waits", async () => {
          const { output } = await attempt("kubectl describe pods -l app=todo-web");
          return /configmap "todo-web-config" not found/.test(output);
        });
        assert.ok((await pods(engine, "app=todo-web")).every(({ status }) => status.phase === "Pending"));
        await run(`kubectl apply ${application}`);
        for (const name of ["deploy/todo-web", "ds/todo-proxy", "sts/todo-db"]) await run(`kubectl rollout status ${name}`);
        await run(`kubectl delete ${everything}`);
      });
  });
}

const isClaim = (volume: any): boolean => volume.persistentVolumeClaim !== undefined;
const imageOf = (pod: any): string => pod.spec.containers[0].image;
const isReady = (pod: any): boolean =>
  pod?.metadata.deletionTimestamp === undefined &&
  pod?.status.conditions?.some(({ type, status }: any) => type === "Ready" && status === "True");

/** Waits as long as containers may take to start and end on a busy machine. */
function eventually(what: string, look: () => unknown): Promise<unknown> {
  return until(what, look, { withinMs: patienceMs });
}

/** The primary and the standby. */
async function databasePods(engine: Engine): Promise<any[]> {
  const found = await pods(engine, "app=todo-db");
  return ["todo-db-0", "todo-db-1"].map((name) => found.find(({ metadata }) => metadata.name === name));
}

/** Asks PostgreSQL itself, on both sides. */
async function assertReplicates(engine: Engine): Promise<void> {
  await eventually("the primary streams to the standby", async () => {
    const [, standby] = await databasePods(engine);
    const seen = await psql(engine, "todo-db-0", "select client_addr, state from pg_stat_replication");
    return seen === `${standby.status.podIP}|streaming`;
  });
  await eventually("the standby receives from the primary", async () => {
    const seen = await psql(engine, "todo-db-1", "select status, sender_host from pg_stat_wal_receiver");
    return seen === "streaming|todo-db-0.todo-db.default.svc.cluster.local";
  });
}

async function itemsIn(engine: Engine, pod: string): Promise<string[]> {
  return (await psql(engine, pod, "select text from todo_items order by added_at desc")).split("\n");
}

function psql(engine: Engine, pod: string, query: string): Promise<string> {
  return engine.run(`kubectl exec ${pod} -c db -- psql -U postgres -d todo -At -c '${query}'`);
}

async function addItem(page: Page, text: string): Promise<void> {
  await page.getByLabel("What is to be done?").fill(text);
  await page.getByRole("button", { name: "Add" }).click();
  await page.waitForURL(/\/list\?added=/);
}

async function itemsOn(page: Page): Promise<string[]> {
  return page.locator("ul.items li span").allTextContents();
}
