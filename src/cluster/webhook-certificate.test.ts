// The life of the webhook's certificate. What can be said of a year is said in virtual time; handshakes are real.
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { Agent, createServer, request } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { connect } from "node:tls";
import { defineKind } from "../api/kind.ts";
import { Namespace } from "../api/kinds/namespace/index.ts";
import { Secret } from "../api/kinds/secret/index.ts";
import type { AnyObject } from "../api/meta/object.ts";
import type { Clock } from "../base/clock.ts";
import { type Log, silentLog } from "../base/log.ts";
import { systemClock } from "../base/system-world.node.ts";
import { type Client, ConnectionError } from "../client/client.ts";
import {
  certificateSecretName,
  controllerManifest,
  controllerNamespace,
  webhookConfigurationName,
  webhookPath,
} from "../release/controller/manifest.ts";
import { issuer, newAuthority } from "../server/auth/issue-certificates.node.ts";
import { keepServing, type ServedCertificate, sharedCertificate } from "./serve-certificate.node.ts";
import { startVirtualControlPlane } from "./virtual-control-plane.node.ts";
import { MutatingWebhookConfiguration, webhookCertificate } from "./webhook-certificate.node.ts";
import { serveWebhook } from "./webhook-server.node.ts";

const dayMs = 86_400_000;
const hourMs = 3_600_000;
const host = `windlass-controller.${controllerNamespace}.svc`;
const secretKey = { namespace: controllerNamespace, name: certificateSecretName };
const configurationKey = { name: webhookConfigurationName };
const configuration = controllerManifest({
  namespace: controllerNamespace,
  image: "windlass:test",
  webhook: true,
  matchConditions: true,
}).find(({ kind }) => kind === "MutatingWebhookConfiguration") as AnyObject;

/** An API server that knows of webhooks' configurations, and replicas that keep their certificate. */
async function start(t: TestContext) {
  const kind = defineKind({ ...MutatingWebhookConfiguration, schema: "admissionregistration.v1.MutatingWebhookConfiguration" });
  const plane = await startVirtualControlPlane({ controllers: [], moreKinds: [kind] });
  const { client, clock } = plane;
  // A year is jumped over, not lived through.
  let jumpedMs = 0;
  const calendar: Clock = {
    now: () => clock.now() + jumpedMs,
    monotonic: () => clock.monotonic(),
    setTimer: (delayMs, task) => clock.setTimer(delayMs, task),
  };
  const world = { ...plane.world, clock: calendar };
  t.after(() => plane.stop());
  await client.create(Namespace, { apiVersion: "v1", kind: "Namespace", metadata: { name: controllerNamespace } });
  await client.create(MutatingWebhookConfiguration, configuration);
  plane.informers.of(MutatingWebhookConfiguration);
  await clock.advance(0);
  const bundle = (): string => {
    const { clientConfig } = plane.cached(MutatingWebhookConfiguration, configurationKey)?.webhooks[0] ?? {};
    return Buffer.from(clientConfig?.caBundle ?? "", "base64").toString();
  };
  const replica = (through: Client = client, log: Log = silentLog) => {
    const served: ServedCertificate[] = [];
    const keeping = keepServing({
      world: { ...world, log },
      look: () => sharedCertificate({ client: through, world, namespace: controllerNamespace }),
      serve(certificate) {
        assert.ok(isTrusted(certificate, bundle()), "it is trusted before it is served");
        served.push(certificate);
      },
    });
    t.after(() => keeping.cancel());
    return { served, cancel: () => keeping.cancel(), current: () => served.at(-1) as ServedCertificate };
  };
  const jump = (ms: number): void => {
    jumpedMs += ms;
  };
  return { ...plane, world, calendar, jump, bundle, replica };
}

const certificatesIn = (bundle: string): string[] => bundle.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];

function isTrusted({ cert }: ServedCertificate, bundle: string): boolean {
  const leaf = new X509Certificate(cert);
  return certificatesIn(bundle).some((text) => {
    const authority = new X509Certificate(text);
    return leaf.checkIssued(authority) && leaf.verify(authority.publicKey);
  });
}

test("the first replica makes the certificate, a Secret keeps it, and all serve the same", async (t) => {
  const { client, clock, bundle, replica } = await start(t);
  const all = [replica(), replica(), replica()];
  await clock.advance(5000);
  const { type, data = {} } = await client.get(Secret, secretKey);
  assert.equal(type, "kubernetes.io/tls");
  const text = (name: string): string => Buffer.from(data[name] ?? "", "base64").toString();
  for (const { served } of all) assert.deepEqual(served, [{ cert: text("tls.crt"), key: text("tls.key") }]);
  const leaf = new X509Certificate(text("tls.crt"));
  assert.equal(leaf.checkHost(host), host);
  assert.equal(Math.round((leaf.validToDate.getTime() - clock.now()) / dayMs), 365);
  assert.equal(bundle(), text("ca.crt"));
  const late = replica();
  await clock.advance(1000);
  assert.deepEqual(late.served, [all[0]?.current()], "and so does one that comes later");
});

