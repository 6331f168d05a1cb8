/** Making and deleting the Pods of a controller, with the events that tell of it (RS-4, RS-7). */
import { isNamespaceTerminating, isNotFound } from "../../api/errors.ts";
import { Pod } from "../../api/kinds/pod/index.ts";
import { type KubeObject, keyOf } from "../../api/meta/object.ts";
import type { Pod as PodObject, PodTemplateSpec } from "../../api/types.ts";
import type { Client } from "../../client/client.ts";
import type { EventRecorder } from "../../client/recorder.ts";
import { controllerReference } from "../../machinery/owners.ts";

export interface PodControl {
  readonly client: Client;
  readonly recorder: EventRecorder;
}

/** A Pod as a template describes it, controlled by `owner`. It has no name yet. */
export function podFromTemplate(template: PodTemplateSpec, owner: KubeObject): PodObject {
  const { labels, annotations, finalizers } = template.metadata ?? {};
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      generateName: `${owner.metadata.name}-`,
      namespace: owner.metadata.namespace as string,
      ...(labels && { labels }),
      ...(annotations && { annotations }),
      ...(finalizers && { finalizers }),
      ownerReferences: [controllerReference(owner)],
    },
    ...(template.spec && { spec: template.spec }),
  };
}

/** Creates a Pod for `owner` and tells of it. Throws what the server refuses. */
export async function createPod({ client, recorder }: PodControl, pod: PodObject, owner: KubeObject): Promise<PodObject> {
  try {
    const created = await client.create(Pod, pod);
    recorder.event(owner, "Normal", "SuccessfulCreate", `Created pod: ${created.metadata.name}`);
    return created;
  } catch (error) {
    // A namespace that goes away takes the owner with it: nobody needs to hear.
    if (!isNamespaceTerminating(error)) recorder.event(owner, "Warning", "FailedCreate", `Error creating: ${messageOf(error)}`);
    throw error;
  }
}

/** Deletes a Pod of `owner` and tells of it. A Pod that is gone already is no failure. */
export async function deletePod({ client, recorder }: PodControl, pod: PodObject, owner: KubeObject): Promise<void> {
  try {
    await client.delete(Pod, keyOf(pod), pod.metadata.uid === undefined ? {} : { preconditions: { uid: pod.metadata.uid } });
    recorder.event(owner, "Normal", "SuccessfulDelete", `Deleted pod: ${pod.metadata.name}`);
  } catch (error) {
    if (isNotFound(error)) return;
    recorder.event(owner, "Warning", "FailedDelete", `Error deleting: ${messageOf(error)}`);
    throw error;
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
