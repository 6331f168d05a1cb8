import assert from "node:assert/strict";
import { test } from "node:test";
import type { Container, Pod, PodSpec } from "../api/types.ts";
import { allocatableOf, requestedAmounts } from "./pod-requests.ts";

const container = (cpu: string, over: Partial<Container> = {}): Container => ({
  name: "c",
  image: "i",
  resources: { requests: { cpu } },
  ...over,
});
const sidecar = (cpu: string): Container => container(cpu, { restartPolicy: "Always" });

const rows: readonly (readonly [name: string, spec: Partial<PodSpec>, milliCpu: number])[] = [
  ["containers run together", { containers: [container("100m"), container("1")] }, 1100],
  [
    "a start-up container counts where it asks for more than all others",
    { containers: [container("1")], initContainers: [container("3")] },
    3000,
  ],
  ["start-up containers run one after another", { containers: [container("1")], initContainers: [container("2"), container("3")] }, 3000],
  ["a sidecar runs beside the containers", { containers: [container("1")], initContainers: [sidecar("500m")] }, 1500],
  [
    "a start-up container runs beside the sidecars before it, not those after it",
    { containers: [container("1")], initContainers: [sidecar("500m"), container("2"), sidecar("250m")] },
    2500,
  ],
  ["overhead comes on top", { containers: [container("1")], overhead: { cpu: "250m" } }, 1250],
  ["what the Pod asks for as a whole counts instead", { containers: [container("1")], resources: { requests: { cpu: "4" } } }, 4000],
];
for (const [name, spec, milliCpu] of rows) {
  test(name, () => {
    const pod = { apiVersion: "v1", kind: "Pod", metadata: {}, spec: { containers: [], ...spec } } as Pod;
    assert.equal(requestedAmounts(pod).get("cpu"), milliCpu);
  });
}

test("processors are counted in thousandths, all else in whole units", () => {
  assert.deepEqual(
    [...allocatableOf({ cpu: "1500m", memory: "1Ki", pods: "110" })],
    [
      ["cpu", 1500],
      ["memory", 1024],
      ["pods", 110],
    ],
  );
});
