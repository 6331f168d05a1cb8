/** The PostgreSQL image keeps to the conventions of the official one, so that manifests written for that run unchanged. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { startEngine } from "../harness/engine.ts";
import { until } from "../harness/until.ts";
import { podEnded, podReady } from "../harness/workloads.ts";

test("PostgreSQL", async (t) => {
  const engine = await startEngine(t, { images: ["postgres.tar"], files: new URL("manifests/", import.meta.url) });
  const { run, attempt } = engine;
  const ask = (pod: string, sql: string, flags = "-U keeper -d shop"): Promise<string> =>
    run(`kubectl exec ${pod} -- psql -qAt ${flags} -c "${sql}"`);

  await t.test("an empty volume becomes a database, filled by scripts, and the password is the file's", async () => {
    await run("kubectl apply -f postgres.yaml");
    await podReady(engine, "primary-0");
    assert.equal(await ask("primary-0", "SELECT name FROM sourced"), "two");
    assert.equal(await ask("primary-0", "SELECT name FROM items"), "before the restart");
    const log = await run("kubectl logs primary-0");
    assert.match(log, /PostgreSQL init process complete; ready for start up\./);
    assert.match(log, /wal_keep_segments is wal_keep_size now, default_with_oids is left out/);
    assert.equal(await ask("primary-0", "SHOW wal_keep_size"), "64MB");
    const address = (await podReady(engine, "primary-0")).status.podIP;
    const login = (password: string) =>
      attempt(`kubectl exec primary-0 -- env PGPASSWORD="${password}" psql -h ${address} -U keeper shop -Atc 'SELECT 1'`);
    assert.equal((await login("it's a secret")).stdout.trim(), "1");
    assert.match((await login("another")).stderr, /password authentication failed for user "keeper"/);
    // The server has read the password and does not keep it where others could.
    assert.doesNotMatch(await run('kubectl exec primary-0 -- su-exec postgres sh -c \'tr "\\0" "\\n" < /proc/1/environ\''), /a secret/);
    assert.equal(await run("kubectl exec primary-0 -- stat -c '%U %a' /var/lib/postgresql/data"), "postgres 700");
  });

  await t.test("the version that it tells is the server's, and the tag is known inside", async () => {
    const version = await run("kubectl exec primary-0 -- sh -c 'echo $PG_VERSION'");
    assert.match(await ask("primary-0", "SELECT version()"), new RegExp(`^PostgreSQL ${version.replace(".", "\\.")} `));
    assert.match(await run("kubectl exec primary-0 -- cat /etc/image-version"), /^postgres:11\.6-alpine /);
  });

  await t.test("standbys replicate, whether they were told by pg_basebackup or by recovery.conf", async () => {
    await run("kubectl apply -f standbys.yaml");
    const streaming = () => ask("primary-0", "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'");
    await until("both stream", async () => (await streaming()) === "2");
    await ask("primary-0", "INSERT INTO items VALUES ('replicated')");
    for (const pod of ["standby-of-today", "standby-of-old"]) {
      await until(`${pod} has it`, async () => (await ask(pod, "SELECT name FROM items")).endsWith("replicated"));
      assert.equal(await ask(pod, "SELECT pg_is_in_recovery()"), "t");
    }
    assert.match(await run("kubectl logs standby-of-old"), /translated recovery\.conf to standby\.signal/);
    await run("kubectl exec standby-of-old -- touch /tmp/promote");
    await until("its trigger file promotes it", async () => (await ask("standby-of-old", "SELECT pg_is_in_recovery()")) === "f");
    await run("kubectl delete -f standbys.yaml");
  });

  await t.test("it stops at once and in order, and the next tag goes on with its data", async () => {
    // Whoever waited to be killed would be waited for in vain.
    await run("kubectl delete pod primary-0 --grace-period=600");
    await podReady(engine, "primary-0");
    await run("kubectl set image statefulset/primary db=postgres:11.8-alpine && kubectl rollout status statefulset/primary");
    assert.match(await run("kubectl exec primary-0 -- cat /etc/image-version"), /^postgres:11\.8-alpine /);
    const log = await run("kubectl logs primary-0");
    assert.match(log, /Skipping initialization/);
    assert.match(log, /database system was shut down at/);
    assert.doesNotMatch(log, /not properly shut down|interrupted|recovery/);
    assert.equal(await ask("primary-0", "SELECT name FROM items"), "before the restart\nreplicated");
  });

  await t.test("it runs as another user than root, with a read-only root, and says what it needs", async () => {
    await run("kubectl apply -f postgres-users.yaml");
    await podReady(engine, "own-user");
    assert.equal(await ask("own-user", "SHOW max_connections", "-U postgres"), "17");
    assert.equal(await ask("own-user", "SHOW wal_keep_size", "-U postgres"), "32MB");
    await podReady(engine, "unknown-user");
    assert.equal(await ask("unknown-user", "SHOW data_checksums", "-U keeper"), "on");
    assert.equal(await run("kubectl exec unknown-user -- readlink /data/pgdata/pg_wal"), "/data/wal");
    const { status } = await podEnded(engine, "no-password");
    assert.equal(status.containerStatuses[0].state.terminated.exitCode, 1);
    assert.match(await run("kubectl logs no-password"), /superuser password is not specified[\s\S]*POSTGRES_PASSWORD_FILE/);
  });
});
