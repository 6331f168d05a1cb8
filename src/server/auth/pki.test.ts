import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { virtualEpochMs } from "../../base/virtual-clock.ts";
import { loadPki } from "./pki.node.ts";

const folders: string[] = [];
const folder = async (): Promise<string> => {
  const made = await mkdtemp(join(tmpdir(), "windlass-pki-"));
  folders.push(made);
  return made;
};
after(() => Promise.all(folders.map((each) => rm(each, { recursive: true }))));
const now = virtualEpochMs;
const yearMs = 365 * 86_400_000;

test("certificates are made once, fit together, and only their owner reads the keys", async () => {
  const directory = await folder();
  const made = await loadPki(directory, { now });
  assert.deepEqual(await loadPki(directory, { now }), made);
  const authority = new X509Certificate(made.ca);
  const server = new X509Certificate(made.server.certificate);
  assert.ok(server.verify(authority.publicKey));
  assert.equal(server.checkHost("localhost"), "localhost");
  assert.equal(server.checkHost("kubernetes.default.svc"), "kubernetes.default.svc");
  assert.equal(server.checkIP("127.0.0.1"), "127.0.0.1");
  assert.equal(server.checkIP("::1"), "::1");
  assert.ok(server.checkIssued(authority));
  assert.equal(new X509Certificate(made.admin.certificate).subject, "O=system:masters\nCN=windlass-admin");
  for (const file of await readdir(directory)) assert.equal((await stat(join(directory, file))).mode & 0o777, 0o600, file);
});

test("a new name for the server makes a new certificate from the same authority", async () => {
  const directory = await folder();
  const before = await loadPki(directory, { now });
  const after = await loadPki(directory, { now, serverNames: ["10.96.0.1"] });
  assert.equal(after.ca, before.ca);
  assert.equal(after.admin.certificate, before.admin.certificate);
  const server = new X509Certificate(after.server.certificate);
  assert.equal(server.checkIP("10.96.0.1"), "10.96.0.1");
  assert.ok(server.verify(new X509Certificate(before.ca).publicKey));
});

test("what is about to expire, or was torn, is made anew", async () => {
  const directory = await folder();
  const before = await loadPki(directory, { now });
  const later = await loadPki(directory, { now: now + yearMs });
  assert.equal(later.ca, before.ca);
  assert.notEqual(later.admin.certificate, before.admin.certificate);
  assert.equal(later.tokenKey, before.tokenKey);
  await writeFile(join(directory, "server.key"), "torn");
  const healed = await loadPki(directory, { now: now + yearMs });
  assert.notEqual(healed.server.certificate, later.server.certificate);
  assert.equal(healed.admin.certificate, later.admin.certificate);
});
