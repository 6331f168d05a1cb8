/** Makes the claim of each ephemeral volume of a Pod; the claim belongs to the Pod and goes with it. */
import { isAlreadyExists, isNamespaceTerminating, isNotFound } from "../../api/errors.ts";
import { PersistentVolumeClaim } from "../../api/kinds/persistent-volume-claim/index.ts";
import { Pod } from "../../api/kinds/pod/index.ts";
import type { ObjectKey } from "../../api/meta/object.ts";
import type { PersistentVolumeClaimTemplate, Pod as PodObject } from "../../api/types.ts";
import { controllerReference, isControlledBy } from "../../machinery/owners.ts";
import { isPodTerminal } from "../../machinery/pods.ts";
import { ephemeralClaimName } from "../../machinery/volume-binding.ts";
import { type Controller, type ControllerDeps, controller } from "../../client/controller.ts";
import { done, type Outcome } from "../../client/outcome.ts";

/** The controller of ephemeral volumes. Keys are Pods. */
export const ephemeralVolumeController = (deps: ControllerDeps): Controller =>
  controller("ephemeral-volume", deps)
    .maps(Pod, (pod, { type }) =>
      type !== "deleted" && (pod.spec?.volumes ?? []).some(({ ephemeral }) => ephemeral)
        ? [{ namespace: pod.metadata.namespace as string, name: pod.metadata.name as string }]
        : [],
    )
    .owns(PersistentVolumeClaim)
    .with((key) => reconcile(key, deps));

async function reconcile(key: ObjectKey, deps: ControllerDeps): Promise<Outcome> {
  const pod = deps.informers.of(Pod).lister.get(key);
  if (!pod || pod.metadata.deletionTimestamp || isPodTerminal(pod)) return done;
  for (const { name, ephemeral } of pod.spec?.volumes ?? []) {
    if (ephemeral?.volumeClaimTemplate) await makeClaim(pod, name, ephemeral.volumeClaimTemplate, deps);
  }
  return done;
}

async function makeClaim(
  pod: PodObject,
  volumeName: string,
  template: PersistentVolumeClaimTemplate,
  { client, informers, recorderFor }: ControllerDeps,
): Promise<void> {
  const name = ephemeralClaimName(pod, volumeName);
  const namespace = pod.metadata.namespace as string;
  const present = informers.of(PersistentVolumeClaim).lister.get({ namespace, name });
  if (present) {
    if (isControlledBy(present, pod)) return;
    const message = `PVC ${namespace}/${name} was not created for pod ${namespace}/${pod.metadata.name} (pod is not owner)`;
    recorderFor("ephemeral_volume").event(pod, "Warning", "EphemeralVolumeCreationFailed", message);
    throw new Error(message);
  }
  const { labels, annotations } = template.metadata ?? {};
  try {
    await client.create(PersistentVolumeClaim, {
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      metadata: {
        name,
        namespace,
        ...(labels && { labels }),
        ...(annotations && { annotations }),
        ownerReferences: [controllerReference(pod)],
      },
      spec: template.spec,
    });
  } catch (error) {
    if (!isAlreadyExists(error) && !isNamespaceTerminating(error) && !isNotFound(error)) throw error;
  }
}
