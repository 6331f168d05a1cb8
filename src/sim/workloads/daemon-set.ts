/** DaemonSets: updates that replace or surge, OnDelete, and nodes that come, go, change and repel. */
import { DaemonSet } from "../../api/kinds/daemon-set/index.ts";
import { type Random, randomInt, randomPick } from "../../base/random.ts";
import { daemonSetController } from "../../controllers/daemonset/daemon-set.ts";
import { daemonSetComplete, daemons } from "../checkers/daemons.ts";
import { zoneLabel } from "../nodes.ts";
import type { UserStep } from "../spec.ts";
import { drawTemplate, finalImage, firstTemplate, manifestOf, templateOf, type Workload } from "./workload.ts";

function drawStrategy(random: Random) {
  if (randomInt(random, 0, 5) === 0) return { type: "OnDelete" };
  const amount = randomPick(random, [1, 2, "30%", "50%", "100%"]);
  const isSurging = randomInt(random, 0, 1) === 1;
  const rollingUpdate = isSurging ? { maxSurge: amount, maxUnavailable: 0 } : { maxSurge: 0, maxUnavailable: amount };
  return { type: "RollingUpdate", rollingUpdate };
}

export const daemonSets: Workload = {
  name: "daemonset",
  kind: DaemonSet as unknown as Workload["kind"],
  actors: [{ name: "daemonset-controller", make: daemonSetController }],
  checkers: [daemons, daemonSetComplete],
  nodeHarms: ["lose", "add", "remove", "taint", "expel", "cordon", "label"],
  drawManifest(random) {
    const isZonal = randomInt(random, 0, 2) === 0;
    const tolerates = randomInt(random, 0, 2) === 0;
    const { metadata, spec } = firstTemplate;
    return manifestOf("DaemonSet", {
      updateStrategy: drawStrategy(random),
      minReadySeconds: randomPick(random, [0, 0, 3]),
      revisionHistoryLimit: randomPick(random, [0, 1, 10]),
      template: {
        metadata,
        spec: {
          ...spec,
          ...(isZonal && { nodeSelector: { [zoneLabel]: "a" } }),
          ...(tolerates && { tolerations: [{ key: "simulated", operator: "Exists" }] }),
        },
      },
    });
  },
  drawStep(random, drawn): UserStep {
    const what = randomInt(random, 0, 8);
    if (what <= 6) return drawTemplate(random, drawn);
    if (what === 7) {
      const updateStrategy = drawStrategy(random);
      const patch = { spec: { updateStrategy: { rollingUpdate: null, ...updateStrategy } } };
      return { do: "patch", why: `strategy ${JSON.stringify(updateStrategy)}`, patch };
    }
    return { do: "orphan" };
  },
  finish: () => ({
    spec: {
      template: templateOf(finalImage),
      updateStrategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } },
    },
  }),
  needsAHand: () => false,
};
