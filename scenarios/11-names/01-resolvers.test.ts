/**
 * The cluster's names asked by the resolvers that containers come with: glibc's, which asks again over TCP and tries the search
 * domains in turn, and musl's, which asks over UDP alone and for both kinds of addresses at once (SVC-11, STS-3).
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { core, startEngine } from "../harness/engine.ts";
import { until } from "../harness/until.ts";
import { podReady } from "../harness/workloads.ts";

/** What stands in one DNS message of 512 bytes: 12 of header, 37 of question, 16 for each address. */
const addressesInDatagram = 28;
const crowd = Array.from({ length: 60 }, (_, index) => `10.77.0.${index + 1}`);

test("names", async (t) => {
  const engine = await startEngine(t, { images: ["test-resolvers.tar"], files: new URL("manifests/", import.meta.url) });
  const { run, attempt } = engine;
  await run("kubectl apply -f peers.yaml");
  const peers = [await podReady(engine, "peer-0"), await podReady(engine, "peer-1")].map(({ status }) => status.podIP as string);
  const address = async (path: string): Promise<string> => (await engine.read(path)).spec.clusterIP;
  const web = await address(`${core}/services/web`);
  const elsewhere = await address("/api/v1/namespaces/elsewhere/services/web");
  await run("kubectl create -f -", { input: JSON.stringify(slice()) });
  await until("the Pods are in the zone", async () => (await attempt("kubectl exec peer-0 -- resolve peer-1.peers")).code === 0);

  const inPod = (line: string) => attempt(`kubectl exec peer-0 -- ${line}`);
  const sorted = (text: string): string[] => [...new Set(text.split("\n").filter(Boolean))].sort();
  const resolvers = {
    // One attempt: a question that is not answered the first time fails, where it would otherwise be slow.
    glibc: {
      addresses: async (name: string) => {
        const { code, stdout } = await inPod(`env RES_OPTIONS=attempts:1 getent ahosts ${name}`);
        return code === 0 ? sorted(stdout.replace(/ .*/g, "")) : code;
      },
      name: async (ip: string) => (await inPod(`getent hosts ${ip}`)).stdout.trim().split(/\s+/)[1],
    },
    musl: {
      addresses: async (name: string) => {
        const { code, stdout } = await inPod(`resolve ${name}`);
        return code === 0 ? sorted(stdout) : code;
      },
      name: async (ip: string) => (await inPod(`resolve -r ${ip}`)).stdout.trim(),
    },
  };

  const notFound = 2;
  const questions: readonly [sentence: string, name: string, expected: readonly string[] | number][] = [
    ["a Service by its short name", "web", [web]],
    ["a Service of another namespace", "web.elsewhere", [elsewhere]],
    ["a Service up to svc", "web.elsewhere.svc", [elsewhere]],
    ["a whole name, which ndots:5 sends through the search domains first", "web.default.svc.cluster.local", [web]],
    ["a whole name with its last dot", "web.default.svc.cluster.local.", [web]],
    ["capitals", "WEB.Default.svc.cluster.local", [web]],
    ["a headless Service: all its Pods", "peers", [...peers].sort()],
    ["one Pod of a StatefulSet, short", "peer-1.peers", [peers[1] as string]],
    ["one Pod of a StatefulSet, whole", "peer-1.peers.default.svc.cluster.local", [peers[1] as string]],
    ["an alias of a Service", "alias", [web]],
    ["the API server", "kubernetes.default.svc", [await address(`${core}/services/kubernetes`)]],
    ["a Pod that is not there", "peer-7.peers.default.svc.cluster.local", notFound],
    ["a Service that is not there", "nowhere.default.svc.cluster.local.", notFound],
  ];
  for (const [library, { addresses, name: nameOf }] of Object.entries(resolvers)) {
    for (const [sentence, name, expected] of questions) {
      await t.test(`${library}: ${sentence}`, async () => {
        assert.deepEqual(await addresses(name), expected);
      });
    }
    await t.test(`${library}: reverse look-ups of Services and of Pods with names`, async () => {
      assert.equal(await nameOf(web), "web.default.svc.cluster.local");
      assert.equal(await nameOf(peers[1] as string), "peer-1.peers.default.svc.cluster.local");
    });
  }

  await t.test("more addresses than a datagram holds: glibc has all by TCP, musl as many as there is room for", async () => {
    await until("the crowd is in the zone", async () => (await inPod("resolve crowd")).code === 0);
    assert.deepEqual(await resolvers.glibc.addresses("crowd"), [...crowd].sort());
    const some = await resolvers.musl.addresses("crowd.default.svc.cluster.local.");
    assert.ok(Array.isArray(some) && some.length >= addressesInDatagram - 1 && some.every((each) => crowd.includes(each)), String(some));
  });

  await t.test("SRV names port and Pod", async () => {
    const { stdout } = await inPod("nslookup -type=srv _http._tcp.peers.default.svc.cluster.local");
    assert.deepEqual(
      sorted(stdout).filter((line) => line.includes("service = ")),
      [0, 1].map(
        (ordinal) => `_http._tcp.peers.default.svc.cluster.local\tservice = 0 100 80 peer-${ordinal}.peers.default.svc.cluster.local`,
      ),
    );
  });

  await t.test("resolv.conf and the Pod's own name are Kubernetes'", async () => {
    const { stdout } = await inPod("cat /etc/resolv.conf");
    assert.match(stdout, /^search default\.svc\.cluster\.local svc\.cluster\.local cluster\.local( |$)/m);
    assert.match(stdout, /^options ndots:5$/m);
    assert.equal((await inPod("hostname -f")).stdout.trim(), "peer-0.peers.default.svc.cluster.local");
  });
});

/** An EndpointSlice of the crowd. */
const slice = () => ({
  apiVersion: "discovery.k8s.io/v1",
  kind: "EndpointSlice",
  metadata: { name: "crowd-1", labels: { "kubernetes.io/service-name": "crowd" } },
  addressType: "IPv4",
  ports: [{ name: "http", port: 80 }],
  endpoints: crowd.map((each) => ({ addresses: [each], conditions: { ready: true } })),
});
