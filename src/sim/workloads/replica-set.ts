/** ReplicaSets on their own: a number of Pods, whatever becomes of them. */
import { ReplicaSet } from "../../api/kinds/replica-set/index.ts";
import { randomInt, randomPick } from "../../base/random.ts";
import { replicaSetController } from "../../controllers/replicaset/replica-set.ts";
import { replicaCount } from "../checkers/replica-count.ts";
import { drawScale, firstTemplate, manifestOf, type Workload } from "./workload.ts";

const replicasMax = 7;

export const replicaSets: Workload = {
  name: "replicaset",
  kind: ReplicaSet as unknown as Workload["kind"],
  actors: [{ name: "replicaset-controller", make: replicaSetController }],
  checkers: [replicaCount],
  nodeHarms: ["lose", "cordon", "taint", "expel"],
  drawManifest: (random) =>
    manifestOf("ReplicaSet", {
      replicas: randomInt(random, 0, replicasMax),
      minReadySeconds: randomPick(random, [0, 0, 5]),
      template: firstTemplate,
    }),
  drawStep: (random) => (randomInt(random, 0, 5) === 0 ? { do: "orphan" } : drawScale(random, replicasMax)),
  finish: () => ({ spec: { replicas: 3 } }),
  needsAHand: () => false,
};
