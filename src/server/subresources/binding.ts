/** pods/binding: puts a Pod on a node, once. */
import { conflict, field, invalid } from "../../api/errors.ts";
import type { KindDefinition } from "../../api/kind.ts";
import type { AnyObject, ObjectKey } from "../../api/meta/object.ts";
import type { PodCondition } from "../../api/types.ts";
import { formatTime } from "../../base/time.ts";
import { deepCopy } from "../../machinery/freeze.ts";
import type { RequestContext } from "../api.ts";
import type { Core } from "../core/core.ts";
import type { Subresource } from "../core/subresource.ts";
import { changeObject } from "../core/update.ts";
import { created } from "./success.ts";

export const binding: Subresource = {
  name: "binding",
  readable: false,
  update: { whole: false, keepsGeneration: true, prepare() {}, validate: () => [] },
  async post(core, kind, key, body, context) {
    await bindPod(core, kind, key, body, context);
    return created();
  },
};

/** Throws 404 without such a Pod, 409 when it is bound or being deleted, 422 for a binding to nowhere. */
export async function bindPod(core: Core, pods: KindDefinition, key: ObjectKey, body: AnyObject, context: RequestContext): Promise<void> {
  const target = body.target ?? {};
  const problems = [];
  if (target.kind && target.kind !== "Node") problems.push(field.notSupported("target.kind", target.kind, ["Node", "<empty>"]));
  if (!target.name) problems.push(field.required("target.name"));
  if (problems.length > 0) throw invalid({ group: "", resource: "bindings", kind: "Binding", name: key.name }, problems);
  const now = formatTime(core.world.clock.now());
  const change = (old: AnyObject): AnyObject => {
    refuseUnbindable(old, key.name);
    const pod = deepCopy(old);
    pod.spec.nodeName = target.name;
    const { annotations, labels, uid } = body.metadata ?? {};
    if (annotations) pod.metadata.annotations = { ...pod.metadata.annotations, ...annotations };
    if (labels) pod.metadata.labels = { ...pod.metadata.labels, ...labels };
    if (uid) pod.metadata.uid = uid;
    pod.status = { ...pod.status, conditions: withScheduled(pod.status?.conditions ?? [], now) };
    return pod;
  };
  await changeObject(core, pods, key, { face: binding, context, change });
}

function refuseUnbindable(pod: AnyObject, name: string): void {
  const subject = { group: "", resource: "pods/binding", name };
  if (pod.metadata.deletionTimestamp !== undefined) throw conflict(subject, `pod ${name} is being deleted, cannot be assigned to a host`);
  if (pod.spec.nodeName) throw conflict(subject, `pod ${name} is already assigned to node ${JSON.stringify(pod.spec.nodeName)}`);
  if (pod.spec.schedulingGates?.length) throw conflict(subject, `pod ${name} has non-empty .spec.schedulingGates`);
}

/** The condition keeps its place; its time changes only when its status does. */
function withScheduled(conditions: readonly PodCondition[], now: string): PodCondition[] {
  const known = conditions.find((condition) => condition.type === "PodScheduled");
  if (known?.status === "True") return [...conditions];
  const scheduled: PodCondition = { type: "PodScheduled", status: "True", lastTransitionTime: now };
  if (known?.observedGeneration !== undefined) scheduled.observedGeneration = known.observedGeneration;
  return known ? conditions.map((condition) => (condition === known ? scheduled : condition)) : [...conditions, scheduled];
}
