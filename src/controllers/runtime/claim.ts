/**
 * Whose is it: an owner claims what its selector matches. Matching orphans are adopted, owned objects that no longer
 * match are released, others' objects are never touched, and nothing is adopted while either side is going away
 * (DEP-114, RS-10).
 */
import { isInvalid, isNotFound } from "../../api/errors.ts";
import type { KindRef } from "../../api/kind.ts";
import { type KubeObject, keyOf } from "../../api/meta/object.ts";
import type { Client } from "../../client/client.ts";
import { controllerOf, controllerReference } from "../../machinery/owners.ts";
import type { LabelMatcher } from "../../machinery/selectors.ts";

export interface ClaimOptions<O extends KubeObject, T extends KubeObject> {
  readonly client: Client;
  readonly owner: O;
  readonly ownerKind: KindRef<O>;
  readonly kind: KindRef<T>;
  readonly selector: LabelMatcher;
  /** Everything that the owner owns, and the orphans of its namespace. Others' objects may be among them. */
  readonly candidates: Iterable<T>;
  /** A further condition beside the labels. */
  readonly matches?: (object: T) => boolean;
}

/** The objects that the owner controls after claiming. Throws the first failure when all have been tried. */
export async function claim<O extends KubeObject, T extends KubeObject>(options: ClaimOptions<O, T>): Promise<T[]> {
  const { client, owner, kind, selector } = options;
  const matching = (object: T): boolean => selector.matches(object.metadata.labels) && (options.matches?.(object) ?? true);
  const leaving = owner.metadata.deletionTimestamp !== undefined;
  const claimed: T[] = [];
  let failure: unknown;
  let mayAdopt: Promise<void> | undefined;
  for (const object of options.candidates) {
    const reference = controllerOf(object);
    if (reference) {
      if (reference.uid !== owner.metadata.uid) continue;
      if (matching(object)) {
        claimed.push(object);
        continue;
      }
      if (leaving) continue;
    } else if (leaving || object.metadata.deletionTimestamp !== undefined || !matching(object)) {
      continue;
    }
    try {
      if (reference) await release(client, kind, object, owner);
      else {
        mayAdopt ??= checkOwnerLives(options);
        await mayAdopt;
        const adopted = await adopt(client, kind, object, owner);
        if (adopted) claimed.push(adopted);
      }
    } catch (error) {
      failure ??= error;
    }
  }
  if (failure !== undefined) throw failure;
  return claimed;
}

/** Asks the server, not the cache: an owner that was deleted, or deleted and made again, must not adopt. */
async function checkOwnerLives<O extends KubeObject, T extends KubeObject>(options: ClaimOptions<O, T>): Promise<void> {
  const { client, owner, ownerKind } = options;
  const live = await client.get(ownerKind, keyOf(owner));
  if (live.metadata.uid !== owner.metadata.uid) throw new Error(`${owner.kind} ${owner.metadata.name} was replaced by another of its name`);
  if (live.metadata.deletionTimestamp !== undefined) throw new Error(`${owner.kind} ${owner.metadata.name} is being deleted`);
}

/** The uid in the patch is a precondition: it must be this very object. Undefined when it is gone. */
async function adopt<T extends KubeObject>(client: Client, kind: KindRef<T>, object: T, owner: KubeObject): Promise<T | undefined> {
  const patch = { metadata: { uid: object.metadata.uid, ownerReferences: [controllerReference(owner)] } };
  try {
    return await client.patch(kind, keyOf(object), "strategic", patch);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

async function release<T extends KubeObject>(client: Client, kind: KindRef<T>, object: T, owner: KubeObject): Promise<void> {
  const patch = {
    metadata: { uid: object.metadata.uid, ownerReferences: [{ $patch: "delete", uid: owner.metadata.uid }] },
  };
  try {
    await client.patch(kind, keyOf(object), "strategic", patch);
  } catch (error) {
    // Gone, or another one of that name, or its owner was removed already: in each case it is ours no more.
    if (!isNotFound(error) && !isInvalid(error)) throw error;
  }
}
