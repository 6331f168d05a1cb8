/** Deployments: both strategies, pause and resume, changes of size and strategy in the middle of a rollout. */
import { Deployment } from "../../api/kinds/deployment/index.ts";
import { type Random, randomInt, randomPick } from "../../base/random.ts";
import { deploymentController } from "../../controllers/deployment/deployment.ts";
import { replicaSetController } from "../../controllers/replicaset/replica-set.ts";
import { replicaCount } from "../checkers/replica-count.ts";
import { availabilityBound, deploymentComplete, recreateBound, surgeBound } from "../checkers/rollout-bounds.ts";
import { rolloutStuck } from "../checkers/rollout-stuck.ts";
import type { UserStep } from "../spec.ts";
import { drawScale, drawTemplate, finalImage, firstTemplate, manifestOf, templateOf, type Workload } from "./workload.ts";

const replicasMax = 6;

function drawStrategy(random: Random) {
  if (randomInt(random, 0, 4) === 0) return { type: "Recreate" };
  const maxSurge = randomPick(random, [0, 1, 2, "25%", "50%", "100%"]);
  const unavailable = randomPick(random, [0, 1, 2, "25%", "50%"]);
  const maxUnavailable = maxSurge === 0 && unavailable === 0 ? 1 : unavailable;
  return { type: "RollingUpdate", rollingUpdate: { maxSurge, maxUnavailable } };
}

export const deployments: Workload = {
  name: "deployment",
  kind: Deployment as unknown as Workload["kind"],
  actors: [
    { name: "deployment-controller", make: deploymentController },
    { name: "replicaset-controller", make: replicaSetController },
  ],
  checkers: [surgeBound, availabilityBound, recreateBound, replicaCount, deploymentComplete],
  stuck: rolloutStuck,
  nodeHarms: ["lose", "cordon", "taint", "expel"],
  drawManifest: (random) =>
    manifestOf("Deployment", {
      replicas: randomInt(random, 1, replicasMax),
      strategy: drawStrategy(random),
      minReadySeconds: randomPick(random, [0, 0, 0, 3, 10]),
      progressDeadlineSeconds: randomPick(random, [30, 600]),
      revisionHistoryLimit: randomPick(random, [0, 1, 2, 10]),
      template: firstTemplate,
    }),
  drawStep(random, drawn): UserStep {
    const patch = (why: string, spec: unknown): UserStep => ({ do: "patch", why, patch: { spec } });
    const what = randomInt(random, 0, 11);
    if (what <= 5) return drawTemplate(random, drawn);
    if (what <= 7) return drawScale(random, replicasMax);
    if (what === 8) return patch("pause", { paused: true });
    if (what === 9) return patch("resume", { paused: false });
    if (what === 10) {
      const strategy = drawStrategy(random);
      return patch(`strategy ${JSON.stringify(strategy)}`, { strategy: { rollingUpdate: null, ...strategy } });
    }
    return { do: "orphan" };
  },
  finish: () => ({ spec: { paused: false, template: templateOf(finalImage) } }),
  needsAHand: () => false,
};
