import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pod } from "../../api/types.ts";
import { formatTime } from "../../base/time.ts";
import { podsToDelete } from "./deletion-order.ts";

const now = 1_704_067_200_000;
interface Shape {
  readonly node?: string;
  readonly phase?: string;
  readonly ready?: boolean;
  readonly readyForSeconds?: number;
  readonly cost?: string;
  readonly restarts?: number;
  readonly ageSeconds?: number;
}
const pod = (name: string, shape: Shape): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: {
    name,
    uid: name,
    creationTimestamp: formatTime(now - (shape.ageSeconds ?? 10_000) * 1000),
    ...(shape.cost !== undefined && { annotations: { "controller.kubernetes.io/pod-deletion-cost": shape.cost } }),
  },
  spec: { containers: [], ...(shape.node !== "" && { nodeName: shape.node ?? "n1" }) },
  status: {
    phase: shape.phase ?? "Running",
    conditions: [
      {
        type: "Ready",
        status: shape.ready === false ? "False" : "True",
        lastTransitionTime: formatTime(now - (shape.readyForSeconds ?? 9000) * 1000),
      },
    ],
    containerStatuses: [{ name: "c", image: "i", imageID: "", ready: true, restartCount: shape.restarts ?? 0 }],
  },
});

// In each row the Pod named "goes" must be chosen; the uid order would choose the other one.
const rows: [string, Shape, Shape][] = [
  ["unassigned before assigned", { node: "", cost: "100" }, { cost: "-100" }],
  ["Pending before Unknown", { phase: "Pending" }, { phase: "Unknown" }],
  ["Unknown before Running", { phase: "Unknown" }, { phase: "Running" }],
  ["not Ready before Ready", { ready: false, cost: "5" }, { cost: "-5" }],
  ["the lower deletion cost first", { cost: "-1" }, {}],
  ["a deletion cost that is no int32 counts as 0", { cost: "-5" }, { cost: "-0x99" }],
  ["the crowded node first", { node: "crowded", readyForSeconds: 100_000 }, { node: "quiet", readyForSeconds: 1 }],
  ["the more recently Ready first", { readyForSeconds: 10 }, { readyForSeconds: 1000, restarts: 9 }],
  ["about equally long Ready: more restarts first", { readyForSeconds: 1001, restarts: 2 }, { readyForSeconds: 1000 }],
  ["the newer first", { ageSeconds: 20 }, { ageSeconds: 20_000 }],
];
for (const [name, goes, stays] of rows) {
  test(`RS-5: ${name}`, () => {
    const related = (node: string) => (node === "crowded" ? 5 : 1);
    const pods = [pod("a-stays", stays), pod("b-goes", goes)];
    const chosen = podsToDelete(pods, 1, related, now).map(({ metadata }) => metadata.name);
    assert.deepEqual(chosen, ["b-goes"]);
  });
}

test("RS-5: what is equal in everything goes by uid", () => {
  const pods = ["c", "a", "b"].map((name) => pod(name, {}));
  assert.deepEqual(
    podsToDelete(pods, 2, () => 1, now).map(({ metadata }) => metadata.name),
    ["a", "b"],
  );
});

test("RS-6: when all must go nothing is ranked", () => {
  const pods = [pod("b", {}), pod("a", {})];
  const never = () => assert.fail("no Pod needs to be ranked");
  assert.equal(podsToDelete(pods, 2, never, now), pods);
});
