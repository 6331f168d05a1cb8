import { Deployment } from "../api/kinds/deployment/index.ts";
import { ReplicaSet } from "../api/kinds/replica-set/index.ts";
import type { KindRef } from "../api/kind.ts";
import { deploymentController } from "../controllers/deployment/deployment.ts";
import { replicaSetController } from "../controllers/replicaset/replica-set.ts";
import { imageOf, recorded, replays } from "./golden.suite.ts";

/**
 * Scenarios in which old ReplicaSets were made within one second of the recording, so that their names decide which
 * shrinks first. They are replayed within one second as well; the names are each system's own, and a collision count to
 * begin with gives ours the order that the recorded ones had.
 */
const ties: Readonly<Record<number, { readonly collisionCount: number }>> = { 13: { collisionCount: 3 }, 45: { collisionCount: 2 } };

replays({
  file: new URL("../controllers/deployment/golden/deployment.jsonl", import.meta.url),
  kind: Deployment as unknown as KindRef,
  controllers: [deploymentController, replicaSetController],
  async created({ client }, seed) {
    if (ties[seed]) await client.patch(Deployment, recorded, "merge", { status: ties[seed] }, { subresource: "status" });
  },
  stepMs: (seed) => (ties[seed] ? 50 : 1500),
  async stateOf({ client }) {
    const deployment = await client.get(Deployment, recorded);
    const { items } = await client.list(ReplicaSet, { namespace: recorded.namespace });
    const note = (object: { metadata: { annotations?: Record<string, string> } }, key: string) =>
      object.metadata.annotations?.[`deployment.kubernetes.io/${key}`] ?? "";
    const status = deployment.status ?? {};
    return {
      replicas: deployment.spec?.replicas,
      revision: note(deployment, "revision"),
      conditions: (status.conditions ?? []).map((c) => `${c.type}=${c.status}/${c.reason ?? ""}`).sort(),
      status: {
        replicas: status.replicas ?? 0,
        updatedReplicas: status.updatedReplicas ?? 0,
        readyReplicas: status.readyReplicas ?? 0,
        availableReplicas: status.availableReplicas ?? 0,
        unavailableReplicas: status.unavailableReplicas ?? 0,
      },
      sets: items
        .map((set) => ({
          image: imageOf(set.spec?.template),
          spec: set.spec?.replicas,
          replicas: set.status?.replicas ?? 0,
          ready: set.status?.readyReplicas ?? 0,
          available: set.status?.availableReplicas ?? 0,
          revision: note(set, "revision"),
          history: note(set, "revision-history"),
          desired: note(set, "desired-replicas"),
          max: note(set, "max-replicas"),
        }))
        .sort((a, b) => (a.image < b.image ? -1 : 1)),
    };
  },
});
