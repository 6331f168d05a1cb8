/**
 * How a change of a Pod reaches the controller of its owner: what the owner expected is settled first, then a pass is
 * asked for, and an orphan is shown to everybody who could adopt it.
 */
import type { KindRef } from "../../api/kind.ts";
import { type KubeObject, keyOf, type ObjectKey } from "../../api/meta/object.ts";
import type { OwnerReference, Pod } from "../../api/types.ts";
import type { Change } from "../../client/informer.ts";
import type { Informers } from "../../client/informers.ts";
import { byNamespace } from "../../client/lister.ts";
import { controllerOf } from "../../machinery/owners.ts";
import type { LabelMatcher } from "../../machinery/selectors.ts";
import type { Enqueue } from "../../client/controller.ts";
import type { Expectations } from "./expectations.ts";

export interface OwnedPodsOptions<T extends KubeObject> {
  readonly kind: KindRef<T>;
  readonly informers: Informers;
  readonly expectations: Expectations;
  selectorOf(owner: T): LabelMatcher;
  /** Asks for the pass that a change of an owner's Pod calls for. Default: at once. */
  wake?(owner: ObjectKey, pod: Pod, enqueue: Enqueue): void;
}

/** The handler of Pod changes, for a controller's `watches`. */
export function ownedPods<T extends KubeObject>(options: OwnedPodsOptions<T>): (change: Change<Pod>, enqueue: Enqueue) => void {
  const { kind, informers, expectations, selectorOf } = options;
  const wake = options.wake ?? ((owner: ObjectKey, _pod: Pod, enqueue: Enqueue) => enqueue(owner));

  function ownerOf(pod: Pod): ObjectKey | undefined {
    const reference = controllerOf(pod);
    if (!reference || reference.kind !== kind.kind) return undefined;
    const key = { namespace: pod.metadata.namespace as string, name: reference.name };
    return informers.of(kind).lister.get(key)?.metadata.uid === reference.uid ? key : undefined;
  }

  return (change, enqueue) => {
    const pod = change.object;
    const owner = ownerOf(pod);
    if (owner) {
      const { uid } = controllerOf(pod) as OwnerReference;
      if (change.type === "added") expectations.creationSeen(uid);
      if (change.type === "deleted" || pod.metadata.deletionTimestamp !== undefined) expectations.deletionSeen(uid, pod.metadata.uid ?? "");
      wake(owner, pod, enqueue);
    } else if (change.type !== "deleted" && controllerOf(pod) === undefined) {
      for (const candidate of informers.of(kind).lister.byIndex(byNamespace, pod.metadata.namespace ?? ""))
        if (selectorOf(candidate).matches(pod.metadata.labels)) enqueue(keyOf(candidate));
    }
    if (change.type !== "updated") return;
    const before = ownerOf(change.old);
    if (before && before.name !== owner?.name) enqueue(before);
  };
}
