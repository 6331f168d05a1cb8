/** A Pod that names a RuntimeClass gets its overhead and its scheduling rules; one that names none that exists is refused. */
import { forbidden } from "../../api/errors.ts";
import type { Pod, PodSpec, RuntimeClass } from "../../api/types.ts";
import { deepEqual, semanticEqual } from "../../machinery/equality.ts";
import { deepCopy } from "../../machinery/freeze.ts";
import type { Core } from "../core/core.ts";
import { subjectOf } from "../core/subject.ts";
import { type AdmissionRule, isResource } from "./admission.ts";

export const runtimeClassRule = (core: Core): AdmissionRule => ({
  name: "RuntimeClass",
  concerns: (kind, operation, subresource) => operation === "CREATE" && subresource === "" && isResource(kind, "", "pods"),
  mutate({ kind, name, object }) {
    const { spec } = object as unknown as Pod;
    const classes = core.kindOf("node.k8s.io", "runtimeclasses");
    if (!spec || !classes) return;
    const refuse = (why: string) => forbidden(subjectOf(kind, name), why);
    const wanted = spec.runtimeClassName;
    const stored = wanted === undefined ? undefined : core.storage.read(classes, { name: wanted });
    if (wanted !== undefined && !stored) throw refuse(`pod rejected: RuntimeClass ${JSON.stringify(wanted)} not found`);
    const found = stored?.object as unknown as RuntimeClass | undefined;
    const problem = setOverhead(spec, found) ?? setScheduling(spec, found);
    if (problem !== undefined) throw refuse(problem);
  },
});

/** Answers with what is wrong. */
function setOverhead(spec: PodSpec, found: RuntimeClass | undefined): string | undefined {
  const fixed = found?.overhead?.podFixed;
  if (fixed === undefined) {
    return spec.overhead && Object.keys(spec.overhead).length > 0
      ? "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead"
      : undefined;
  }
  if (spec.overhead && !semanticEqual(spec.overhead, fixed)) {
    return "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead";
  }
  spec.overhead = { ...fixed };
  return undefined;
}

function setScheduling(spec: PodSpec, found: RuntimeClass | undefined): string | undefined {
  const { nodeSelector = {}, tolerations = [] } = found?.scheduling ?? {};
  for (const [label, value] of Object.entries(nodeSelector)) {
    const own = spec.nodeSelector?.[label];
    if (own !== undefined && own !== value) {
      return `pod rejected: conflict: runtimeClass.scheduling.nodeSelector[${label}] = ${value}; pod.spec.nodeSelector[${label}] = ${own}; must be equal`;
    }
    spec.nodeSelector = { ...spec.nodeSelector, [label]: value };
  }
  const more = tolerations.filter((toleration) => !spec.tolerations?.some((own) => deepEqual(own, toleration)));
  if (more.length > 0) spec.tolerations = [...(spec.tolerations ?? []), ...deepCopy(more)];
  return undefined;
}
