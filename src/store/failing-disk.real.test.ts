/**
 * Disks that are full, read-only or broken. Needs root (a mount namespace with small file systems) and strace (which makes
 * chosen system calls fail). Run with the name of a case as argument, this file is the process that meets the disk.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { openSqliteStore } from "./sqlite-store.node.ts";
import type { Store } from "./store.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

const cases: Record<string, (folder: string) => Promise<void>> = {
  async full(folder) {
    const path = join(folder, "store.db");
    const ballast = join(folder, "ballast");
    writeFileSync(ballast, new Uint8Array(1_000_000));
    const store = openSqliteStore({ path });
    const told: number[] = [];
    store.watch("", 0, { changes: (changes) => void told.push(changes[0]?.version ?? 0), end() {} });
    const failure = await fill(store);
    assert.equal(failure.name, "StoreFailure");
    assert.match(failure.message, /^cannot write .*store\.db: the disk is full$/);
    const version = store.version;
    assert.ok(version > 10, `only ${version} commits fitted`);
    assert.equal(told.length, version);
    assert.equal(store.get(`/${version + 1}`), undefined);
    await assert.rejects(store.commit([{ type: "put", key: "/large", value: new Uint8Array(400_000) }]), /the disk is full/);
    rmSync(ballast);
    assert.deepEqual(await store.commit([{ type: "put", key: "/after", value: bytes("x") }]), { ok: true, version: version + 1 });
    await store.close();
    const again = openSqliteStore({ path });
    assert.equal(again.version, version + 1);
    assert.equal(again.range("").entries.length, version + 1);
    assert.equal(again.get("/large"), undefined);
    await again.close();
  },

  async readOnly(folder) {
    const path = join(folder, "store.db");
    const store = openSqliteStore({ path });
    await store.commit([{ type: "put", key: "/a", value: bytes("1") }]);
    await store.close();
    assert.equal(spawnSync("mount", ["-o", "remount,ro", folder]).status, 0);
    assert.throws(() => openSqliteStore({ path }), {
      name: "StoreFailure",
      message: `cannot open ${path}: the file or its file system is read-only`,
    });
  },

  /** Some system calls fail, as chosen outside: whatever was acknowledged stays, whatever was refused stays away. */
  async broken(folder) {
    const path = join(folder, "store.db");
    const store = openSqliteStore({ path });
    const expected = new Map<string, number>();
    let refused = 0;
    for (let i = 1; i <= 60; i++) {
      const key = `/${i % 20}`;
      try {
        const result = await store.commit([{ type: "put", key, value: new Uint8Array(1000).fill(i) }]);
        assert.equal(result.ok, true);
        expected.set(key, i);
      } catch (error) {
        assert.equal((error as Error).name, "StoreFailure");
        assert.match((error as Error).message, /input\/output error|disk is full/);
        refused++;
      }
      for (const [held, fill] of expected) assert.equal(store.get(held)?.value[0], fill);
    }
    const version = store.version;
    assert.equal(version + refused, 60);
    await store.close();
    const again = openSqliteStore({ path });
    assert.equal(again.version, version);
    assert.deepEqual(new Map(again.range("").entries.map(({ key, value }) => [key, value[0]])), expected);
    await again.close();
    console.log(`refused ${refused}`);
  },
};

/** Commits until one is refused; returns the refusal. */
async function fill(store: Store): Promise<Error> {
  for (let i = 1; i < 10_000; i++) {
    try {
      await store.commit([{ type: "put", key: `/${i}`, value: new Uint8Array(5_000) }]);
    } catch (error) {
      return error as Error;
    }
  }
  throw new Error("the disk never filled");
}

const chosen = process.argv[2];
if (chosen !== undefined && cases[chosen]) await cases[chosen](process.argv[3] as string);
else {
  const node = [process.execPath, "--disable-warning=ExperimentalWarning", import.meta.filename];
  const withFolder = (body: (folder: string) => void): void => {
    const folder = mkdtempSync(join(tmpdir(), "failing-disk-"));
    try {
      body(folder);
    } finally {
      rmSync(folder, { recursive: true });
    }
  };
  const run = (command: readonly string[]): string => {
    const { status, stdout, stderr, error } = spawnSync(command[0] as string, command.slice(1), { encoding: "utf8" });
    assert.equal(status, 0, `${command.join(" ")}\n${error ?? ""}${stdout}${stderr}`);
    return stdout;
  };
  const onSmallDisk = (name: string): void =>
    withFolder((folder) => {
      run(["unshare", "-m", "sh", "-c", 'mount -t tmpfs -o size=2m none "$0" && exec "$@"', folder, ...node, name, folder]);
    });

  test("a full disk refuses the write by name, and takes writes again once there is room", () => onSmallDisk("full"));
  test("a read-only disk is refused by name", () => onSmallDisk("readOnly"));

  for (const inject of [
    "fdatasync:error=EIO:when=10",
    "fdatasync:error=EIO:when=10..14",
    "fdatasync:error=EIO:when=3..50+7",
    "pwrite64:error=EIO:when=40",
    "pwrite64:error=EIO:when=40..47",
    "pwrite64:error=ENOSPC:when=31..66+5",
  ]) {
    test(`nothing acknowledged is lost and nothing refused comes back when ${inject}`, () =>
      withFolder((folder) => {
        const output = run([
          "strace",
          "--seccomp-bpf",
          "-f",
          "-o",
          "/dev/null",
          "-e",
          "trace=fdatasync,pwrite64",
          "-e",
          `inject=${inject}`,
          ...node,
          "broken",
          folder,
        ]);
        assert.match(output, /^refused [1-9]/, "the fault never struck");
      }));
  }
}
