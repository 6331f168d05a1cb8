/** Who a container is, what it may do and how much it may take. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { core, startEngine } from "../harness/engine.ts";
import { until } from "../harness/until.ts";
import { podEnded, podReady } from "../harness/workloads.ts";

test("security and resources", async (t) => {
  const engine = await startEngine(t, { files: new URL("manifests/", import.meta.url) });
  const { run, attempt } = engine;
  await run("kubectl apply -f secured.yaml");

  await t.test("user, groups and capabilities are those of the security context", async () => {
    await podReady(engine, "secured");
    assert.match(
      await run("kubectl exec secured -c main -- id"),
      /^uid=1000 gid=2000 groups=2000,3000,4000$|^uid=1000 gid=2000 groups=(?=.*3000)(?=.*4000).*$/,
    );
    const status = await run("kubectl exec secured -c main -- cat /proc/1/status");
    assert.match(status, /^CapEff:\s+0{16}$/m);
    assert.match(status, /^CapBnd:\s+0{16}$/m);
    assert.match(status, /^NoNewPrivs:\s+1$/m);
    assert.match(status, /^Seccomp:\s+2$/m);
    const root = await run("kubectl exec secured -c root -- cat /proc/1/status");
    const effective = BigInt(`0x${/^CapEff:\s+(\w+)$/m.exec(root)?.[1]}`);
    assert.equal((effective >> 12n) & 1n, 1n, "NET_ADMIN was added");
    assert.equal(effective & 1n, 0n, "CHOWN was dropped");
    assert.equal((effective >> 21n) & 1n, 0n, "SYS_ADMIN was never there");
  });

  await t.test("a read-only root stays as it is, and its volume belongs to fsGroup", async () => {
    assert.match((await attempt("kubectl exec secured -c main -- touch /file")).stderr, /Read-only file system/);
    assert.equal(
      await run("kubectl exec secured -c main -- sh -c 'touch /scratch/file && stat -c %g /scratch/file /scratch'"),
      "3000\n3000",
    );
    assert.equal(await run("kubectl exec secured -c main -- cat /proc/sys/net/ipv4/ip_unprivileged_port_start"), "80");
  });

  await t.test("runAsNonRoot refuses an image that runs as root", async () => {
    const waiting = await until("the container is refused", async () => {
      const { status } = await engine.read(`${core}/pods/refused`);
      return (
        status.containerStatuses?.[0].state.waiting?.reason === "CreateContainerConfigError" && status.containerStatuses[0].state.waiting
      );
    });
    assert.match(waiting.message, /^container has runAsNonRoot and image will run as root/);
  });

  await t.test("a container that takes more memory than its limit is killed and says why", async () => {
    const { status } = await podEnded(engine, "greedy");
    assert.equal(status.phase, "Failed");
    const { reason, exitCode } = status.containerStatuses[0].state.terminated;
    assert.deepEqual([reason, exitCode], ["OOMKilled", 137]);
  });

  await t.test("limits are in force in the container's control group", async () => {
    const pod = await podReady(engine, "bounded");
    assert.equal(pod.status.qosClass, "Burstable");
    const read = (v1: string, v2: string): Promise<string> =>
      run(`kubectl exec bounded -- sh -c 'cat /sys/fs/cgroup/${v2} 2>/dev/null || cat /sys/fs/cgroup/${v1}'`);
    assert.equal(await read("memory/memory.limit_in_bytes", "memory.max"), String(64 * 1024 * 1024));
    assert.match(await read("cpu/cpu.cfs_quota_us", "cpu.max"), /^50000( 100000)?$/);
  });

  await t.test("containers of a Pod can see each other's processes, and have the names that were asked for", async () => {
    await podReady(engine, "together");
    const processes = await run("kubectl exec together -c one -- ps");
    assert.match(processes, /sleep 3601/);
    assert.match(processes, /sleep 3602/);
    assert.equal(await run("kubectl exec together -c two -- hostname"), "given");
    const hosts = await run("kubectl exec together -c two -- cat /etc/hosts");
    assert.match(hosts, /^192\.0\.2\.7\s+far\.example$/m);
    assert.match(hosts, /\sgiven\.named\.default\.svc\.cluster\.local\s+given$/m);
  });
});
