/** What an image that was loaded from an archive is good for where its registry can't be reached. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Container, Pod } from "../../api/types.ts";
import { silentLog } from "../../base/log.ts";
import { seededRandom } from "../../base/random.ts";
import { settle } from "../../base/settle.node.ts";
import { VirtualClock } from "../../base/virtual-clock.ts";
import { ImagePullError, type ImageService, type ImageStatus } from "../runtime.ts";
import { backOff } from "./back-off.ts";
import { ImageUnavailable, imagePuller } from "./image-puller.ts";

const image: ImageStatus = { id: "sha256:1", tags: ["todo"], digests: [], sizeBytes: 1, user: "" };
const pod = { metadata: { name: "web", namespace: "default", uid: "1" }, spec: { containers: [] } } as unknown as Pod;
const container: Container = { name: "web", image: "todo", imagePullPolicy: "Always" };
const noHost = new ImagePullError("ErrImagePull", "lookup registry: no such host", { isUnreachable: true });
const denied = new ImagePullError("ErrImagePull", "pull access denied");

const rows: [name: string, here: ImageStatus | undefined, failure: ImagePullError, isUsed: boolean][] = [
  ["loaded, and no registry answers: it is used", image, noHost, true],
  ["loaded, and the registry refuses: it is not used", image, denied, false],
  ["once pulled, and no registry answers: Always means what it says", { ...image, digests: ["todo@sha256:2"] }, noHost, false],
  ["not here, and no registry answers", undefined, noHost, false],
];
for (const [name, here, failure, isUsed] of rows) {
  test(`image pull policy Always: ${name}`, async () => {
    const events: string[] = [];
    const images: ImageService = {
      status: async () => here,
      pull: async () => Promise.reject(failure),
      list: async () => [],
      remove: async () => {},
    };
    const puller = imagePuller({
      world: { clock: new VirtualClock(settle), random: seededRandom(1), log: silentLog },
      images,
      recorder: { event: (_object, type, reason, message) => events.push(`${type} ${reason} ${message}`) },
      source: { configMap: async () => undefined, secret: async () => undefined },
      backOff: backOff(10_000, 300_000),
    });
    const got = await puller.ensure(pod, container, "spec.containers{web}", new AbortController().signal).catch((error) => error);
    if (isUsed) {
      assert.equal(got, here);
      assert.match(events.at(-1) ?? "", /^Normal Pulled .*its registry can't be reached$/);
    } else {
      assert.ok(got instanceof ImageUnavailable);
      assert.equal(events.at(-1), "Warning Failed Error: ErrImagePull");
    }
  });
}
