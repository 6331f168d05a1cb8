// The Pod network on the real kernel: needs root, ip and nft.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { mustRun, runCommand } from "../oci/command.node.ts";
import { cleanUpNetwork } from "./clean-up.node.ts";
import { linuxPodNetwork } from "./linux-pod-network.node.ts";

const instance = "wlp";
/** Everything in the kernel that bears the instance's name; other engines may come and go meanwhile. */
const state = async (): Promise<readonly string[]> => {
  const all = await mustRun(["sh", "-c", "ip -o link show; ls /run/netns 2>/dev/null; nft list tables; true"]);
  return all.split("\n").filter((line) => new RegExp(`\\b${instance}(b\\d+|-|\\b)`).test(line));
};
after(() => cleanUpNetwork(instance));

const reaches = async (from: string | undefined, to: string) => {
  const ping = ["ping", "-c1", "-W1", "-q", to];
  const busyboxPing = ["busybox", ...ping];
  return (await runCommand(from === undefined ? busyboxPing : ["nsenter", `--net=${from}`, ...busyboxPing])).code === 0;
};

test("sandboxes of all nodes, the host and the world beyond reach each other, and nothing is left", async () => {
  const near = await linuxPodNetwork({ instance, nodeIndex: 0, podCidr: "10.77.0.0/24" });
  const far = await linuxPodNetwork({ instance, nodeIndex: 1, podCidr: "10.77.1.0/24" });
  const attached = await Promise.all(Array.from({ length: 10 }, (_, index) => near.attach(`sandbox-${index}`)));
  assert.equal(new Set(attached.map(({ ip }) => ip)).size, 10);
  const a = attached[0]!;
  const b = attached[1]!;
  const c = await far.attach("sandbox-far");
  assert.deepEqual(await near.attach("sandbox-0"), a, "attaching again changes nothing");
  assert.deepEqual(
    {
      neighbour: await reaches(a.namespacePath, b.ip),
      otherNode: await reaches(a.namespacePath, c.ip),
      back: await reaches(c.namespacePath, a.ip),
      itself: await reaches(a.namespacePath, a.ip),
      loopback: await reaches(a.namespacePath, "127.0.0.1"),
      gateway: await reaches(a.namespacePath, near.nodeIp),
      fromHost: await reaches(undefined, a.ip),
      toHost: await reaches(c.namespacePath, near.nodeIp),
    },
    { neighbour: true, otherNode: true, back: true, itself: true, loopback: true, gateway: true, fromHost: true, toHost: true },
  );

  // A neighbour that knows no way back to Pods: only the machine's own address can be answered.
  await mustRun(["ip", "netns", "add", `${instance}-outside`]);
  await mustRun(["ip", "link", "add", `${instance}-out`, "type", "veth", "peer", "name", "eth0", "netns", `${instance}-outside`]);
  await mustRun(["ip", "address", "add", "10.79.0.1/24", "dev", `${instance}-out`]);
  await mustRun(["ip", "link", "set", `${instance}-out`, "up"]);
  await mustRun(["ip", "-n", `${instance}-outside`, "address", "add", "10.79.0.2/24", "dev", "eth0"]);
  await mustRun(["ip", "-n", `${instance}-outside`, "link", "set", "eth0", "up"]);
  assert.equal(await reaches(a.namespacePath, "10.79.0.2"), true, "Pods go out under the machine's address");
  await mustRun(["ip", "-n", `${instance}-outside`, "route", "add", "10.77.0.0/16", "via", "10.79.0.1"]);
  assert.equal(await reaches(`/run/netns/${instance}-outside`, a.ip), false, "nobody outside reaches a Pod");

  // Another process finds what there is.
  const adopted = await linuxPodNetwork({ instance, nodeIndex: 0, podCidr: "10.77.0.0/24" });
  const found = (await adopted.list()).map(({ sandboxId, ip }) => `${sandboxId} ${ip}`).sort();
  assert.deepEqual(found, attached.map(({ ip }, index) => `sandbox-${index} ${ip}`).sort());
  await adopted.detach("sandbox-1");
  await adopted.detach("sandbox-1");
  assert.equal((await adopted.list()).length, 9);
  assert.notEqual((await adopted.attach("sandbox-new")).ip, b.ip, "an address given back rests");
  assert.equal(await reaches(a.namespacePath, c.ip), true, "adoption leaves traffic alone");

  await adopted.close();
  assert.ok((await state()).length > 0, "the other node is still there");
  await cleanUpNetwork(instance);
  assert.deepEqual(await state(), []);
});