test("a month before its end it is made anew; until all serve the new one, the server trusts both", async (t) => {
  const { clock, calendar, jump, bundle, replica, client } = await start(t);
  const before = replica();
  await clock.advance(1000);
  before.cancel();
  const first = before.current();
  const endMs = new X509Certificate(first.cert).validToDate.getTime();
  jump(endMs - 30 * dayMs - hourMs - calendar.now());
  const [a, b] = [replica(), replica()];
  let toldMs: number | undefined;
  for (let minute = 0; minute < 90; minute++) {
    await clock.advance(60_000);
    for (const { current } of [a, b]) assert.ok(isTrusted(current(), bundle()), `in minute ${minute}`);
    if (certificatesIn(bundle()).length === 2) toldMs ??= calendar.now();
    if (calendar.now() < endMs - 30 * dayMs) assert.deepEqual([a.served.length, b.served.length], [1, 1]);
  }
  assert.ok((toldMs as number) - (endMs - 30 * dayMs) <= 120_000, "within two minutes");
  assert.equal(a.served.length, 2);
  assert.deepEqual(a.current(), b.current());
  assert.notDeepEqual(a.current(), first);
  assert.ok(isTrusted(first, bundle()), "what another replica may still serve stays trusted");
  assert.equal(Buffer.from((await client.get(Secret, secretKey)).data?.["ca.crt"] ?? "", "base64").toString(), bundle());
  for (const { cancel } of [a, b]) cancel();
  jump(400 * dayMs);
  const after = replica();
  await clock.advance(1000);
  assert.ok(isTrusted(after.current(), bundle()));
  assert.equal(certificatesIn(bundle()).length, 1, "nobody serves one that has ended");
});

test("a replica never serves a new certificate in the very moment in which the server is told of it", async (t) => {
  const { clock, bundle, replica, client } = await start(t);
  const one = replica();
  await clock.advance(1000);
  const { metadata } = await client.get(Secret, secretKey);
  await client.delete(Secret, { namespace: controllerNamespace, name: metadata.name as string });
  const old = bundle();
  while (bundle() === old) await clock.advance(1000);
  assert.equal(one.served.length, 1);
  await clock.advance(60_000);
  assert.equal(one.served.length, 2);
});

test("what somebody damaged is mended within a minute: the Secret, and the webhook's configuration", async (t) => {
  const { clock, bundle, replica, client } = await start(t);
  const { served } = replica();
  await clock.advance(1000);
  const whole = bundle();
  await client.delete(MutatingWebhookConfiguration, configurationKey);
  await client.create(MutatingWebhookConfiguration, configuration);
  assert.equal(bundle(), "");
  await clock.advance(61_000);
  assert.equal(bundle(), whole);
  assert.equal(served.length, 1);
  await client.patch(Secret, secretKey, "merge", { data: { "tls.key": btoa("nonsense") } });
  await clock.advance(61_000);
  const { data } = await client.get(Secret, secretKey);
  assert.match(Buffer.from(data?.["tls.key"] ?? "", "base64").toString(), /PRIVATE KEY/);
  await clock.advance(61_000);
  assert.equal(served.length, 2);
});

test("where there is no webhook's configuration it is served all the same", async (t) => {
  const { clock, world, client } = await start(t);
  await client.delete(MutatingWebhookConfiguration, configurationKey);
  const served: ServedCertificate[] = [];
  const look = () => sharedCertificate({ client, world, namespace: controllerNamespace });
  const keeping = keepServing({ world, look, serve: (certificate) => void served.push(certificate) });
  await clock.advance(1000);
  assert.equal(served.length, 1);
  keeping.cancel();
});

test("a server that is away at the start is waited for, with a growing pause; later, what is served stays", async (t) => {
  const { clock, client, replica } = await start(t);
  let away = true;
  let asked = 0;
  const said: string[] = [];
  const through: Client = {
    ...client,
    get: (...all) => {
      asked++;
      return away ? Promise.reject(new ConnectionError("refused")) : client.get(...all);
    },
  };
  const { served } = replica(through, { ...silentLog, warn: (message, fields) => void said.push(`${message}: ${fields?.error}`) });
  await clock.advance(300_000);
  assert.ok(asked >= 8 && asked <= 12, `asked ${asked} times`);
  assert.equal(said[0], "the webhook's certificate could not be had: refused");
  assert.equal(served.length, 0);
  away = false;
  await clock.advance(61_000);
  assert.equal(served.length, 1);
  away = true;
  await clock.advance(300_000);
  assert.equal(served.length, 1);
});

/** The certificate that a server shows, and whether a client that trusts `ca` would speak to it. */
const shake = (port: number, ca: string): Promise<{ fingerprint: string; trusted: boolean }> =>
  new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port, ca, servername: host, rejectUnauthorized: false }, () => {
      resolve({ fingerprint: socket.getPeerX509Certificate()?.fingerprint256 ?? "", trusted: socket.authorized });
      socket.destroy();
    });
    socket.on("error", reject);
  });

