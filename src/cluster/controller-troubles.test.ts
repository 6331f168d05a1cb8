// `windlass controller` where the world is not as it should be: in virtual time, and once as a real process.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { stringify } from "yaml";
import { ConfigMap } from "../api/kinds/config-map/index.ts";
import { Deployment } from "../api/kinds/deployment/index.ts";
import { Lease } from "../api/kinds/lease/index.ts";
import { Namespace } from "../api/kinds/namespace/index.ts";
import { ServiceAccount } from "../api/kinds/service-account/index.ts";
import type { AnyObject } from "../api/meta/object.ts";
import type { Log } from "../base/log.ts";
import { seededRandom } from "../base/random.ts";
import type { ControllerOptions } from "../cli/engine-commands.ts";
import { type Client, ConnectionError } from "../client/client.ts";
import { accessOf, parseKubeconfigs } from "../client/kubeconfig.ts";
import { controllerManifest, controllerNamespace, leaseName } from "../release/controller/manifest.ts";
import { kinds } from "../api/registry.ts";
import { releaseController } from "./release-controller.node.ts";
import { startCluster } from "./start-cluster.node.ts";

const key = { namespace: "default", name: "web" };
const lease = { namespace: controllerNamespace, name: leaseName };

const deployment = (namespace = "default"): AnyObject => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: {
    namespace,
    name: "web",
    annotations: { "windlass.dev/auto-rollback": "on-certain-failure", "windlass.dev/config-revisions": "true" },
  },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: "web" } },
    template: {
      metadata: { labels: { app: "web" } },
      spec: { terminationGracePeriodSeconds: 0, containers: [{ name: "app", image: "web:1" }] },
    },
  },
});

/** A client whose server can be taken away, watches and all. `used` is told the namespace of every request. */
function cable(client: Client, used: (namespace: string | undefined) => void = () => {}) {
  let isCut = false;
  const broken = (): ConnectionError => new ConnectionError("The connection to the server was refused");
  const open = new Set<(error: Error) => void>();
  const through = new Proxy(client, {
    get(target, name: keyof Client) {
      if (name === "watch") {
        return ((kind, options, handler) => {
          used(options.namespace);
          if (isCut) {
            queueMicrotask(() => handler.end(broken()));
            return { close() {} };
          }
          const cut = (error: Error): void => {
            watch.close();
            open.delete(cut);
            handler.end(error);
          };
          const watch = target.watch(kind, options, handler);
          open.add(cut);
          return {
            close() {
              open.delete(cut);
              watch.close();
            },
          };
        }) as Client["watch"];
      }
      return async (kind: { scope: string }, ...args: any[]) => {
        if (kind.scope === "Namespaced") used(args[0]?.namespace ?? args[0]?.metadata?.namespace);
        if (isCut) throw broken();
        return (target[name] as (...all: any[]) => Promise<unknown>)(kind, ...args);
      };
    },
  });
  return {
    client: through,
    cut() {
      isCut = true;
      for (const each of [...open]) each(broken());
    },
    mend() {
      isCut = false;
    },
  };
}

async function start(t: TestContext) {
  const cluster = await startCluster({ clock: "virtual", releases: false, imageFails: (reference) => reference.includes("broken") });
  t.after(() => cluster.stop());
  const { client, clock } = cluster;
  await client.create(Namespace, { apiVersion: "v1", kind: "Namespace", metadata: { name: controllerNamespace } });
  let seed = 0;
  return {
    ...cluster,
    image: async () => (await client.get(Deployment, key)).spec?.template.spec?.containers[0]?.image,
    release: (image: string) =>
      client.patch(Deployment, key, "strategic", { spec: { template: { spec: { containers: [{ name: "app", image }] } } } }),
    recorded: async (namespace = "default") =>
      (await client.list(ConfigMap, { namespace, labelSelector: "windlass.dev/history-of" })).items.length,
    holder: async () => (await client.get(Lease, lease)).spec?.holderIdentity,
    /** Runs it, and notes what it says. */
    run(more: Partial<ControllerOptions> = {}, used?: (namespace: string | undefined) => void) {
      const lines: string[] = [];
      const write =
        (level: string): Log["warn"] =>
        (message, fields = {}) =>
          void lines.push(`${level} ${message} ${String(fields.error ?? "")}`.trim());
      const log: Log = { debug() {}, info: write("info"), warn: write("warn"), error: write("error") };
      const interrupt = new AbortController();
      const wire = cable(client, used);
      const ended = releaseController({
        client: wire.client,
        interrupted: interrupt.signal as never,
        controllerNamespace,
        leaderElection: true,
        world: { clock, random: seededRandom(++seed), log },
        ...more,
      });
      return {
        ...wire,
        lines,
        async stop() {
          interrupt.abort();
          await cluster.advance(15_000);
          return ended;
        },
      };
    },
  };
}

const troubles = (lines: readonly string[]): string[] => lines.filter((line) => /^(warn|error)/.test(line));

