/**
 * ControllerRevisions: the history of a workload as snapshots of its Pod template. A snapshot's data is a patch that
 * brings the template back; kubectl sends it as it is and compares it byte by byte with what it would write itself
 * (STS-24 … STS-26, DS-12, KR-24), so its keys are sorted and nothing that is absent is spelt out.
 */
import { isNotFound } from "../../api/errors.ts";
import type { KindRef } from "../../api/kind.ts";
import { ControllerRevision } from "../../api/kinds/controller-revision/index.ts";
import { type KubeObject, keyOf } from "../../api/meta/object.ts";
import type { ControllerRevision as ControllerRevisionObject, LabelSelector, PodTemplateSpec } from "../../api/types.ts";
import type { Client } from "../../client/client.ts";
import type { Informers } from "../../client/informers.ts";
import { byController, byOrphanedIn } from "../../client/lister.ts";
import { canonicalJson } from "../../machinery/canonical-json.ts";
import { deepFreeze } from "../../machinery/freeze.ts";
import { controllerReference } from "../../machinery/owners.ts";
import { compileLabelSelector } from "../../machinery/selectors.ts";
import { claim } from "./claim.ts";

/** A workload whose history is kept in ControllerRevisions. */
export interface RevisedObject extends KubeObject {
  spec?: { selector: LabelSelector; template: PodTemplateSpec; revisionHistoryLimit?: number };
}

/** What "keep at most so many" is where nothing is said. */
const historyLimitDefault = 10;

/** What was made of templates that can't change any more. */
const snapshots = new WeakMap<PodTemplateSpec, unknown>();

/** The patch that brings a template back: `{"spec":{"template":{…,"$patch":"replace"}}}`. Frozen; made once for a frozen template. */
export function revisionData(template: PodTemplateSpec): unknown {
  const known = snapshots.get(template);
  if (known) return known;
  const data = deepFreeze(snapshotOf(template));
  if (Object.isFrozen(template)) snapshots.set(template, data);
  return data;
}

function snapshotOf(template: PodTemplateSpec): unknown {
  const { creationTimestamp: _, ...metadata } = template.metadata ?? {};
  const snapshot = { ...template, ...(template.metadata && { metadata }), $patch: "replace" };
  // Stored and sent in the order in which it was written.
  return JSON.parse(canonicalJson({ spec: { template: snapshot } }));
}

/** The template that a revision holds. */
export function revisedTemplate(revision: ControllerRevisionObject): PodTemplateSpec {
  const { $patch: _, ...template } = revision.data?.spec?.template ?? {};
  return template;
}

/** Whether two revisions bring back the same template, byte by byte. */
export const sameData = (a: ControllerRevisionObject, b: ControllerRevisionObject): boolean =>
  canonicalJson(a.data) === canonicalJson(b.data);

/** The oldest first; among equal numbers by time, then by name. */
export function byRevision(a: ControllerRevisionObject, b: ControllerRevisionObject): number {
  if (a.revision !== b.revision) return a.revision - b.revision;
  const [timeA, timeB] = [a.metadata.creationTimestamp ?? "", b.metadata.creationTimestamp ?? ""];
  if (timeA !== timeB) return timeA < timeB ? -1 : 1;
  return (a.metadata.name as string) < (b.metadata.name as string) ? -1 : 1;
}

/** One more than the highest number. */
export const nextRevision = (revisions: readonly ControllerRevisionObject[]): number =>
  1 + revisions.reduce((max, { revision }) => Math.max(max, revision), 0);

/** A snapshot of the owner's template, to be created. It takes the owner's annotations along, the change cause among them (KR-12). */
export function newRevision(
  owner: RevisedObject,
  {
    name,
    hashLabel,
    hash,
    revision,
  }: { readonly name: string; readonly hashLabel: string; readonly hash: string; readonly revision: number },
): ControllerRevisionObject {
  const template = owner.spec?.template ?? {};
  const annotations = owner.metadata.annotations;
  return {
    apiVersion: "apps/v1",
    kind: "ControllerRevision",
    metadata: {
      name,
      namespace: owner.metadata.namespace as string,
      labels: { ...template.metadata?.labels, [hashLabel]: hash },
      ...(annotations && { annotations }),
      ownerReferences: [controllerReference(owner)],
    },
    data: revisionData(template),
    revision,
  };
}

/** The revisions that an owner controls after claiming those that match its selector, the oldest first. */
export async function claimRevisions<O extends RevisedObject>(
  owner: O,
  ownerKind: KindRef<O>,
  { client, informers }: { readonly client: Client; readonly informers: Informers },
): Promise<ControllerRevisionObject[]> {
  const { lister } = informers.of(ControllerRevision);
  const owned = lister.byIndex(byController, owner.metadata.uid as string);
  const orphans = lister.byIndex(byOrphanedIn, owner.metadata.namespace ?? "");
  const revisions = await claim({
    client,
    owner,
    ownerKind,
    kind: ControllerRevision,
    selector: compileLabelSelector(owner.spec?.selector),
    candidates: [...owned, ...orphans],
  });
  return revisions.sort(byRevision);
}

/** Gives a revision a new number: it is the newest again. */
export const renumberRevision = (client: Client, revision: ControllerRevisionObject, to: number): Promise<ControllerRevisionObject> =>
  client.update(ControllerRevision, { ...revision, revision: to });

/** The revisions that the history has no room for, the oldest first; what is `live` neither counts nor goes. */
export function beyondHistory(
  owner: RevisedObject,
  revisions: readonly ControllerRevisionObject[],
  live: (revision: ControllerRevisionObject) => boolean,
): ControllerRevisionObject[] {
  const history = revisions.filter((revision) => !live(revision));
  const surplus = history.length - (owner.spec?.revisionHistoryLimit ?? historyLimitDefault);
  return surplus > 0 ? history.sort(byRevision).slice(0, surplus) : [];
}

/** Deletes revisions. One that is gone already is no failure. */
export async function deleteRevisions(client: Client, revisions: readonly ControllerRevisionObject[]): Promise<void> {
  for (const revision of revisions) {
    try {
      await client.delete(ControllerRevision, keyOf(revision), { preconditions: { uid: revision.metadata.uid as string } });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}
