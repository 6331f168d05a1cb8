/** The history of a DaemonSet (DS-12, DS-13, CR-2). */
import { isAlreadyExists } from "../../api/errors.ts";
import { ControllerRevision } from "../../api/kinds/controller-revision/index.ts";
import { DaemonSet } from "../../api/kinds/daemon-set/index.ts";
import { Pod } from "../../api/kinds/pod/index.ts";
import { keyOf } from "../../api/meta/object.ts";
import type { ControllerRevision as ControllerRevisionObject, DaemonSet as DaemonSetObject, Pod as PodObject } from "../../api/types.ts";
import type { Client } from "../../client/client.ts";
import { podTemplateHash } from "../../machinery/hash.ts";
import { byRevision, deleteRevisions, newRevision, nextRevision, renumberRevision, sameData } from "../runtime/revisions.ts";
import { hashLabel } from "./eligibility.ts";

const historyLimitDefault = 10;

export interface History {
  readonly current: ControllerRevisionObject;
  /** The others, the oldest first. */
  readonly old: readonly ControllerRevisionObject[];
}

/** The hash that a revision's Pods bear. */
export const hashOf = (revision: ControllerRevisionObject): string =>
  revision.metadata.labels?.[hashLabel] ?? (revision.metadata.name as string);

/**
 * Finds the revision of the template, or makes it, and gives it the highest number. Undefined where a hash collided: the status now
 * holds another collision count, and the change asks for another pass.
 */
export async function settleHistory(
  daemonSet: DaemonSetObject,
  revisions: readonly ControllerRevisionObject[],
  pods: readonly PodObject[],
  client: Client,
): Promise<History | undefined> {
  const snapshot = newDaemonRevision(daemonSet, 0);
  const equal = revisions.filter((revision) => sameData(revision, snapshot));
  const old = revisions.filter((revision) => !equal.includes(revision));
  const number = nextRevision(old);
  const kept = equal.toSorted(byRevision).at(-1);
  if (!kept) {
    const created = await createOrFind(newDaemonRevision(daemonSet, number), daemonSet, client);
    return created && { current: created, old };
  }
  await removeDuplicates(kept, equal, pods, client);
  return { current: kept.revision < number ? await renumberRevision(client, kept, number) : kept, old };
}

function newDaemonRevision(daemonSet: DaemonSetObject, revision: number): ControllerRevisionObject {
  const hash = podTemplateHash(daemonSet.spec?.template ?? {}, daemonSet.status?.collisionCount);
  return newRevision(daemonSet, { name: `${daemonSet.metadata.name}-${hash}`, hashLabel, hash, revision });
}

async function createOrFind(
  revision: ControllerRevisionObject,
  daemonSet: DaemonSetObject,
  client: Client,
): Promise<ControllerRevisionObject | undefined> {
  try {
    return await client.create(ControllerRevision, revision);
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    const present = await client.get(ControllerRevision, keyOf(revision));
    if (sameData(present, revision)) return present;
    const collisionCount = (daemonSet.status?.collisionCount ?? 0) + 1;
    const status = { ...(daemonSet.status as NonNullable<DaemonSetObject["status"]>), collisionCount };
    await client.update(DaemonSet, { ...daemonSet, status }, { subresource: "status" });
    return undefined;
  }
}

/** Several revisions of one template, by adoption: one is kept, and the Pods of the others are counted as its own. */
async function removeDuplicates(
  kept: ControllerRevisionObject,
  equal: readonly ControllerRevisionObject[],
  pods: readonly PodObject[],
  client: Client,
): Promise<void> {
  const duplicates = equal.filter((revision) => revision !== kept);
  if (duplicates.length === 0) return;
  const hashes = new Set(duplicates.map(hashOf));
  for (const pod of pods) {
    if (!hashes.has(pod.metadata.labels?.[hashLabel] ?? "")) continue;
    await client.patch(Pod, keyOf(pod), "merge", { metadata: { labels: { [hashLabel]: hashOf(kept) } } });
  }
  await deleteRevisions(client, duplicates);
}

/** The oldest revisions that the history has no room for; never one that still has Pods. */
export function forgettable(
  daemonSet: DaemonSetObject,
  old: readonly ControllerRevisionObject[],
  pods: readonly PodObject[],
): ControllerRevisionObject[] {
  const surplus = old.length - (daemonSet.spec?.revisionHistoryLimit ?? historyLimitDefault);
  if (surplus <= 0) return [];
  const live = new Set(pods.map((pod) => pod.metadata.labels?.[hashLabel]));
  return old
    .filter((revision) => !live.has(hashOf(revision)))
    .sort(byRevision)
    .slice(0, surplus);
}
