/** What Kubernetes fills into a StatefulSet. */
import type { StatefulSet } from "../../types.ts";
import { omitZero } from "../omit-zero.ts";
import { defaultClaim } from "../persistent-volume-claim/defaults.ts";
import { defaultPodTemplate } from "../pod/defaults.ts";

/** Fills a StatefulSet. */
export function defaultStatefulSet(statefulSet: StatefulSet): void {
  const spec = statefulSet.spec;
  if (!spec) return;
  omitZero(spec, ["minReadySeconds", "serviceName", "volumeClaimTemplates"]);
  spec.podManagementPolicy ||= "OrderedReady";
  const strategy = (spec.updateStrategy ??= {});
  if (!strategy.type) {
    strategy.type = "RollingUpdate";
    strategy.rollingUpdate ??= { partition: 0 };
  }
  if (strategy.type === "RollingUpdate" && strategy.rollingUpdate) strategy.rollingUpdate.partition ??= 0;
  const retention = (spec.persistentVolumeClaimRetentionPolicy ??= {});
  retention.whenDeleted ||= "Retain";
  retention.whenScaled ||= "Retain";
  spec.replicas ??= 1;
  spec.revisionHistoryLimit ??= 10;
  defaultPodTemplate(spec.template);
  for (const claim of spec.volumeClaimTemplates ?? []) {
    claim.apiVersion ||= "v1";
    claim.kind ||= "PersistentVolumeClaim";
    defaultClaim(claim);
    claim.status ??= { phase: "Pending" };
  }
}
