/**
 * What the official storage tests ask of volumes, on real containers: the files of ConfigMaps, Secrets, the downward API and their
 * projections with their modes and owners, how they follow changes, empty directories on disk and in memory, sub-paths.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { startEngine } from "../../harness/engine.ts";
import { until } from "../../harness/until.ts";
import {
  checkSaying,
  create,
  inside,
  isReady,
  outputOf,
  podOf,
  podWhere,
  podsOfTable,
  type Saying,
  shellContainer,
  waitForEver,
} from "../containers.ts";

const mounted = { volumeMounts: [{ name: "v", mountPath: "/etc/v" }] };
const twice = {
  volumeMounts: [
    { name: "v", mountPath: "/etc/v" },
    { name: "w", mountPath: "/etc/w" },
  ],
};
const asUser = { securityContext: { runAsUser: 1000 } };
const withGroup = { securityContext: { runAsUser: 1000, fsGroup: 1001 } };
const volume = (source: Record<string, unknown>) => ({ volumes: [{ name: "v", ...source }] });
const volumes = (source: Record<string, unknown>) => ({
  volumes: [
    { name: "v", ...source },
    { name: "w", ...source },
  ],
});
const show = (path: string): string => `stat -L -c %a ${path}; cat ${path}`;

/** The same rows for a ConfigMap or Secret, on its own or in a projection. */
function keyRows(title: string, source: (options: Record<string, unknown>) => Record<string, unknown>, modes: object): Saying[] {
  const items = [{ key: "data-2", path: "path/to/data-2" }];
  const itemMode = [{ key: "data-2", path: "path/to/data-2", mode: 0o400 }];
  const plain = show("/etc/v/data-1");
  const mapped = show("/etc/v/path/to/data-2");
  const both = "cat /etc/v/data-1 /etc/w/data-1";
  return [
    {
      sentence: `${title} should be consumable from pods in volume`,
      line: plain,
      says: "644\nvalue-1",
      container: mounted,
      spec: volume(source({})),
    },
    {
      sentence: `${title} should be consumable from pods in volume as non-root`,
      line: `${plain}; echo; id -u`,
      says: "644\nvalue-1\n1000",
      container: mounted,
      spec: { ...asUser, ...volume(source({})) },
    },
    {
      sentence: `${title} should be consumable from pods in volume with defaultMode set`,
      line: plain,
      says: "400\nvalue-1",
      container: mounted,
      spec: volume({ ...source({ ...modes, defaultMode: 0o400 }) }),
    },
    {
      sentence: `${title} should be consumable from pods in volume as non-root with defaultMode and fsGroup set`,
      line: `stat -L -c %g /etc/v/data-1; ${plain}`,
      says: "1001\n440\nvalue-1",
      container: mounted,
      spec: { ...withGroup, ...volume(source({ defaultMode: 0o440 })) },
    },
    {
      sentence: `${title} should be consumable from pods in volume with mappings`,
      line: mapped,
      says: "644\nvalue-2",
      container: mounted,
      spec: volume(source({ items })),
    },
    {
      sentence: `${title} should be consumable from pods in volume with mappings as non-root`,
      line: mapped,
      says: "644\nvalue-2",
      container: mounted,
      spec: { ...asUser, ...volume(source({ items })) },
    },
    {
      sentence: `${title} should be consumable from pods in volume with mappings and Item mode set`,
      line: mapped,
      says: "400\nvalue-2",
      container: mounted,
      spec: volume(source({ items: itemMode })),
    },
    {
      sentence: `${title} should be consumable in multiple volumes in the same pod`,
      line: both,
      says: "value-1value-1",
      container: twice,
      spec: volumes(source({})),
    },
  ];
}

const limited = { resources: { limits: { cpu: "1250m", memory: "64Mi" }, requests: { cpu: "250m", memory: "32Mi" } } };
const allocatable = (resource: string, unit: number) => async (engine: any) => {
  const { items } = await engine.read("/api/v1/nodes");
  const quantity: string = items[0].status.allocatable[resource];
  const factor: Record<string, number> = { m: 0.001, Ki: 1024, Mi: 1024 ** 2 };
  const [, number, suffix] = /^(\d+)(\w*)$/.exec(quantity) as unknown as [string, string, string];
  return String(Math.ceil((Number(number) * (factor[suffix] ?? 1)) / unit));
};

