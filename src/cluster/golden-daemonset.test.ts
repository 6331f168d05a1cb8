import { ControllerRevision } from "../api/kinds/controller-revision/index.ts";
import { DaemonSet } from "../api/kinds/daemon-set/index.ts";
import { Node } from "../api/kinds/node/index.ts";
import { Pod } from "../api/kinds/pod/index.ts";
import type { KindRef } from "../api/kind.ts";
import { daemonSetController } from "../controllers/daemonset/daemon-set.ts";
import { isPodReady } from "../machinery/pods.ts";
import { imageOf, recorded, replays } from "./golden.suite.ts";

replays({
  file: new URL("../controllers/daemonset/golden/daemonset.jsonl", import.meta.url),
  kind: DaemonSet as unknown as KindRef,
  controllers: [daemonSetController],
  async prepare({ client }) {
    for (let index = 0; index < 5; index++) {
      const node = `node-${index}`;
      await client.create(Node, {
        apiVersion: "v1",
        kind: "Node",
        metadata: { name: node, labels: { "kubernetes.io/hostname": node } },
        status: { conditions: [{ type: "Ready", status: "True" }] },
      });
    }
  },
  async stateOf({ client }) {
    const { namespace } = recorded;
    const { status } = await client.get(DaemonSet, recorded);
    const revisions = (await client.list(ControllerRevision, { namespace })).items;
    const pods = (await client.list(Pod, { namespace })).items;
    return {
      status: {
        desiredNumberScheduled: status?.desiredNumberScheduled,
        currentNumberScheduled: status?.currentNumberScheduled,
        numberMisscheduled: status?.numberMisscheduled,
        numberReady: status?.numberReady,
        updatedNumberScheduled: status?.updatedNumberScheduled ?? 0,
        numberAvailable: status?.numberAvailable ?? 0,
        numberUnavailable: status?.numberUnavailable ?? 0,
      },
      revisions: revisions.map((each) => `${imageOf(each.data.spec.template)}#${each.revision}`).sort(),
      pods: pods
        .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
        .map((pod) => `${imageOf(pod as never)}${isPodReady(pod) ? " ready" : ""}`)
        .sort(),
    };
  },
});
