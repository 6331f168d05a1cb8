/** The kind Pod: the unit that runs. */
import type { FieldError } from "../../errors.ts";
import { defineKind } from "../../kind.ts";
import type { Pod as PodObject } from "../../types.ts";
import type { Errors } from "../field-rules.ts";
import { keepSpec } from "../status-writes.ts";
import { podColumns, podRowConditions } from "./columns.ts";
import { defaultPod } from "./defaults.ts";
import { podQosClass } from "./qos.ts";
import { validatePodStatusUpdate, validatePodUpdate } from "./update-rules.ts";
import { rulePodSpec } from "./validate-pod-spec.ts";
import { podSpecWarnings } from "./warnings.ts";

/** Pod (v1). */
export const Pod = defineKind<PodObject>({
  group: "",
  version: "v1",
  kind: "Pod",
  plural: "pods",
  scope: "Namespaced",
  schema: "core.v1.Pod",
  shortNames: ["po"],
  categories: ["all"],
  returnsDeletedObject: true,
  defaults: defaultPod,
  validate,
  validateUpdate: validatePodUpdate,
  prepareForCreate(pod) {
    pod.status = { phase: "Pending", qosClass: podQosClass(pod.spec) };
    if (pod.spec?.schedulingGates?.length) {
      const message = "Scheduling is blocked due to non-empty scheduling gates";
      pod.status.conditions = [{ type: "PodScheduled", status: "False", reason: "SchedulingGated", message }];
    }
  },
  status: { prepareForUpdate: keepSpec, validateUpdate: validatePodStatusUpdate },
  warnings: (pod) => podSpecWarnings("spec", pod.spec),
  subresources: [
    { name: "attach", kind: { group: "", version: "v1", kind: "PodAttachOptions" }, verbs: ["create", "get"] },
    { name: "binding", kind: { group: "", version: "v1", kind: "Binding" }, verbs: ["create"] },
    { name: "ephemeralcontainers", kind: { group: "", version: "v1", kind: "Pod" }, verbs: ["get", "patch", "update"] },
    { name: "eviction", kind: { group: "policy", version: "v1", kind: "Eviction" }, verbs: ["create"] },
    { name: "exec", kind: { group: "", version: "v1", kind: "PodExecOptions" }, verbs: ["create", "get"] },
    { name: "log", kind: { group: "", version: "v1", kind: "Pod" }, verbs: ["get"] },
    { name: "portforward", kind: { group: "", version: "v1", kind: "PodPortForwardOptions" }, verbs: ["create", "get"] },
    {
      name: "proxy",
      kind: { group: "", version: "v1", kind: "PodProxyOptions" },
      verbs: ["create", "delete", "get", "patch", "update"],
      handsOn: true,
    },
    { name: "resize", kind: { group: "", version: "v1", kind: "Pod" }, verbs: ["get", "patch", "update"] },
  ],
  columns: podColumns,
  rowConditions: podRowConditions,
  fieldSelectors: {
    "spec.nodeName": (pod) => pod.spec?.nodeName ?? "",
    "spec.restartPolicy": (pod) => pod.spec?.restartPolicy ?? "",
    "spec.schedulerName": (pod) => pod.spec?.schedulerName ?? "",
    "spec.serviceAccountName": (pod) => pod.spec?.serviceAccountName ?? "",
    "spec.hostNetwork": (pod) => String(pod.spec?.hostNetwork ?? false),
    "status.phase": (pod) => pod.status?.phase ?? "",
    "status.podIP": (pod) => pod.status?.podIP ?? "",
    "status.podIPs": (pod) => pod.status?.podIPs?.[0]?.ip ?? "",
    "status.nominatedNodeName": (pod) => pod.status?.nominatedNodeName ?? "",
  },
  graceSeconds,
});

function validate(pod: PodObject): FieldError[] {
  const errors: Errors = [];
  rulePodSpec(errors, "spec", pod.spec);
  return errors;
}

/** A Pod that no node runs, or that has ended, needs no grace; a negative one means one second (KUB-60). */
function graceSeconds(pod: PodObject, requested: number | undefined): number {
  if (!pod.spec?.nodeName || pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed") return 0;
  const seconds = requested ?? pod.spec.terminationGracePeriodSeconds ?? 30;
  return seconds < 0 ? 1 : seconds;
}
