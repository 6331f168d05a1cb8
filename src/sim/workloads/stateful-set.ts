/** StatefulSets: in order or all at once, partitions, OnDelete, claims under every retention policy. */
import { PersistentVolumeClaim } from "../../api/kinds/persistent-volume-claim/index.ts";
import { StatefulSet } from "../../api/kinds/stateful-set/index.ts";
import { type Random, randomInt, randomPick } from "../../base/random.ts";
import { localVolumeProvisioner } from "../../controllers/local-volumes/index.ts";
import { persistentVolumeBinder } from "../../controllers/persistent-volume-binder/index.ts";
import { claimProtectionController, volumeProtectionController } from "../../controllers/persistent-volume-protection/index.ts";
import { statefulSetController } from "../../controllers/statefulset/stateful-set.ts";
import { claimsKept } from "../checkers/claims-kept.ts";
import { identities, ordinals, statefulSetComplete } from "../checkers/ordinals.ts";
import type { UserStep } from "../spec.ts";
import { drawScale, drawTemplate, finalImage, firstTemplate, manifestOf, templateOf, type Workload } from "./workload.ts";

const replicasMax = 5;

function drawStrategy(random: Random) {
  if (randomInt(random, 0, 4) === 0) return { type: "OnDelete" };
  const maxUnavailable = randomPick(random, [undefined, undefined, 1, 2, "40%"]);
  const partition = randomPick(random, [0, 0, 0, 1, 2, 9]);
  return { type: "RollingUpdate", rollingUpdate: { partition, ...(maxUnavailable !== undefined && { maxUnavailable }) } };
}

function drawClaims(random: Random) {
  if (randomInt(random, 0, 2) > 0) return {};
  const policy = () => randomPick(random, ["Retain", "Delete"]);
  const claim = {
    apiVersion: PersistentVolumeClaim.version,
    kind: PersistentVolumeClaim.kind,
    metadata: { name: "data" },
    spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
  };
  return { volumeClaimTemplates: [claim], persistentVolumeClaimRetentionPolicy: { whenDeleted: policy(), whenScaled: policy() } };
}

/** Volumes that are objects and nothing else. */
const nowhere = { create: async (name: string) => `/volumes/${name}`, remove: async () => {} };

export const statefulSets: Workload = {
  name: "statefulset",
  kind: StatefulSet as unknown as Workload["kind"],
  actors: [
    { name: "statefulset-controller", make: statefulSetController },
    { name: "persistentvolume-binder", make: persistentVolumeBinder },
    { name: "local-volume-provisioner", make: (deps) => localVolumeProvisioner(deps, nowhere) },
    { name: "claim-protection", make: claimProtectionController },
    { name: "volume-protection", make: volumeProtectionController },
  ],
  checkers: [ordinals, identities, claimsKept, statefulSetComplete],
  nodeHarms: ["lose", "cordon", "taint", "expel"],
  drawManifest: (random) =>
    manifestOf("StatefulSet", {
      replicas: randomInt(random, 1, replicasMax),
      serviceName: "web",
      podManagementPolicy: randomPick(random, ["OrderedReady", "OrderedReady", "Parallel"]),
      updateStrategy: drawStrategy(random),
      minReadySeconds: randomPick(random, [0, 0, 3]),
      revisionHistoryLimit: randomPick(random, [0, 1, 10]),
      ...(randomInt(random, 0, 4) === 0 && { ordinals: { start: 2 } }),
      ...drawClaims(random),
      template: firstTemplate,
    }),
  drawStep(random, drawn): UserStep {
    const what = randomInt(random, 0, 9);
    if (what <= 4) return drawTemplate(random, drawn);
    if (what <= 7) return drawScale(random, replicasMax);
    if (what === 8) {
      const updateStrategy = drawStrategy(random);
      const patch = { spec: { updateStrategy: { rollingUpdate: null, ...updateStrategy } } };
      return { do: "patch", why: `strategy ${JSON.stringify(updateStrategy)}`, patch };
    }
    return { do: "orphan" };
  },
  finish: () => ({
    spec: { template: templateOf(finalImage), updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 0 } } },
  }),
  needsAHand: () => true,
};
