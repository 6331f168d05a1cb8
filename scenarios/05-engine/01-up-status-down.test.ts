/** Starting, asking and stopping an engine: what is said, and which exit code it has. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { apps, startEngine } from "../harness/engine.ts";
import { leftovers, lookAtMachine } from "../harness/leftovers.ts";
import { until } from "../harness/until.ts";
import { pods, rolledOut } from "../harness/workloads.ts";

test("up, status and down", async (t) => {
  const before = lookAtMachine();
  const engine = await startEngine(t);
  const { run, attempt } = engine;
  /** One line on standard error and nothing else, with exit code 1. */
  const refused = async (line: string, why: RegExp): Promise<void> => {
    const { code, stdout, stderr } = await attempt(line);
    assert.equal(code, 1, line);
    assert.equal(stdout, "", line);
    assert.match(stderr, why);
    assert.doesNotMatch(stderr, /\n\s+at /, "no stack is shown");
  };

  await t.test("status says where it is", async () => {
    assert.match(
      await run("windlass status"),
      /^Windlass \S+ is up: https:\/\/127\.0\.0\.1:\d+ \(pid \d+, \d+ MiB, since \S+\)\.\nPods run as real containers\./,
    );
    const status = JSON.parse(await run("windlass status -o json"));
    assert.deepEqual([status.up, status.ready, status.pid], [true, true, engine.pid()]);
    assert.equal(status.address, await run("kubectl config view --minify -o jsonpath='{.clusters[0].cluster.server}'"));
  });

  await t.test("a second engine in the same home is refused", async () => {
    for (const flag of ["", " --detach"])
      await refused(`windlass up${flag}`, /^error: an engine is already up in \S+ \(pid \d+, port \d+\); see 'windlass status'\n$/);
  });

  await t.test("a port that is taken, a flag that is not known and files that are no archives are refused in a line", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const elsewhere = join(engine.directory, "elsewhere");
    await refused(
      `windlass up --home ${elsewhere} --port ${port}`,
      new RegExp(`^error: port ${port} is taken by another program; choose one with --port\\n$`),
    );
    await refused(`windlass up --detach --home ${elsewhere} --port ${port}`, new RegExp(`^error: port ${port} is taken`));
    server.close();
    assert.match(await run(`windlass down --home ${elsewhere}`), /^No engine is up in /);
    await refused("windlass up --nodse 3", /^error: unknown flag: --nodse\nSee 'windlass up --help' for usage\.\n$/);
    await refused("windlass upp", /^error: unknown command "upp" for "windlass"\n/);
    await refused("windlass up --port 70000", /^error: .*70000.*65535/);
    await refused("windlass image load not-there.tar", /^error: cannot load not-there\.tar: there is no such file\n$/);
    await run(
      "head -c 5000 /dev/urandom > noise.tar; gzip -k noise.tar; head -c 3000000 $WINDLASS_TEST_IMAGES/ch09-vweb.tar > cut.tar; tar cf other.tar vweb",
    );
    for (const file of ["noise.tar", "noise.tar.gz", "cut.tar"]) {
      await refused(
        `windlass image load ${file}`,
        new RegExp(`^error: cannot load ${file.replaceAll(".", "\\.")}: the archive cannot be read: [^\\n]+\\n$`),
      );
    }
    await refused(
      "windlass image load other.tar",
      /^error: cannot load other\.tar: this is no image archive: it has neither manifest\.json nor index\.json\n$/,
    );
    await refused("windlass image remove nothing:v1", /^error: no such image: nothing:v1\n$/);
  });

  await t.test("down leaves nothing but objects and images, and up brings the app back", async () => {
    await run("kubectl apply -f vweb/ && kubectl rollout status deploy/vweb");
    const { metadata } = await engine.read(`${apps}/deployments/vweb`);
    assert.match(await run("windlass down"), /^Windlass in \S+ is down\. Its objects and images stay\.$/);
    assert.deepEqual(leftovers(engine.home, before), []);
    assert.equal((await attempt("windlass status")).code, 3);
    assert.match((await attempt("windlass status")).stdout, /^No engine is up in /);
    assert.match(await run("windlass down"), /^No engine is up in /);
    assert.equal((await attempt("kubectl get pods")).code, 1);

    await engine.up();
    assert.equal((await engine.read(`${apps}/deployments/vweb`)).metadata.uid, metadata.uid);
    await rolledOut(engine);
    await until("the app is served again", async () => (await run("curl -s http://localhost:8090/v.txt")) === "v1");
    assert.equal((await pods(engine, "app=vweb")).length, 2);
  });

  await t.test("down ends an engine that is still starting", async () => {
    await run("windlass down");
    const last = engine.pid();
    const starting = engine.start("windlass up --detach");
    await until("its process is known", () => engine.pid() !== last);
    assert.match(await run("windlass down"), /^Windlass in \S+ is down\./);
    await starting.ended;
    assert.equal((await attempt("windlass status")).code, 3);
    assert.deepEqual(leftovers(engine.home, before), []);
    await engine.up();
  });

  await t.test("without --detach it stays in the foreground until it is interrupted", async () => {
    await run("windlass down");
    const running = engine.start("exec windlass up");
    await until("it is up", () => running.output().includes("is up: https://127.0.0.1:"));
    await until("the app is served", async () => (await run("curl -s http://localhost:8090/v.txt")) === "v1");
    assert.equal((await running.end("SIGINT")).code, 0);
    assert.deepEqual(leftovers(engine.home, before), []);
  });

  await t.test("only the user who started it can read its home", async () => {
    assert.equal(await run(`stat -c %a ${engine.home} ${engine.kubeconfig}`), "700\n600");
    assert.ok(existsSync(engine.kubeconfig));
  });
});
