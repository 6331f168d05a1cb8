/** A disk that is full: everything that needs room says so, nothing that was answered is lost, and all goes on when there is room again. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmdirSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { core, startEngine } from "../harness/engine.ts";
import { until } from "../harness/until.ts";
import { podReady } from "../harness/workloads.ts";

/** Writes until nothing more fits, leaving `spareBytes`. */
function fill(path: string, spareBytes: number): void {
  const [, size = "0"] = execFileSync("df", ["--output=avail", "-B1", join(path, "..")], { encoding: "utf8" }).split("\n");
  const file = openSync(path, "w");
  const block = Buffer.alloc(1 << 20);
  try {
    for (let left = Number(size) - spareBytes; left > 0; ) left -= writeSync(file, block, 0, Math.min(block.length, left));
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, "ENOSPC");
  } finally {
    closeSync(file);
  }
}

const talker = JSON.stringify({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "talker" },
  spec: {
    terminationGracePeriodSeconds: 0,
    containers: [
      {
        name: "main",
        image: "kiamol/ch03-sleep",
        imagePullPolicy: "IfNotPresent",
        command: ["sh", "-c", "while true; do head -c 65536 /dev/zero | tr '\\0' x; echo; sleep 0.1; done"],
      },
    ],
  },
});

test("a full disk", async (t) => {
  const disk = mkdtempSync(join(tmpdir(), "windlass-small-disk-"));
  const usual = process.env.TMPDIR;
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=128m", "small", disk]);
  process.env.TMPDIR = disk;
  try {
    await t.test("an engine on it", async (t) => {
      const engine = await startEngine(t, { images: ["ch03-sleep.tar"] });
      const { run, attempt } = engine;
      const ballast = join(disk, "ballast");
      await run("kubectl apply -f -", { input: talker });
      await podReady(engine, "talker");
      await run("kubectl create configmap before --from-literal=a=b");

      await t.test("an image that does not fit is not half there", async () => {
        fill(ballast, 4 << 20);
        const { code, stderr } = await attempt('windlass image load "$WINDLASS_TEST_IMAGES"/ch09-vweb.tar');
        assert.equal(code, 1);
        assert.match(stderr, /^error: cannot load \S+ch09-vweb\.tar: no room on the disk for the (archive|layer)$/m);
        assert.doesNotMatch(await run("windlass image list"), /vweb/);
      });

      await t.test("a write is refused with the reason, reads go on", async () => {
        fill(join(disk, "more"), 0);
        const written: string[] = [];
        const refused = await until("there is no room for a write", async () => {
          const { code, stderr } = await attempt(`kubectl create configmap during-${written.length} --from-literal=a=b`);
          if (code === 0) written.push(`during-${written.length}`);
          return code !== 0 && stderr;
        });
        assert.match(
          refused,
          /^error: failed to create configmap: Internal error occurred: cannot write \S+windlass\.db: the disk is full$/m,
        );
        const names = (await engine.read(`${core}/configmaps`)).items.map(({ metadata }: any) => metadata.name);
        for (const name of ["before", ...written]) assert.ok(names.includes(name), `${name} was answered and is not there`);
        assert.match(await run("kubectl get nodes"), /^windlass-1 +Ready /m);
        assert.match(await run("kubectl get pod talker"), /^talker +1\/1 +Running /m);
      });

      await t.test("a container that has nowhere to write its log runs on", async () => {
        const { metadata, status } = await engine.read(`${core}/pods/talker`);
        assert.deepEqual([metadata.deletionTimestamp, status.containerStatuses[0].restartCount], [undefined, 0]);
        process.kill(engine.pid(), 0);
      });

      await t.test("killed in this state, it has kept what it answered, and goes on when there is room", async () => {
        process.kill(engine.pid(), "SIGKILL");
        await until("the process is gone", async () => (await attempt("windlass status")).code === 3);
        rmSync(join(disk, "more"));
        rmSync(ballast);
        await engine.up();
        await run("kubectl get configmap before");
        await run("kubectl create configmap after --from-literal=a=b");
        await run('windlass image load "$WINDLASS_TEST_IMAGES"/ch09-vweb.tar');
        const { status } = await podReady(engine, "talker");
        assert.equal(status.containerStatuses[0].restartCount, 0);
        await run("kubectl delete pod talker");
      });
    });
  } finally {
    if (usual === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = usual;
    execFileSync("umount", ["-l", disk]);
    rmdirSync(disk);
  }
});
