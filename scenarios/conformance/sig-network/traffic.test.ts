/**
 * What the official network tests ask of Pods and Services, on real containers and two nodes: names, addresses, ports and protocols,
 * Services as they change their type and their affinity, host ports, and the API server as a proxy.
 */
import assert from "node:assert/strict";
import { realpathSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { core, startEngine } from "../../harness/engine.ts";
import { until as eventually } from "../../harness/until.ts";
import { create, inside, isReady, podOf, podWhere, readPod, shellContainer, shellImage, waitForEver } from "../containers.ts";

const until: typeof eventually = (what, look) => eventually(what, look, { withinMs: 10_000 });

const program = fileURLToPath(new URL("netexec.mjs", import.meta.url));
/** This machine's Node with this machine's libraries: the image has neither. */
const netexec = (...words: string[]): string[] => [
  `/host${realpathSync("/lib64/ld-linux-x86-64.so.2")}`,
  "--library-path",
  "/host/lib/x86_64-linux-gnu:/host/usr/lib/x86_64-linux-gnu",
  `/host${process.execPath}`,
  `/host${program}`,
  ...words,
];
const hostFiles = { volumes: [{ name: "host", hostPath: { path: "/" } }] };

interface ServerOptions {
  readonly http?: string;
  readonly udp?: string;
  readonly labels?: Record<string, string>;
  readonly spec?: Record<string, unknown>;
  readonly ports?: readonly unknown[];
}

const serverPod = (name: string, { http = "8080", udp = "8081", labels, spec, ports }: ServerOptions = {}) =>
  podOf(
    name,
    [
      {
        name: "main",
        ...shellImage,
        command: netexec("serve", http, udp),
        ports: ports ?? [],
        env: [{ name: "POD_NAME", value: name }],
        readinessProbe: { httpGet: { path: "/hostname", port: Number(http.split(",")[0]) }, periodSeconds: 1 },
        volumeMounts: [{ name: "host", mountPath: "/host", readOnly: true }],
      },
    ],
    { ...hostFiles, ...spec },
    { labels },
  );

const service = (name: string, spec: Record<string, unknown>) => ({ apiVersion: "v1", kind: "Service", metadata: { name }, spec });
const slice = (name: string, ofService: string, addresses: readonly string[], ports: readonly unknown[]) => ({
  apiVersion: "discovery.k8s.io/v1",
  kind: "EndpointSlice",
  metadata: { name, labels: { "kubernetes.io/service-name": ofService, "endpointslice.kubernetes.io/managed-by": "e2e-test" } },
  addressType: "IPv4",
  endpoints: addresses.map((address) => ({ addresses: [address] })),
  ports,
});

test("traffic on real containers", async (t) => {
  const engine = await startEngine(t, { images: ["ch03-sleep.tar"], nodes: 2 });
  const { items: nodes } = await engine.read("/api/v1/nodes");
  const [near, far] = nodes.map(({ metadata }: any) => metadata.name) as [string, string];
  const addressOf = (node: string): string =>
    nodes.find(({ metadata }: any) => metadata.name === node).status.addresses.find(({ type }: any) => type === "InternalIP").address;
  const client = shellContainer(waitForEver, { volumeMounts: [{ name: "host", mountPath: "/host", readOnly: true }] });
  await create(engine, [
    podOf("client", [client], { ...hostFiles, nodeName: near }),
    podOf("host-client", [client], { ...hostFiles, nodeName: near, hostNetwork: true }),
    ...["backend-0", "backend-1", "backend-2"].map((name, index) =>
      serverPod(name, { labels: { app: "backend" }, spec: { nodeName: index === 0 ? near : far } }),
    ),
    podOf("dns-config", [shellContainer(waitForEver)], {
      dnsPolicy: "None",
      dnsConfig: { nameservers: ["1.1.1.1"], searches: ["resolv.conf.local"], options: [{ name: "ndots", value: "2" }] },
    }),
    podOf("named", [shellContainer(waitForEver)], { hostname: "dns-querier-2", subdomain: "headless" }, { labels: { app: "named" } }),
    service("headless", { clusterIP: "None", selector: { app: "named" }, ports: [{ name: "http", port: 80 }] }),
    service("web", { selector: { app: "backend" }, ports: [{ name: "http", port: 80, targetPort: 8080 }] }),
    service("external", { type: "ExternalName", externalName: "foo.example.com" }),
  ]);
  for (const name of ["client", "host-client", "backend-0", "backend-1", "backend-2", "named"])
    await podWhere(engine, name, "is ready", isReady);
  const ipOf = async (name: string): Promise<string> => (await readPod(engine, name)).status.podIP;
  const get = (url: string, from = "client"): Promise<string> => inside(engine, from, `timeout 2 wget -q -O - http://${url}`);
  const says = (url: string, wanted: string, from = "client"): Promise<unknown> =>
    until(`${from} hears ${wanted} from ${url}`, async () => (await get(url, from)) === wanted);
  const udp = (host: string, port: number, from = "client"): Promise<string> =>
    inside(engine, from, netexec("udp", host, String(port)).join(" "));
  const refuses = (url: string, from = "client"): Promise<unknown> =>
    until(
      `${from} hears nothing from ${url}`,
      async () => (await inside(engine, from, `timeout 1 wget -q -O - http://${url} >/dev/null 2>&1 && echo yes || echo no`)) === "no",
    );
  /** Who answers `times` requests, sent from one shell. */
  const answerers = async (url: string, times: number, from = "client"): Promise<Set<string>> => {
    const said = await inside(engine, from, `for i in $(seq ${times}); do timeout 2 wget -q -O - http://${url}/hostname; echo; done`);
    return new Set(said.split("\n"));
  };
  const patchService = (name: string, patch: unknown): Promise<string> =>
    engine.run(`kubectl patch service ${name} --type=merge -p '${JSON.stringify(patch)}'`);
  const serviceOf = (name: string): Promise<any> => engine.read(`${core}/services/${name}`);
  const remove = (what: string): Promise<string> => engine.run(`kubectl delete --wait=false ${what}`);

  await t.test("DNS should provide DNS for the cluster, for services and partially qualified names", async () => {
    const ip = (await serviceOf("web")).spec.clusterIP;
    for (const name of ["kubernetes.default.svc.cluster.local"]) {
      assert.match(await inside(engine, "client", `nslookup ${name}`), /Address(?: 1)?: 10\.\d+\.0\.1\b/);
    }
    for (const name of ["web", "web.default", "web.default.svc", "web.default.svc.cluster.local"]) await says(`${name}/port`, "8080");
    assert.match(
      await inside(engine, "client", "nslookup -type=SRV _http._tcp.web.default.svc.cluster.local"),
      /service = 0 \d+ 80 web\.default\.svc\.cluster\.local/,
    );
    assert.match(await inside(engine, "client", `nslookup ${ip}`), /name = web\.default\.svc\.cluster\.local/);
    assert.match(
      await inside(engine, "client", "nslookup -type=SRV _http._tcp.headless.default.svc.cluster.local"),
      /dns-querier-2\.headless\.default\.svc/,
    );
  });

  await t.test("DNS should provide DNS for pods for Hostname and Subdomain, and /etc/hosts entries for the cluster", async () => {
    const ip = await ipOf("named");
    for (const name of ["dns-querier-2.headless.default.svc.cluster.local", "headless.default.svc.cluster.local"]) {
      assert.match(await inside(engine, "client", `nslookup ${name}`), new RegExp(`Address(?: 1)?: ${ip.replaceAll(".", "\\.")}\\b`));
    }
    assert.match(
      await inside(engine, "named", "cat /etc/hosts; hostname"),
      new RegExp(`^${ip}\\tdns-querier-2\\.headless\\.default\\.svc\\.cluster\\.local\\tdns-querier-2\\n.*dns-querier-2$`, "ms"),
    );
  });

  await t.test("DNS should support configurable pod DNS nameservers", async () => {
    await podWhere(engine, "dns-config", "is ready", isReady);
    assert.equal(
      await inside(engine, "dns-config", "cat /etc/resolv.conf"),
      "search resolv.conf.local\nnameserver 1.1.1.1\noptions ndots:2",
    );
  });

  await t.test("DNS should provide DNS for ExternalName services", async () => {
    const cname = (): Promise<string> => inside(engine, "client", "nslookup -type=CNAME external.default.svc.cluster.local");
    assert.match(await cname(), /canonical name = foo\.example\.com/);
    await patchService("external", { spec: { externalName: "bar.example.com" } });
    await until("the name has changed", async () => /canonical name = bar\.example\.com/.test(await cname()));
    await patchService("external", { spec: { type: "ClusterIP", externalName: null, ports: [{ name: "http", port: 80 }] } });
    const { clusterIP } = (await serviceOf("external")).spec;
    await until("it is an address", async () =>
      (await inside(engine, "client", "nslookup external.default.svc.cluster.local")).includes(`: ${clusterIP}`),
    );
  });

  for (const [what, from] of [
    ["intra-pod", "client"],
    ["node-pod", "host-client"],
  ] as const) {
    await t.test(`Networking Granular Checks: Pods should function for ${what} communication: http and udp`, async () => {
      for (const name of ["backend-0", "backend-1"]) {
        const ip = await ipOf(name);
        await says(`${ip}:8080/hostname`, name, from);
        assert.equal(await udp(ip, 8081, from), name);
      }
      if (from === "client") assert.equal(await get(`${await ipOf("backend-1")}:8080/clientip`), await ipOf("client"));
    });
  }

  await t.test(
    "HostPort validates that there is no conflict between pods with same hostPort but different hostIP and protocol",
    async () => {
      const port = 54_323;
      const on = (hostIP: string, protocol: string) => [
        { containerPort: protocol === "TCP" ? 8080 : 8081, hostPort: port, hostIP, protocol },
      ];
      const spec = { nodeSelector: { "kubernetes.io/hostname": near } };
      await create(engine, [
        serverPod("host-port-1", { ports: on("127.0.0.1", "TCP"), spec }),
        serverPod("host-port-2", { ports: on(addressOf(near), "TCP"), spec }),
        serverPod("host-port-3", { ports: on(addressOf(near), "UDP"), spec }),
      ]);
      for (const name of ["host-port-1", "host-port-2", "host-port-3"]) await podWhere(engine, name, "is ready", isReady);
      await says(`127.0.0.1:${port}/hostname`, "host-port-1", "host-client");
      await says(`${addressOf(near)}:${port}/hostname`, "host-port-2", "host-client");
      assert.equal(await udp(addressOf(near), port, "host-client"), "host-port-3");
      await remove("pod host-port-1 host-port-2 host-port-3");
    },
  );

  await t.test("HostPort of Pods of a DaemonSet: every node has its own", async () => {
    const hostPort = 54_324;
    await create(
      engine,
      [near, far].map((nodeName, index) => serverPod(`every-${index}`, { ports: [{ containerPort: 8080, hostPort }], spec: { nodeName } })),
    );
    for (const [index, node] of [near, far].entries()) {
      await podWhere(engine, `every-${index}`, "is ready", isReady);
      await says(`${addressOf(node)}:${hostPort}/hostname`, `every-${index}`, "host-client");
      await says(`${addressOf(node)}:${hostPort}/hostname`, `every-${index}`);
    }
    await remove("pod every-0 every-1");
  });

  await t.test(
    "Services should serve a basic endpoint from pods; EndpointSlice should create Endpoints and EndpointSlices for Pods matching a Service",
    async () => {
      await create(engine, [service("basic", { selector: { app: "basic" }, ports: [{ port: 80, targetPort: 8080 }] })]);
      const addresses = async (): Promise<string[]> => {
        const { items } = await engine.read(
          `/apis/discovery.k8s.io/v1/namespaces/default/endpointslices?labelSelector=kubernetes.io%2Fservice-name%3Dbasic`,
        );
        const slices: string[] = items
          .flatMap(({ endpoints }: any) =>
            (endpoints ?? []).filter(({ conditions }: any) => conditions.ready).map(({ addresses: [ip] }: any) => ip),
          )
          .sort();
        const { subsets = [] } = await engine.read(`${core}/endpoints/basic`);
        assert.deepEqual(subsets.flatMap(({ addresses = [] }: any) => addresses.map(({ ip }: any) => ip)).sort(), slices);
        return slices;
      };
      const until_ = (count: number): Promise<unknown> => until(`${count} endpoints`, async () => (await addresses()).length === count);
      await until_(0);
      await refuses("basic/hostname");
      await create(engine, [serverPod("basic-1", { labels: { app: "basic" } })]);
      await until_(1);
      await says("basic/hostname", "basic-1");
      await create(engine, [serverPod("basic-2", { labels: { app: "basic" } })]);
      await until_(2);
      await until("both answer", async () => (await answerers("basic", 10)).size === 2);
      await remove("pod basic-1");
      await until_(1);
      await says("basic/hostname", "basic-2");
      assert.deepEqual(await answerers("basic", 10), new Set(["basic-2"]));
      await remove("pod basic-2");
      await until_(0);
      await refuses("basic/hostname");
      await remove("service basic");
    },
  );

  await t.test("Services should serve multiport endpoints from pods", async () => {
    await create(engine, [
      service("multi", {
        selector: { app: "multi" },
        ports: [
          { name: "portname1", port: 80, targetPort: "named" },
          { name: "portname2", port: 81, targetPort: 8181 },
        ],
      }),
      serverPod("multi-1", { http: "8180,8181", udp: "", labels: { app: "multi" }, ports: [{ name: "named", containerPort: 8180 }] }),
    ]);
    await says("multi:80/port", "8180");
    await says("multi:81/port", "8181");
    await remove("service/multi pod/multi-1");
  });

  await t.test(
    "EndpointSlice should support a Service with multiple ports and endpoint IPs specified in multiple EndpointSlices",
    async () => {
      const [first, second] = [await ipOf("backend-0"), await ipOf("backend-1")];
      const port = (name: string, number: number) => ({ name, port: number, protocol: "TCP" });
      const ports = [
        { name: "p80", port: 80, targetPort: 8080, protocol: "TCP" },
        { name: "p81", port: 81, targetPort: 8080, protocol: "TCP" },
      ];
      await create(engine, [
        service("by-hand", { ports }),
        slice("by-hand-1", "by-hand", [first], [port("p80", 8080)]),
        slice("by-hand-2", "by-hand", [second], [port("p81", 8080)]),
        service("by-hand-ips", { ports: [{ port: 80 }] }),
        slice("ips-1", "by-hand-ips", [first], [{ port: 8080 }]),
        slice("ips-2", "by-hand-ips", [second], [{ port: 8080 }]),
      ]);
      await says("by-hand:80/hostname", "backend-0");
      await says("by-hand:81/hostname", "backend-1");
      await until("both answer", async () => (await answerers("by-hand-ips", 10)).size === 2);
      await remove("service by-hand by-hand-ips");
    },
  );

  await t.test("Services should serve endpoints on same port and different protocols", async () => {
    const ports = [
      { name: "tcp", port: 80, targetPort: 8080, protocol: "TCP" },
      { name: "udp", port: 80, targetPort: 8081, protocol: "UDP" },
    ];
    await create(engine, [service("both", { selector: { app: "backend" }, ports })]);
    const { clusterIP } = (await serviceOf("both")).spec;
    await until("TCP answers", async () => (await get(`${clusterIP}/hostname`)).startsWith("backend-"));
    await until("UDP answers", async () => (await udp(clusterIP, 80)).startsWith("backend-"));
    await patchService("both", { spec: { ports: ports.slice(0, 1) } });
    await until(
      "UDP is gone",
      async () => (await engine.attempt(`kubectl exec client -- ${netexec("udp", clusterIP, "80").join(" ")}`)).code !== 0,
    );
    assert.match(await get(`${clusterIP}/hostname`), /^backend-/);
    await patchService("both", { spec: { ports: ports.slice(1) } });
    await refuses(`${clusterIP}/hostname`);
    await until("UDP answers again", async () => (await udp(clusterIP, 80)).startsWith("backend-"));
    await remove("service both");
  });

  await t.test("Services should be able to create a functioning NodePort service", async () => {
    await create(engine, [
      service("node-port", { type: "NodePort", selector: { app: "backend" }, ports: [{ port: 80, targetPort: 8080 }] }),
    ]);
    const { clusterIP, ports } = (await serviceOf("node-port")).spec;
    const urls = ["node-port", clusterIP, `${addressOf(near)}:${ports[0].nodePort}`, `${addressOf(far)}:${ports[0].nodePort}`];
    for (const url of urls) await until(`${url} answers`, async () => (await get(`${url}/hostname`)).startsWith("backend-"));
    for (const url of urls.slice(1)) assert.match(await get(`${url}/hostname`, "host-client"), /^backend-/);
    await remove("service node-port");
  });

  for (const type of ["ClusterIP", "NodePort"]) {
    await t.test(`Services should have session affinity work for, and be able to switch session affinity for ${type} service`, async () => {
      const name = `sticky-${type.toLowerCase()}`;
      await create(engine, [
        service(name, { type, sessionAffinity: "ClientIP", selector: { app: "backend" }, ports: [{ port: 80, targetPort: 8080 }] }),
      ]);
      const { clusterIP, ports } = (await serviceOf(name)).spec;
      const urls = type === "ClusterIP" ? [clusterIP] : [clusterIP, `${addressOf(near)}:${ports[0].nodePort}`];
      for (const url of urls) {
        await until(`${url} answers`, async () => (await get(`${url}/hostname`)).startsWith("backend-"));
        assert.equal((await answerers(url, 15)).size, 1, url);
        await patchService(name, { spec: { sessionAffinity: "None" } });
        await until(`${url} has several answers`, async () => (await answerers(url, 15)).size > 1);
        await patchService(name, { spec: { sessionAffinity: "ClientIP" } });
        await until(`${url} has one answer again`, async () => (await answerers(url, 15)).size === 1);
      }
      await remove(`service ${name}`);
    });
  }

  await t.test("Services should be able to change the type from ExternalName to ClusterIP and NodePort, and back", async () => {
    const ports = [{ port: 80, targetPort: 8080, protocol: "TCP" }];
    for (const type of ["ClusterIP", "NodePort"]) {
      const name = `changes-${type.toLowerCase()}`;
      await create(engine, [service(name, { type: "ExternalName", externalName: "example.com" })]);
      await patchService(name, { spec: { type, externalName: null, selector: { app: "backend" }, ports } });
      const { clusterIP, ports: given } = (await serviceOf(name)).spec;
      assert.match(clusterIP, /^10\./);
      const urls = [name, clusterIP, ...(type === "NodePort" ? [`${addressOf(near)}:${given[0].nodePort}`] : [])];
      for (const url of urls) await until(`${url} answers`, async () => (await get(`${url}/hostname`)).startsWith("backend-"));
      await patchService(name, {
        spec: { type: "ExternalName", externalName: "web.default.svc.cluster.local", clusterIP: null, clusterIPs: null },
      });
      const { spec } = await serviceOf(name);
      assert.deepEqual([spec.clusterIP, spec.clusterIPs, spec.ports?.[0]?.nodePort], [undefined, undefined, undefined]);
      await until("its name leads elsewhere", async () =>
        /canonical name = web\.default/.test(await inside(engine, "client", `nslookup -type=CNAME ${name}.default.svc.cluster.local`)),
      );
      await says(`${name}/port`, "8080");
      for (const url of urls.slice(1)) await refuses(`${url}/hostname`);
      await remove(`service ${name}`);
    }
  });

  await t.test("Proxy version v1: a set of valid responses are returned for both pod and service Proxy and ProxyWithPath", async () => {
    const proxied = ["pods/backend-0:8080", "pods/http:backend-0:8080", "services/web:http", "services/http:web:80", "services/web:80"];
    const proxyUrl = engine.start("kubectl proxy --port=0");
    t.after(() => proxyUrl.end());
    const base = await until("kubectl proxies", () => /127\.0\.0\.1:\d+/.exec(proxyUrl.output())?.[0]);
    for (const what of proxied) {
      for (const method of ["DELETE", "OPTIONS", "PATCH", "POST", "PUT", "GET", "HEAD"]) {
        const url = `http://${base}${core}/${what}/proxy/some/path/with/${method}?a=b`;
        const answer = await fetch(url, { method });
        assert.equal(answer.status, 200, `${method} ${what}`);
        if (method !== "HEAD") {
          const { method: seen, path } = (await answer.json()) as any;
          assert.deepEqual([seen, path], [method, `/some/path/with/${method}?a=b`]);
        }
        const root = await fetch(`http://${base}${core}/${what}/proxy?method=${method}`, { method, redirect: "manual" });
        assert.equal(root.status, method === "GET" || method === "HEAD" ? 301 : 200, `${method} ${what}/proxy`);
      }
    }
  });

  for (const [kind, apiVersion, selector] of [
    ["ReplicaSet", "apps/v1", (labels: object) => ({ matchLabels: labels })],
    ["ReplicationController", "v1", (labels: object) => labels],
  ] as const) {
    await t.test(`${kind} should serve a basic image on each replica with a public image`, async () => {
      const labels = { app: `basic-${kind.toLowerCase()}` };
      const { spec } = serverPod("any", { http: "9376", udp: "" });
      // Each answers with its own name: no variable says another.
      const containers = [{ ...spec.containers[0], env: [] }];
      const template = { metadata: { labels }, spec: { ...spec, containers, restartPolicy: "Always" } };
      const name = labels.app;
      await create(engine, [{ apiVersion, kind, metadata: { name }, spec: { replicas: 2, selector: selector(labels), template } }]);
      const pods = await until("two replicas are ready", async () => {
        const { items } = await engine.read(`${core}/pods?labelSelector=app%3D${name}`);
        return items.length === 2 && items.every(isReady) && items;
      });
      for (const { metadata, status } of pods) await says(`${status.podIP}:9376/hostname`, metadata.name);
      await remove(`${kind.toLowerCase()}/${name}`);
    });
  }

  await t.test("Service endpoints latency should not be very high", async () => {
    const names = Array.from({ length: 60 }, (_, index) => `latency-${index}`);
    const started = performance.now();
    await create(
      engine,
      names.map((name) => service(name, { selector: { app: "backend" }, ports: [{ port: 80, targetPort: 8080 }] })),
    );
    const withEndpoints = async (): Promise<number> => {
      const { items } = await engine.read("/apis/discovery.k8s.io/v1/namespaces/default/endpointslices");
      return items.filter(({ metadata, endpoints }: any) => metadata.name.startsWith("latency-") && endpoints?.length === 3).length;
    };
    await until("all have endpoints", async () => (await withEndpoints()) === names.length);
    assert.ok(performance.now() - started < 20_000);
    await until("the last one answers", async () => (await get("latency-59/hostname")).startsWith("backend-"));
  });
});
