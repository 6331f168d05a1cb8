// Both clients hold to one contract; and what is the HTTP client's alone: credentials, kubeconfigs, broken connections.
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { type AddressInfo, connect as connectTo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { after, before, test } from "node:test";
import { ConfigMap } from "../api/kinds/config-map/index.ts";
import { Namespace } from "../api/kinds/namespace/index.ts";
import { silentLog } from "../base/log.ts";
import { systemClock, systemRandom } from "../base/system-world.node.ts";
import { ConnectionError } from "../client/client.ts";
import { clientSuite } from "../client/client.suite.ts";
import { httpClient } from "../client/http-client.node.ts";
import { type HttpTransport, httpTransport } from "../client/http-transport.node.ts";
import { Informer } from "../client/informer.ts";
import { accessOf, type ClusterAccess, KubeconfigError, parseKubeconfigs } from "../client/kubeconfig.ts";
import { findAccess, loadKubeconfig } from "../client/load-kubeconfig.node.ts";
import { proxyFor } from "../client/proxy.node.ts";
import { openMemoryStore } from "../store/memory-store.ts";
import { type Engine, startEngine } from "./engine.node.ts";
import { startVirtualControlPlane } from "./virtual-control-plane.node.ts";

const world = { clock: systemClock, random: systemRandom, log: silentLog };
const folder = mkdtempSync(join(tmpdir(), "windlass-client-"));
let engine: Engine;
let access: ClusterAccess;
const transports: HttpTransport[] = [];

before(async () => {
  engine = await startEngine({ world, store: openMemoryStore(), pkiDirectory: join(folder, "pki"), controllers: () => [] });
  access = accessOf(await parseKubeconfigs([{ path: "kubeconfig", text: engine.kubeconfig }], (_, path) => path));
});
after(async () => {
  for (const transport of transports) transport.close();
  await engine.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Written where a user would have it. */
function engineKubeconfig(): string {
  const path = join(folder, "kubeconfig");
  writeFileSync(path, engine.kubeconfig);
  return path;
}

function connect(over: Partial<ClusterAccess> = {}) {
  const transport = httpTransport({ access: { ...access, ...over }, clock: systemClock, userAgent: "windlass-test/1" });
  transports.push(transport);
  return { transport, client: httpClient({ transport, fieldManager: "windlass-test" }) };
}

clientSuite("the in-process client", async () => {
  const plane = await startVirtualControlPlane({ controllers: [] });
  return { client: plane.client, namespace: "default", close: () => plane.stop() };
});

let namespaces = 0;
clientSuite("the HTTP client", async () => {
  const { client } = connect();
  const namespace = `suite-${++namespaces}`;
  await client.create(Namespace, { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
  return { client, namespace, close: async () => {} };
});

test("a server that is not there is a ConnectionError in kubectl's words", async () => {
  const { client } = connect({ server: "https://127.0.0.1:1" });
  await assert.rejects(client.list(ConfigMap), (error: unknown) => {
    assert.ok(error instanceof ConnectionError);
    assert.equal(error.message, "The connection to the server 127.0.0.1:1 was refused - did you specify the right host or port?");
    return true;
  });
});

test("a server of another authority is not trusted", async () => {
  const { certificateAuthority: _, ...untrusting } = access;
  const transport = httpTransport({ access: untrusting, clock: systemClock, userAgent: "windlass-test/1" });
  transports.push(transport);
  await assert.rejects(transport.request({ method: "GET", path: "/version" }), ConnectionError);
});

test("without a credential the server says 401 and the client says so", async () => {
  const { clientCertificate: _, clientKey: __, ...anonymous } = access;
  const transport = httpTransport({ access: anonymous, clock: systemClock, userAgent: "windlass-test/1" });
  transports.push(transport);
  await assert.rejects(httpClient({ transport, fieldManager: "t" }).list(ConfigMap), /Unauthorized/);
});

test("a credential plugin is asked for a credential, and told about the cluster", async () => {
  const script = join(folder, "plugin.mjs");
  const credential = { clientCertificateData: access.clientCertificate, clientKeyData: access.clientKey };
  writeFileSync(
    script,
    `const info = JSON.parse(process.env.KUBERNETES_EXEC_INFO);
     if (info.spec.cluster.server !== process.env.EXPECTED) process.exit(3);
     console.log(JSON.stringify({ apiVersion: info.apiVersion, kind: "ExecCredential", status: ${JSON.stringify(credential)} }));`,
  );
  const plugin = {
    apiVersion: "client.authentication.k8s.io/v1",
    command: process.execPath,
    args: [script],
    env: { EXPECTED: access.server },
    provideClusterInfo: true,
    interactiveMode: "Never",
  };
  const { clientCertificate: _, clientKey: __, ...anonymous } = access;
  const transport = httpTransport({ access: { ...anonymous, exec: plugin }, clock: systemClock, userAgent: "windlass-test/1" });
  transports.push(transport);
  assert.ok((await httpClient({ transport, fieldManager: "t" }).list(Namespace)).items.length > 0);
  const failing = httpTransport({
    access: { ...anonymous, exec: { ...plugin, env: {}, installHint: "Install it." } },
    clock: systemClock,
    userAgent: "t",
  });
  await assert.rejects(
    failing.request({ method: "GET", path: "/api" }),
    (error: unknown) => error instanceof KubeconfigError && /exit code 3\nInstall it\.$/.test(error.message),
  );
});

test("an informer over HTTP follows the server and outlives a cut connection", async () => {
  const { transport, client } = connect();
  const informer = new Informer({ client, kind: ConfigMap, world, namespace: "default" });
  const seen: string[] = [];
  let wake = (): void => {};
  informer.addHandler(({ type, object }) => {
    seen.push(`${type} ${object.metadata.name}`);
    wake();
  });
  const until = async (text: string) => {
    while (!seen.includes(text)) await new Promise<void>((resolve) => (wake = resolve));
  };
  informer.start();
  await informer.whenSynced();
  const writer = connect().client;
  await writer.create(ConfigMap, { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "one", namespace: "default" } });
  await until("added one");
  transport.close(); // Cuts the connection under the watch.
  await writer.create(ConfigMap, { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "two", namespace: "default" } });
  await until("added two");
  assert.deepEqual(seen, ["added one", "added two"]);
  informer.close();
});

test("a proxy that the kubeconfig names carries an encrypted tunnel, and its refusal is told", async () => {
  const asked: string[] = [];
  let refuse = false;
  const proxy = createServer();
  proxy.on("connect", (request, socket: Duplex) => {
    asked.push(`${request.url} ${request.headers["proxy-authorization"] ?? ""}`);
    if (refuse) {
      socket.end("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
      return;
    }
    const { hostname, port } = new URL(`tcp://${request.url}`);
    const through = connectTo(Number(port), hostname, () => {
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
      socket.pipe(through).pipe(socket);
    });
    for (const end of [socket, through]) end.on("error", () => {});
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  const { port } = proxy.address() as AddressInfo;
  const { client, transport } = connect({ proxyUrl: `http://user:pass@127.0.0.1:${port}` });
  assert.ok((await client.list(Namespace)).items.length > 0);
  assert.deepEqual(asked, [`${new URL(access.server).host} Basic ${btoa("user:pass")}`]);
  transport.close();
  refuse = true;
  await assert.rejects(client.list(Namespace), /refused to connect to 127\.0\.0\.1:\d+: 407 Proxy Authentication Required/);
  proxy.closeAllConnections();
  proxy.close();
});

test("the environment's proxy is used unless the host is exempt", () => {
  const environment = { HTTPS_PROXY: "proxy:3128", NO_PROXY: ".internal,10.0.0.1" };
  const through = (server: string) => proxyFor(new URL(server), undefined, environment)?.host;
  assert.equal(through("https://prod.example:6443"), "proxy:3128");
  for (const server of [
    "https://a.internal",
    "https://10.0.0.1",
    "https://127.0.0.1:6443",
    "https://localhost:6443",
    "http://prod.example",
  ])
    assert.equal(through(server), undefined);
  assert.throws(() => proxyFor(new URL("https://prod.example"), "socks5://proxy:1080"), /"socks5" are not supported/);
});

test("kubeconfigs merge, the first one wins, and paths are relative to the file that names them", async () => {
  const first = join(folder, "first");
  const second = join(folder, "second");
  writeFileSync(
    first,
    "current-context: a\ncontexts:\n- name: a\n  context: {cluster: c, user: u, namespace: shop}\nusers:\n- name: u\n  user: {tokenFile: token}\n",
  );
  writeFileSync(
    second,
    "current-context: b\nclusters:\n- name: c\n  cluster: {server: 'https://example:6443/', insecure-skip-tls-verify: true}\nusers:\n- name: u\n  user: {token: other}\n",
  );
  const config = await loadKubeconfig(undefined, { KUBECONFIG: `${first}:${second}:${join(folder, "absent")}` });
  assert.deepEqual(accessOf(config), {
    server: "https://example:6443",
    insecureSkipTlsVerify: true,
    tokenFile: join(folder, "token"),
    namespace: "shop",
  });
  assert.throws(() => accessOf(config, { context: "nowhere" }), /context was not found for specified context: nowhere/);
  await assert.rejects(loadKubeconfig(join(folder, "absent")), KubeconfigError);
  assert.equal((await findAccess({ kubeconfig: engineKubeconfig() })).server, access.server);
});

test("in a container without a kubeconfig the cluster around it is meant", async () => {
  const around = { HOME: folder, KUBERNETES_SERVICE_HOST: "fd00::1", KUBERNETES_SERVICE_PORT: "443" };
  assert.equal((await findAccess({}, around)).server, "https://[fd00::1]:443");
  await assert.rejects(findAccess({}, { HOME: folder }), /no context is chosen/);
});

test("flags choose cluster, user and server beside the kubeconfig, and what they give replaces what is in it", async () => {
  const text = `current-context: a
contexts:
- name: a
  context: {cluster: c, user: u}
clusters:
- name: c
  cluster: {server: "https://one", certificate-authority: ca.crt}
- name: d
  cluster: {server: "https://two"}
users:
- name: u
  user:
    token: t
    extensions:
    - name: windlass.dev/socket
      extension: {server: "https://one", path: /run/one.sock}
- name: v
  user: {username: nora, password: p}
`;
  const config = await parseKubeconfigs([{ path: "kubeconfig", text }], (_, path) => path);
  assert.equal(accessOf(config).socket, "/run/one.sock");
  const chosen = accessOf(config, { cluster: "d", user: "v" });
  assert.deepEqual([chosen.server, chosen.username, chosen.token], ["https://two", "nora", undefined]);
  // The socket belongs to one server and one user: whoever asks for another does not mean it.
  assert.equal(accessOf(config, { cluster: "d" }).socket, undefined);
  const byHand = accessOf(config, { overrides: { token: "other" } });
  assert.deepEqual([byHand.token, byHand.socket], ["other", undefined]);
  const open = accessOf(config, { overrides: { insecureSkipTlsVerify: true } });
  assert.equal(open.certificateAuthorityFile, undefined);
  assert.equal(accessOf(config, { server: "https://three" }).server, "https://three");
  assert.throws(() => accessOf(config, { cluster: "x" }), /no server found for cluster "x"/);
  assert.throws(() => accessOf(config, { user: "x" }), /auth info "x" does not exist/);
});

test("the administrator reaches the API over a socket that nobody else can open", async () => {
  const socketPath = join(folder, "api.sock");
  const other = await startEngine({
    world,
    store: openMemoryStore(),
    pkiDirectory: join(folder, "other"),
    controllers: () => [],
    socketPath,
  });
  try {
    const found = accessOf(await parseKubeconfigs([{ path: "kubeconfig", text: other.kubeconfig }], (_, path) => path));
    assert.equal(found.socket, socketPath);
    assert.equal(statSync(socketPath).mode & 0o777, 0o600);
    // No credential and no authority: the socket alone says who one is.
    const transport = httpTransport({ access: { server: found.server, socket: socketPath }, clock: world.clock, userAgent: "test" });
    const body = JSON.stringify({ apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" });
    const headers = { "content-type": "application/json" };
    const path = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
    const asked = await transport.must({ method: "POST", path, headers, body });
    const { groups } = JSON.parse(Buffer.from(asked.body).toString()).status.userInfo;
    assert.deepEqual(groups, ["system:masters", "system:authenticated"]);
    const acting = httpTransport({
      access: { server: found.server, socket: socketPath, impersonate: { user: "joe", groups: [] } },
      clock: world.clock,
      userAgent: "test",
    });
    await assert.rejects(acting.must({ method: "GET", path: "/api/v1/pods" }), /User "joe" cannot list/);
    transport.close();
    acting.close();
  } finally {
    await other.stop();
  }
  assert.equal(existsSync(socketPath), false);
  const gone = httpTransport({ access: { server: "https://127.0.0.1:6443", socket: socketPath }, clock: world.clock, userAgent: "test" });
  await assert.rejects(gone.must({ method: "GET", path: "/version" }), /The connection to the server 127\.0\.0\.1:6443 was refused/);
});