function downwardRows(title: string, source: (items: unknown[], options?: Record<string, unknown>) => Record<string, unknown>): Saying[] {
  const resource = (name: string, divisor?: string) => [
    { path: "file", resourceFieldRef: { containerName: "main", resource: name, ...(divisor && { divisor }) } },
  ];
  const row = (
    sentence: string,
    items: unknown[],
    says: Saying["says"],
    container = {},
    options = {},
    line = "cat /etc/v/file",
  ): Saying => ({
    sentence: `${title} ${sentence}`,
    line,
    says,
    container: { ...mounted, ...container },
    spec: volume(source(items, options)),
  });
  const name = { path: "file", fieldRef: { fieldPath: "metadata.namespace" } };
  return [
    row("should provide podname only", [name], "default"),
    row("should set DefaultMode on files", [name], "400\ndefault", {}, { defaultMode: 0o400 }, show("/etc/v/file")),
    row("should set mode on item file", [{ ...name, mode: 0o400 }], "400\ndefault", {}, {}, show("/etc/v/file")),
    row("should provide container's cpu limit", resource("limits.cpu"), "2", limited),
    row("should provide container's cpu limit in thousandths", resource("limits.cpu", "1m"), "1250", limited),
    row("should provide container's memory limit", resource("limits.memory"), "67108864", limited),
    row("should provide container's cpu request", resource("requests.cpu", "1m"), "250", limited),
    row("should provide container's memory request", resource("requests.memory"), "33554432", limited),
    row(
      "should provide node allocatable (cpu) as default cpu limit if the limit is not set",
      resource("limits.cpu"),
      allocatable("cpu", 1),
    ),
    row(
      "should provide node allocatable (memory) as default memory limit if the limit is not set",
      resource("limits.memory", "1Mi"),
      allocatable("memory", 1024 ** 2),
    ),
  ];
}

const emptyDirRows: Saying[] = [];
for (const medium of ["default", "tmpfs"]) {
  const emptyDir = medium === "tmpfs" ? { medium: "Memory" } : {};
  const kind = medium === "tmpfs" ? "; grep -c '^tmpfs /etc/v tmpfs' /proc/mounts" : "";
  const one = medium === "tmpfs" ? "\n1" : "";
  emptyDirRows.push({
    sentence: `EmptyDir volumes ${medium === "tmpfs" ? "volume on tmpfs" : "volume on default medium"} should have the correct mode`,
    line: `stat -c '%a %F' /etc/v${kind}`,
    says: `777 directory${one}`,
    container: mounted,
    spec: volume({ emptyDir }),
  });
  for (const mode of ["0644", "0666", "0777"]) {
    for (const [who, spec, owner] of [
      ["root", {}, "0:0"],
      ["non-root", { securityContext: { runAsUser: 1001 } }, "1001:0"],
    ] as const) {
      emptyDirRows.push({
        sentence: `EmptyDir volumes should support (${who},${mode},${medium})`,
        line: `umask 0; echo content > /etc/v/f && chmod ${mode} /etc/v/f; stat -c '%a %u:%g' /etc/v/f; cat /etc/v/f${kind}`,
        says: `${mode.slice(1)} ${owner}\ncontent${one}`,
        container: mounted,
        spec: { ...spec, ...volume({ emptyDir }) },
      });
    }
  }
}

const subPathRows: Saying[] = [];
const subPathed = (subPath: string, mountPath = "/test/mount") => ({ volumeMounts: [{ name: "v", mountPath, subPath }] });
for (const [what, source] of [
  ["configmap", { configMap: { name: "map" } }],
  ["secret", { secret: { secretName: "map" } }],
  ["projected", { projected: { sources: [{ configMap: { name: "map" } }] } }],
] as const) {
  subPathRows.push({
    sentence: `Subpath Atomic writer volumes should support subpaths with ${what} pod`,
    line: "cat /test/mount",
    says: "value-1",
    container: subPathed("data-1"),
    spec: volume(source),
  });
}
subPathRows.push(
  {
    sentence: "Subpath Atomic writer volumes should support subpaths with downward pod",
    line: "cat /test/mount",
    says: /^subpath-\d+$/,
    container: subPathed("downward/podname"),
    spec: volume({ downwardAPI: { items: [{ path: "downward/podname", fieldRef: { fieldPath: "metadata.name" } }] } }),
  },
  {
    sentence: "Subpath Atomic writer volumes should support subpaths with configmap pod with mountPath of existing file",
    line: "cat /etc/resolv.conf",
    says: "value-1",
    container: subPathed("data-1", "/etc/resolv.conf"),
    spec: volume({ configMap: { name: "map" } }),
  },
);

