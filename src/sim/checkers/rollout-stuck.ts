/**
 * What a Deployment looks like when its newest template can never become ready: it says so (DEP-96), asks for no more Pods than it
 * may, and leaves those alone that serve (DEP-44, DEP-97).
 */
import { Deployment } from "../../api/kinds/deployment/index.ts";
import { Pod } from "../../api/kinds/pod/index.ts";
import type { Checker, Scene } from "./checker.ts";
import { isActive, isAvailable, markOf } from "./pod-states.ts";
import { boundsOf } from "./rollout-bounds.ts";

export function rolloutStuck({ history, nowMs }: Scene): Checker {
  return {
    name: "a rollout that can't go on says so and harms nothing",
    unsettled() {
      for (const deployment of history.list(Deployment)) {
        const { replicas, isRolling, maxSurge, maxUnavailable, minReadySeconds } = boundsOf(deployment);
        const progressing = deployment.status?.conditions?.find(({ type }) => type === "Progressing");
        if (replicas === 0) continue;
        if (progressing?.status !== "False" || progressing.reason !== "ProgressDeadlineExceeded")
          return `Progressing is ${progressing?.status} ${progressing?.reason}`;
        const pods = history.list(Pod).filter(isActive);
        const old = pods.filter((pod) => markOf(pod) !== markOf(deployment.spec?.template));
        const serving = old.filter((pod) => isAvailable(pod, minReadySeconds, nowMs())).length;
        if (isRolling && serving < replicas - maxUnavailable) return `${serving} old Pods serve, ${replicas - maxUnavailable} must`;
        if (pods.length > replicas + maxSurge) return `there are ${pods.length} Pods, ${replicas + maxSurge} are allowed`;
        if (!isRolling && old.length > 0) return "old Pods are left";
      }
      return undefined;
    },
  };
}
