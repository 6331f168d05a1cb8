/** Which revision a StatefulSet is at and which one it is going to (STS-24 … STS-28, CR-1). */
import { isAlreadyExists } from "../../api/errors.ts";
import { ControllerRevision } from "../../api/kinds/controller-revision/index.ts";
import { keyOf } from "../../api/meta/object.ts";
import type { ControllerRevision as ControllerRevisionObject, Pod, StatefulSet } from "../../api/types.ts";
import type { Client } from "../../client/client.ts";
import { canonicalJson } from "../../machinery/canonical-json.ts";
import { semanticEqual } from "../../machinery/equality.ts";
import { fnv1_32, safeEncode } from "../../machinery/hash.ts";
import {
  beyondHistory,
  newRevision,
  nextRevision,
  renumberRevision,
  revisedTemplate,
  revisionData,
  sameData,
} from "../runtime/revisions.ts";
import { revisionOf } from "./identity.ts";

const hashLabel = "controller.kubernetes.io/hash";
/** A longer name of a set is cut, so that the hash always fits. */
const prefixMaxChars = 223;

/** The revisions of a set after its template has found its place among them. */
export interface Revisions {
  readonly current: ControllerRevisionObject;
  readonly update: ControllerRevisionObject;
  readonly collisionCount: number;
}

/** What the template of a set calls for: it is the newest already, or an older one again, or new. */
export type RevisionChange =
  | { readonly type: "none"; readonly revision: ControllerRevisionObject }
  | { readonly type: "renumber"; readonly revision: ControllerRevisionObject; readonly to: number }
  | { readonly type: "create"; readonly number: number };

/** `revisions` are sorted, the oldest first. */
function changeOfRevision(set: StatefulSet, revisions: readonly ControllerRevisionObject[]): RevisionChange {
  const wanted = newStatefulRevision(set, 0, 0);
  const equal = revisions.filter((revision) => sameData(revision, wanted) || bringsBack(revision, set)).at(-1);
  const newest = revisions.at(-1);
  if (!equal || !newest) return { type: "create", number: nextRevision(revisions) };
  return equal === newest ? { type: "none", revision: newest } : { type: "renumber", revision: equal, to: nextRevision(revisions) };
}

/** Writes what the template calls for. Where a name is taken by another template, the next collision count gives another (STS-27). */
export async function settleRevisions(
  set: StatefulSet,
  revisions: readonly ControllerRevisionObject[],
  client: Client,
): Promise<Revisions> {
  const change = changeOfRevision(set, revisions);
  let collisionCount = set.status?.collisionCount ?? 0;
  let update: ControllerRevisionObject | undefined = change.type === "none" ? change.revision : undefined;
  if (change.type === "renumber") update = await renumberRevision(client, change.revision, change.to);
  while (change.type === "create" && !update) {
    update = await createOrFind(newStatefulRevision(set, change.number, collisionCount), client);
    if (!update) collisionCount++;
  }
  const found = update as ControllerRevisionObject;
  return {
    current: revisions.find(({ metadata }) => metadata.name === set.status?.currentRevision) ?? found,
    update: found,
    collisionCount,
  };
}

/** Undefined where the name is taken by a revision of another template. */
async function createOrFind(revision: ControllerRevisionObject, client: Client): Promise<ControllerRevisionObject | undefined> {
  try {
    return await client.create(ControllerRevision, revision);
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    const present = await client.get(ControllerRevision, keyOf(revision));
    return sameData(present, revision) ? present : undefined;
  }
}

/** The snapshot of the set's template, to be created. */
function newStatefulRevision(set: StatefulSet, number: number, collisionCount: number): ControllerRevisionObject {
  const text = canonicalJson(revisionData(set.spec?.template ?? {}));
  const hash = safeEncode(String(fnv1_32(new TextEncoder().encode(text + collisionCount))));
  const name = `${(set.metadata.name as string).slice(0, prefixMaxChars)}-${hash}`;
  return newRevision(set, { name, hashLabel, hash, revision: number });
}

/** STS-25: written otherwise, but the same Pods. */
const bringsBack = (revision: ControllerRevisionObject, set: StatefulSet): boolean =>
  semanticEqual(revisedTemplate(revision), set.spec?.template, "core.v1.PodTemplateSpec");

/** STS-28: what is neither current nor the goal nor the revision of a Pod, as far as there is no room for it. */
export function forgettable(
  set: StatefulSet,
  revisions: readonly ControllerRevisionObject[],
  { current, update }: Revisions,
  pods: readonly Pod[],
): ControllerRevisionObject[] {
  const live = new Set([current.metadata.name, update.metadata.name, ...pods.map(revisionOf)]);
  return beyondHistory(set, revisions, ({ metadata }) => live.has(metadata.name));
}