const projectedSource = (source: Record<string, unknown>, { defaultMode, ...options }: Record<string, unknown> = {}) => {
  const [[key, value]] = Object.entries(source) as [[string, object]];
  return { projected: { ...(defaultMode !== undefined && { defaultMode }), sources: [{ [key]: { ...value, ...options } }] } };
};

const tables: Record<string, Saying[]> = {
  configmap: keyRows("ConfigMap", (options) => ({ configMap: { name: "map", ...options } }), {}),
  secret: keyRows("Secrets", (options) => ({ secret: { secretName: "map", ...options } }), {}),
  "projected-map": keyRows("Projected configMap", (options) => projectedSource({ configMap: { name: "map" } }, options), {}),
  "projected-secret": keyRows("Projected secret", (options) => projectedSource({ secret: { name: "map" } }, options), {}),
  downward: downwardRows("Downward API volume", (items, options) => ({ downwardAPI: { items, ...options } })),
  "projected-downward": downwardRows("Projected downwardAPI", (items, options) => projectedSource({ downwardAPI: { items } }, options)),
  emptydir: emptyDirRows,
  subpath: subPathRows,
  combined: [
    {
      sentence: "Projected combined should project all components that make up the projection API",
      line: "cat /etc/v/podname /etc/v/secret-data /etc/v/configmap-data",
      says: "combined-0value-1value-1",
      container: mounted,
      spec: volume({
        projected: {
          sources: [
            { downwardAPI: { items: [{ path: "podname", fieldRef: { fieldPath: "metadata.name" } }] } },
            { secret: { name: "map", items: [{ key: "data-1", path: "secret-data" }] } },
            { configMap: { name: "map", items: [{ key: "data-1", path: "configmap-data" }] } },
          ],
        },
      }),
    },
    {
      sentence: "EmptyDir wrapper volumes should not conflict",
      line: "cat /etc/v/data-1 /etc/w/data-2",
      says: "value-1value-2",
      container: twice,
      spec: {
        volumes: [
          { name: "v", secret: { secretName: "map" } },
          { name: "w", configMap: { name: "map" } },
        ],
      },
    },
    {
      sentence:
        "Secrets should be able to mount in a volume regardless of a different secret existing with same name in different namespace",
      line: "cat /etc/v/data-1",
      says: "value-1",
      container: mounted,
      spec: volume({ secret: { secretName: "map" } }),
    },
    {
      sentence: "ConfigMap binary data should be reflected in volume",
      line: "od -An -tx1 /etc/v/dump.bin; cat /etc/v/data",
      says: " de ca fe ba d0 fe ff\nvalue",
      container: mounted,
      spec: volume({ configMap: { name: "binary" } }),
    },
  ],
};

const optionalSource = (kind: "configMap" | "secret", name: string, projected: boolean) => {
  if (projected) return { projected: { sources: [{ [kind]: { name, optional: true } }] } };
  return kind === "configMap" ? { configMap: { name, optional: true } } : { secret: { secretName: name, optional: true } };
};
const followers = (["configMap", "secret"] as const).flatMap((kind) =>
  [false, true].map((projected) => ({ kind, projected, name: `follows-${projected ? "projected-" : ""}${kind.toLowerCase()}` })),
);

