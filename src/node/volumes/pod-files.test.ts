import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { podFiles } from "./pod-files.node.ts";

const root = await mkdtemp(join(tmpdir(), "windlass-pod-files-"));
after(() => rm(root, { recursive: true, force: true }));
const files = await podFiles(join(root, "pods"));

const payload = (entries: Record<string, string>, mode = 0o644) =>
  new Map(Object.entries(entries).map(([path, text]) => [path, { data: new TextEncoder().encode(text), mode }]));

test("a payload volume is links through ..data, switched as a whole (KUB-72)", async () => {
  const path = await files.writeVolume(
    "uid-1",
    "kubernetes.io~configmap",
    "config",
    payload({ "app.conf": "one", "sub/deep.conf": "1", gone: "x" }),
  );
  assert.equal(await readFile(join(path, "app.conf"), "utf8"), "one");
  assert.equal(await readlink(join(path, "app.conf")), "..data/app.conf");
  assert.equal(await readlink(join(path, "sub")), "..data/sub");
  const first = await readlink(join(path, "..data"));

  await files.writeVolume("uid-1", "kubernetes.io~configmap", "config", payload({ "app.conf": "two", "sub/deep.conf": "2" }));
  const second = await readlink(join(path, "..data"));
  assert.notEqual(second, first);
  assert.equal(await readFile(join(path, "app.conf"), "utf8"), "two");
  assert.equal(await readFile(join(path, "sub/deep.conf"), "utf8"), "2");
  assert.deepEqual((await readdir(path)).sort(), [second, "..data", "app.conf", "sub"].sort());
});

test("writing what is there already switches nothing, so watchers are not woken", async () => {
  const path = await files.writeVolume("uid-2", "kubernetes.io~secret", "s", payload({ token: "a" }, 0o400));
  const first = await readlink(join(path, "..data"));
  await files.writeVolume("uid-2", "kubernetes.io~secret", "s", payload({ token: "a" }, 0o400));
  assert.equal(await readlink(join(path, "..data")), first);
  await files.writeVolume("uid-2", "kubernetes.io~secret", "s", payload({ token: "a" }, 0o440));
  assert.notEqual(await readlink(join(path, "..data")), first);
  assert.equal((await stat(join(path, "token"))).mode & 0o777, 0o440);
});

test("paths that lead out of a volume are refused", async () => {
  for (const path of ["../x", "/etc/passwd", "a/../../x", "..", ""]) {
    await assert.rejects(
      files.writeVolume("uid-3", "kubernetes.io~configmap", "c", payload({ [path]: "x" })),
      /not a path within a volume/,
    );
  }
  await assert.rejects(files.writeFile("../elsewhere", "hosts", "", 0o644), /not a path within a volume/);
});

test("subPath makes what is missing and refuses links that lead out", async () => {
  const volume = await files.emptyDir("uid-4", "data", { medium: "" });
  assert.equal(await files.subPath(volume, "a/b"), join(volume, "a/b"));
  await mkdir(join(root, "outside"));
  await symlink(join(root, "outside"), join(volume, "escape"));
  await assert.rejects(files.subPath(volume, "escape"), /leads out of its volume/);
  await assert.rejects(files.subPath(volume, "escape/new"), /leads out of its volume/);
  await assert.rejects(files.subPath(volume, "../x"), /not a path within a volume/);
});

test("an empty directory is open to every user of the container; with a group it is the group's", async () => {
  assert.equal((await stat(await files.emptyDir("uid-5", "open", { medium: "" }))).mode & 0o7777, 0o777);
  const grouped = await stat(await files.emptyDir("uid-5", "grouped", { medium: "", group: process.getgid?.() ?? 0 }));
  assert.equal(grouped.mode & 0o7777, 0o2777);
});

test("a host path is checked by its type, and its failure says what was expected", async () => {
  const missing = join(root, "not-there");
  await assert.rejects(files.hostPath(missing, "Directory"), { message: `hostPath type check failed: ${missing} is not a directory` });
  await assert.rejects(files.hostPath(missing, "Socket"), { message: `hostPath type check failed: ${missing} is not a socket file` });
  assert.equal(await files.hostPath(missing, "DirectoryOrCreate"), missing);
  await assert.rejects(files.hostPath(missing, "File"), { message: `hostPath type check failed: ${missing} is not a file` });
});

test("last words are read up to a limit; a file that was never written is undefined", async () => {
  await files.writeFile("uid-6", "containers/app/0", "0123456789", 0o666);
  assert.equal(await files.readFile("uid-6", "containers/app/0", 4), "0123");
  assert.equal(await files.readFile("uid-6", "containers/app/1", 4), undefined);
});

test("removing a Pod leaves nothing of it, and may be done twice", async () => {
  await files.writeFile("uid-7", "etc-hosts", "", 0o644);
  assert.ok((await files.listPods()).includes("uid-7"));
  await files.removePod("uid-7");
  await files.removePod("uid-7");
  assert.ok(!(await files.listPods()).includes("uid-7"));
});
