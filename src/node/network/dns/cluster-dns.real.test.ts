// Names as Pods look them up: needs root, ip, nft and busybox.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { silentLog } from "../../../base/log.ts";
import { runCommand } from "../../oci/command.node.ts";
import { cleanUpNetwork } from "../clean-up.node.ts";
import { service, slice } from "../fixture.node.ts";
import { linuxPodNetwork } from "../linux-pod-network.node.ts";
import { nftServiceProxy } from "../nft-service-proxy.node.ts";
import { clusterDnsIp, startClusterDns } from "./cluster-dns.node.ts";

const instance = "wld";
const serviceCidr = "10.89.0.0/16";
const directory = mkdtempSync(join(tmpdir(), "windlass-dns-"));
after(async () => {
  await cleanUpNetwork(instance);
  rmSync(directory, { recursive: true });
});

test("Pods find Services by short and by full names, with two different resolver libraries", async () => {
  const network = await linuxPodNetwork({ instance, nodeIndex: 0, podCidr: "10.88.0.0/24" });
  const { namespacePath } = await network.attach("sandbox");
  const ip = clusterDnsIp(serviceCidr);
  const dns = await startClusterDns({
    instance,
    serviceCidr,
    podCidr: "10.88.0.0/16",
    domain: "cluster.local",
    log: silentLog,
  });
  const proxy = nftServiceProxy({ instance, serviceCidr, log: silentLog, localAddresses: [ip] });
  const state = {
    services: [
      service("kube-dns", { clusterIP: ip, ports: [{ port: 53, protocol: "UDP" }] }),
      service("web", { clusterIP: "10.89.0.20" }),
      service("db", { clusterIP: "None" }),
    ],
    slices: [slice("db", 5432, [{ addresses: ["10.88.0.2"], hostname: "db-0", conditions: { ready: true } }])],
  };
  await proxy.sync(state);
  await dns.sync(state);

  const resolvConf = join(directory, "resolv.conf");
  writeFileSync(resolvConf, `nameserver ${ip}\nsearch default.svc.cluster.local svc.cluster.local cluster.local\noptions ndots:5\n`);
  const inPod = (...command: string[]) =>
    runCommand([
      "nsenter",
      `--net=${namespacePath}`,
      "unshare",
      "-m",
      "sh",
      "-c",
      'mount --bind "$0" /etc/resolv.conf && exec "$@"',
      resolvConf,
      ...command,
    ]);

  for (const [name, address] of [
    ["web", "10.89.0.20"],
    ["web.default", "10.89.0.20"],
    ["web.default.svc.cluster.local", "10.89.0.20"],
    ["db-0.db", "10.88.0.2"],
  ] as const) {
    const { stdout } = await inPod("getent", "ahostsv4", name);
    assert.match(stdout, new RegExp(`^${address} `), `getent ${name}`);
  }
  const found = await inPod("busybox", "nslookup", "db-0.db.default.svc.cluster.local");
  assert.deepEqual([found.code, /Address: +10\.88\.0\.2\b/.test(found.stdout)], [0, true], found.stdout);
  const atNode = await inPod("busybox", "nslookup", "web.default.svc.cluster.local", network.nodeIp);
  assert.match(atNode.stdout, /Address: +10\.89\.0\.20\b/);
  const missing = await inPod("busybox", "nslookup", "no.default.svc.cluster.local");
  assert.match(missing.stdout, /NXDOMAIN/);
  const pointer = await inPod("busybox", "nslookup", "10.89.0.20");
  assert.match(pointer.stdout, /name = web\.default\.svc\.cluster\.local/);

  await dns.close();
  await proxy.close();
  await network.close();
});