test("volumes on real containers", async (t) => {
  const engine = await startEngine(t, { images: ["ch03-sleep.tar"] });
  const data = { "data-1": "value-1", "data-2": "value-2", "data-3": "value-3" };
  const encoded = Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString("base64")]));
  const map = (name: string, content: Record<string, string>) => ({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name },
    data: content,
  });
  const secret = (name: string, content: Record<string, string>, namespace = "default") => ({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name, namespace },
    data: content,
  });
  await create(engine, [
    map("map", data),
    secret("map", encoded),
    { apiVersion: "v1", kind: "Namespace", metadata: { name: "other" } },
    secret("map", { "this-should-not-match-content-of-other-secret": "c2ltaWxhcg==" }, "other"),
    { ...map("binary", { data: "value" }), binaryData: { "dump.bin": "3sr+utD+/w==" } },
    ...["configMap", "secret"].flatMap((kind) =>
      ["deleted", "updated"].map((name) =>
        kind === "configMap" ? map(name, { "data-1": "value-1" }) : secret(name, { "data-1": encoded["data-1"] as string }),
      ),
    ),
  ]);
  await create(engine, [
    ...followers.map(({ kind, projected, name }) =>
      podOf(
        name,
        [
          shellContainer(waitForEver, {
            volumeMounts: ["deleted", "updated", "created"].map((name) => ({ name, mountPath: `/etc/${name}` })),
          }),
        ],
        { volumes: ["deleted", "updated", "created"].map((name) => ({ name, ...optionalSource(kind, name, projected) })) },
      ),
    ),
    ...[false, true].map((projected) => {
      const items = ["labels", "annotations"].map((path) => ({ path, fieldRef: { fieldPath: `metadata.${path}` } }));
      return podOf(
        projected ? "follows-projected-metadata" : "follows-metadata",
        [shellContainer(waitForEver, mounted)],
        volume(projected ? projectedSource({ downwardAPI: { items } }) : { downwardAPI: { items } }),
        { labels: { key1: "value1" }, annotations: { builder: "bar" } },
      );
    }),
    podOf(
      "shared",
      [
        shellContainer("sleep 0.3; echo 'Hello from the busy-box sub-container' > /etc/v/file", mounted),
        shellContainer("until [ -s /etc/v/file ]; do sleep 0.1; done; cat /etc/v/file", { ...mounted, name: "reader" }),
      ],
      volume({ emptyDir: {} }),
    ),
  ]);
  for (const [prefix, table] of Object.entries(tables)) await create(engine, podsOfTable(prefix, table));

  for (const [prefix, table] of Object.entries(tables)) {
    for (const [index, row] of table.entries()) await t.test(row.sentence, () => checkSaying(engine, prefix, index, row));
  }

  await t.test("EmptyDir volumes pod should support shared volumes between containers", async () => {
    assert.equal(await outputOf(engine, "shared", "reader"), "Hello from the busy-box sub-container");
  });

  await t.test("Downward API volume and Projected downwardAPI should update labels and annotations on modification", async () => {
    for (const name of ["follows-metadata", "follows-projected-metadata"]) {
      await podWhere(engine, name, "is ready", isReady);
      assert.match(await inside(engine, name, "cat /etc/v/labels; echo; cat /etc/v/annotations"), /^key1="value1"\n(.*\n)*builder="bar"$/);
      await engine.run(`kubectl label pod ${name} key3=value3; kubectl annotate --overwrite pod ${name} builder=foo`);
    }
    for (const name of ["follows-metadata", "follows-projected-metadata"]) {
      await until(`${name} shows the change`, async () =>
        /^key1="value1"\nkey3="value3"\n(.*\n)*builder="foo"$/.test(
          await inside(engine, name, "cat /etc/v/labels; echo; cat /etc/v/annotations"),
        ),
      );
    }
  });

  await t.test("ConfigMap, Secrets and their projections: (optional) updates should be reflected in volume", async () => {
    const look = "for d in deleted updated created; do echo $d $(cat /etc/$d/data-* 2>/dev/null); done";
    for (const { name } of followers) {
      await podWhere(engine, name, "is ready", isReady);
      assert.equal(await inside(engine, name, look), "deleted value-1\nupdated value-1\ncreated");
    }
    await engine.run("kubectl delete configmap/deleted secret/deleted");
    await engine.run(`kubectl patch configmap updated -p '{"data":{"data-1":null,"data-3":"value-3"}}'`);
    await engine.run(`kubectl patch secret updated -p '{"data":{"data-1":null,"data-3":"dmFsdWUtMw=="}}'`);
    await create(engine, [map("created", { "data-1": "value-1" }), secret("created", { "data-1": "dmFsdWUtMQ==" })]);
    for (const { name } of followers) {
      await until(
        `${name} shows the changes`,
        async () => (await inside(engine, name, look)) === "deleted\nupdated value-3\ncreated value-1",
      );
    }
    assert.equal(await engine.run("kubectl get pods -o jsonpath='{.items[*].status.containerStatuses[*].restartCount}' | tr -d '0 '"), "");
  });

  await t.test("EmptyDir wrapper volumes should not cause race condition when used for configmaps", async () => {
    await engine.run("kubectl delete pods --all --grace-period=0 --force --wait=false");
    const names = Array.from({ length: 50 }, (_, index) => `racey-${index}`);
    await create(
      engine,
      names.map((name) => map(name, { "data-1": "value-1" })),
    );
    const racers = ["racer-0", "racer-1", "racer-2"];
    await create(
      engine,
      racers.map((name) =>
        podOf(name, [shellContainer(waitForEver, { volumeMounts: names.map((name) => ({ name, mountPath: `/etc/config/${name}` })) })], {
          volumes: names.map((name) => ({ name, configMap: { name, items: [{ key: "data-1", path: "data-1" }] } })),
        }),
      ),
    );
    for (const name of racers) {
      await podWhere(engine, name, "is ready", isReady);
      assert.equal(await inside(engine, name, "cat /etc/config/*/data-1 | wc -c"), "350");
    }
  });
});
