import { ControllerRevision } from "../api/kinds/controller-revision/index.ts";
import { Pod } from "../api/kinds/pod/index.ts";
import { StatefulSet } from "../api/kinds/stateful-set/index.ts";
import type { KindRef } from "../api/kind.ts";
import { statefulSetController } from "../controllers/statefulset/stateful-set.ts";
import { isPodReady } from "../machinery/pods.ts";
import { imageOf, recorded, replays } from "./golden.suite.ts";

replays({
  file: new URL("../controllers/statefulset/golden/statefulset.jsonl", import.meta.url),
  kind: StatefulSet as unknown as KindRef,
  controllers: [statefulSetController],
  async stateOf({ client }) {
    const { namespace } = recorded;
    const { spec, status = { replicas: 0 } } = await client.get(StatefulSet, recorded);
    const revisions = (await client.list(ControllerRevision, { namespace })).items.map((each) => ({
      name: each.metadata.name,
      image: imageOf(each.data.spec.template),
      number: each.revision,
    }));
    const pods = (await client.list(Pod, { namespace })).items;
    return {
      replicas: spec?.replicas,
      status: {
        replicas: status.replicas,
        readyReplicas: status.readyReplicas ?? 0,
        currentReplicas: status.currentReplicas ?? 0,
        updatedReplicas: status.updatedReplicas ?? 0,
      },
      current: revisions.find((each) => each.name === status.currentRevision)?.image,
      update: revisions.find((each) => each.name === status.updateRevision)?.image,
      revisions: revisions.map(({ image, number }) => `${image}#${number}`).sort(),
      pods: pods
        .map((pod) => `${pod.metadata.name} ${imageOf(pod as never)} ${pod.status?.phase}${isPodReady(pod) ? " ready" : ""}`)
        .sort(),
    };
  },
});