test("a TLS client with the bundle speaks to who serves the old certificate and to who serves the new one", async (t) => {
  const { client } = await start(t);
  const nowMs = systemClock.now();
  const old = await webhookCertificate({ client, namespace: controllerNamespace, nowMs: nowMs - 340 * dayMs });
  const renewed = await webhookCertificate({ client, namespace: controllerNamespace, nowMs });
  assert.notEqual(renewed.certificate, old.certificate);
  for (const { certificate, key } of [old, renewed]) {
    const server = createServer({ cert: certificate, key });
    t.after(() => server.close());
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    assert.equal((await shake(port, renewed.authorities)).trusted, true);
  }
});

test("files of one's own are served, and read again when they change; a pair that does not fit is waited out", async (t) => {
  const { client, clock, world } = await start(t);
  const folder = mkdtempSync(join(tmpdir(), "windlass-certificate-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const lifetime = { notBefore: systemClock.now() - hourMs, notAfter: systemClock.now() + dayMs };
  const authority = newAuthority("own", lifetime);
  const next = () => issuer(authority, "own").server(host, [host], lifetime);
  const files = { certificate: join(folder, "tls.crt"), key: join(folder, "tls.key") };
  const serve = (log: Log = silentLog) =>
    serveWebhook({ client, world: { ...world, log }, address: "127.0.0.1:0", namespace: controllerNamespace, files });
  await assert.rejects(serve(), /--webhook-cert and --webhook-key can't be served: ENOENT: .*tls\.crt/);
  const [first, second] = [next(), next()];
  writeFileSync(files.certificate, first.certificate);
  writeFileSync(files.key, second.key);
  await assert.rejects(serve(), /can't be served: .*mismatch/);
  writeFileSync(files.key, first.key);
  const warnings: unknown[] = [];
  const webhook = await serve({ ...silentLog, warn: (message) => void warnings.push(message) });
  t.after(async () => {
    const closed = webhook.close();
    await clock.advance(10_000);
    await closed;
  });
  await clock.advance(0);
  const shown = async (): Promise<string> => (await shake(webhook.port, authority.certificate)).fingerprint;
  const fingerprint = ({ certificate }: { certificate: string }): string => new X509Certificate(certificate).fingerprint256;
  assert.deepEqual(await shake(webhook.port, authority.certificate), { fingerprint: fingerprint(first), trusted: true });
  writeFileSync(files.certificate, second.certificate);
  await clock.advance(61_000);
  assert.equal(await shown(), fingerprint(first), "the key is not there yet");
  assert.deepEqual(warnings.length > 0, true);
  writeFileSync(files.key, second.key);
  await clock.advance(61_000);
  assert.equal(await shown(), fingerprint(second));
  assert.equal((await client.list(Secret, { namespace: controllerNamespace })).items.length, 0, "no certificate is made beside them");
});

test("a replica that ends answers for a moment longer, also over a connection that was kept, and asks for it to be given up", async (t) => {
  const { client, clock, world } = await start(t);
  const webhook = await serveWebhook({ client, world, address: "127.0.0.1:0", namespace: controllerNamespace });
  let closing: Promise<void> | undefined;
  t.after(async () => {
    closing ??= webhook.close();
    await clock.advance(10_000);
    await closing;
  });
  await clock.advance(1000);
  assert.equal(webhook.isReady(), true);
  // The machine's year is another one than that of the certificate.
  const unchecked = { rejectUnauthorized: false, servername: host };
  const agent = new Agent({ keepAlive: true, maxSockets: 1, ...unchecked });
  t.after(() => agent.destroy());
  const ask = (through?: Agent): Promise<{ status: number | undefined; connection: string | undefined; reused: boolean }> =>
    new Promise((resolve, reject) => {
      const how = { host: "127.0.0.1", port: webhook.port, path: webhookPath, method: "POST", ...unchecked };
      const asked = request({ ...how, agent: through ?? false }, (response) => {
        response.resume();
        response.on("end", () => {
          const { statusCode: status, headers } = response;
          resolve({ status, connection: headers.connection, reused: asked.reusedSocket });
        });
      });
      asked.on("error", reject);
      asked.end(JSON.stringify({ kind: "AdmissionReview", request: { uid: "1" } }));
    });
  assert.deepEqual(await ask(agent), { status: 200, connection: "keep-alive", reused: false });
  closing = webhook.close();
  assert.deepEqual(await ask(agent), { status: 200, connection: "close", reused: true });
  assert.deepEqual(await ask(), { status: 200, connection: "close", reused: false });
  assert.deepEqual(webhook.counts(), { answered: 3, failed: 0 });
  await clock.advance(10_000);
  await closing;
  await assert.rejects(ask(), /ECONNREFUSED/);
});