for (const leaderElection of [true, false]) {
  test(`${leaderElection ? "with" : "without"} an election: a server that is away at the start is waited for, a line a minute`, async (t) => {
    const world = await start(t);
    await world.client.create<any>(Deployment, deployment());
    const controller = world.run({ leaderElection });
    controller.cut();
    await world.advance(300_000);
    assert.ok(troubles(controller.lines).length >= 4 && troubles(controller.lines).length <= 7, controller.lines.join("\n"));
    assert.match(troubles(controller.lines)[0] as string, /ConnectionError: The connection to the server was refused$/);
    controller.mend();
    await world.advance(90_000);
    assert.equal(await world.recorded(), 1);
    assert.ok(controller.lines.includes("info the release controllers run"));
    assert.equal(await controller.stop(), 0);
  });

  test(`${leaderElection ? "with" : "without"} an election: a server that goes away for minutes is come back to, and what was missed is done`, async (t) => {
    const world = await start(t);
    await world.client.create<any>(Deployment, deployment());
    const controller = world.run({ leaderElection });
    await world.advance(60_000);
    const before = controller.lines.length;
    controller.cut();
    await world.advance(5000);
    await world.release("broken:2");
    await world.advance(300_000);
    assert.equal(await world.image(), "broken:2");
    assert.ok(controller.lines.length - before <= 8, controller.lines.join("\n"));
    controller.mend();
    await world.advance(90_000);
    assert.equal(await world.image(), "web:1");
    assert.equal(await controller.stop(), 0);
  });
}

test("who has lost the lease acts no more, and takes over again when the other has gone", async (t) => {
  const world = await start(t);
  await world.client.create<any>(Deployment, deployment());
  let beforeMs = Number.POSITIVE_INFINITY;
  const late: (string | undefined)[] = [];
  const first = world.run({}, (namespace) => {
    if (namespace !== controllerNamespace && world.clock.now() > beforeMs) late.push(namespace);
  });
  await world.advance(60_000);
  const mine = await world.holder();
  const second = world.run();
  first.cut();
  await world.advance(30_000);
  assert.notEqual(await world.holder(), mine);
  first.mend();
  beforeMs = world.clock.now();
  await world.release("broken:2");
  await world.advance(60_000);
  assert.equal(await world.image(), "web:1", "the other has rolled back");
  assert.deepEqual(late, [], "the first asks for nothing but the lease");
  beforeMs = Number.POSITIVE_INFINITY;
  assert.equal(await second.stop(), 0);
  await world.advance(30_000);
  assert.equal(await world.holder(), mine);
  await world.release("broken:3");
  await world.advance(60_000);
  assert.equal(await world.image(), "web:1");
  assert.equal(await first.stop(), 0);
  assert.equal(await world.holder(), "");
});

test("who is told to end while the server is away ends all the same", async (t) => {
  const world = await start(t);
  const controller = world.run();
  await world.advance(30_000);
  controller.cut();
  assert.equal(await controller.stop(), 0);
});

test("--namespace: it asks for nothing in another namespace, and does nothing there", async (t) => {
  const world = await start(t);
  await world.client.create(Namespace, { apiVersion: "v1", kind: "Namespace", metadata: { name: "other" } });
  await world.client.create<any>(Deployment, deployment());
  await world.client.create<any>(Deployment, deployment("other"));
  const used = new Set<string | undefined>();
  const controller = world.run({ namespace: "default" }, (namespace) => used.add(namespace));
  await world.advance(60_000);
  await world.release("broken:2");
  await world.advance(60_000);
  assert.equal(await world.image(), "web:1");
  assert.deepEqual([await world.recorded(), await world.recorded("other")], [1, 0]);
  assert.deepEqual([...used].sort(), ["default", controllerNamespace]);
  assert.equal(await controller.stop(), 0);
});

test("a token that has run out is told, and read again from its file; SIGTERM lets go of the lease and ends it with 0", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "windlass-token-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const cluster = await startCluster({ nodes: 0, releases: false });
  t.after(() => cluster.stop());
  const { client } = cluster;
  const served = new Map(kinds.map((kind) => [kind.kind, kind]));
  const manifest = controllerManifest({ namespace: controllerNamespace, image: "windlass:test", webhook: false, matchConditions: true });
  for (const object of manifest) if (object.kind !== "Deployment") await client.create(served.get(object.kind) as never, object);
  const access = accessOf(await parseKubeconfigs([{ path: "admin", text: cluster.kubeconfig }], (_, path) => path));
  const tokenFile = join(folder, "token");
  writeFileSync(tokenFile, "it.has.expired");
  const kubeconfig = join(folder, "kubeconfig");
  const authority = Buffer.from(access.certificateAuthority ?? "").toString("base64");
  writeFileSync(
    kubeconfig,
    stringify({
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: "c", cluster: { server: cluster.address, "certificate-authority-data": authority } }],
      users: [{ name: "u", user: { tokenFile } }],
      contexts: [{ name: "c", context: { cluster: "c", user: "u" } }],
      "current-context": "c",
    }),
  );
  const main = fileURLToPath(new URL("../main.ts", import.meta.url));
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", main, "controller", "--kubeconfig", kubeconfig], {
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, HOME: folder },
  });
  t.after(() => child.kill("SIGKILL"));
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
  await cluster.until("it says that it is not let in", () => /warn the lease could not be had .*Unauthorized/.test(said));
  const request = {
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenRequest",
    metadata: {},
    spec: { audiences: [], expirationSeconds: 3600 },
  };
  const account = { namespace: controllerNamespace, name: "windlass-controller" };
  writeFileSync(tokenFile, (await client.createSubresource(ServiceAccount, account, "token", request)).status.token);
  await cluster.until("it leads", () => said.includes("the release controllers run"));
  child.kill("SIGTERM");
  assert.equal(await ended, 0, said);
  assert.equal((await client.get(Lease, lease)).spec?.holderIdentity, "");
});
