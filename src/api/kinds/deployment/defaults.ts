/** What Kubernetes fills into a Deployment (DEP-40). */
import type { Deployment } from "../../types.ts";
import { omitZero } from "../omit-zero.ts";
import { defaultPodTemplate } from "../pod/defaults.ts";

/** Fills a Deployment. */
export function defaultDeployment(deployment: Deployment): void {
  const spec = deployment.spec;
  if (!spec) return;
  omitZero(spec, ["paused", "minReadySeconds"]);
  spec.replicas ??= 1;
  spec.revisionHistoryLimit ??= 10;
  spec.progressDeadlineSeconds ??= 600;
  const strategy = (spec.strategy ??= {});
  strategy.type ||= "RollingUpdate";
  if (strategy.type === "RollingUpdate") {
    const rollingUpdate = (strategy.rollingUpdate ??= {});
    rollingUpdate.maxUnavailable ??= "25%";
    rollingUpdate.maxSurge ??= "25%";
  }
  defaultPodTemplate(spec.template);
}
