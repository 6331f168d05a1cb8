/** Who owns whom, by uid: the whole of it in memory, kept up to date change by change. */
import type { KindDefinition } from "../../api/kind.ts";
import { type KubeObject, keyOf, type ObjectKey } from "../../api/meta/object.ts";
import type { OwnerReference } from "../../api/types.ts";

export interface GraphNode {
  readonly uid: string;
  readonly kind: KindDefinition;
  readonly key: ObjectKey;
  readonly owners: readonly OwnerReference[];
  readonly finalizers: readonly string[];
  readonly isBeingDeleted: boolean;
}

const none: ReadonlySet<string> = new Set();

/** Invariant: `dependents` holds, for each uid that some node names as an owner, exactly the uids of those nodes. */
export class OwnerGraph {
  readonly #nodes = new Map<string, GraphNode>();
  readonly #dependents = new Map<string, Set<string>>();

  get(uid: string): GraphNode | undefined {
    return this.#nodes.get(uid);
  }

  /** The nodes that name `uid` as an owner. */
  *dependentsOf(uid: string): Iterable<GraphNode> {
    for (const dependent of this.#dependents.get(uid) ?? none) yield this.#nodes.get(dependent) as GraphNode;
  }

  hasDependents(uid: string): boolean {
    return this.#dependents.has(uid);
  }

  /** Takes an object's present state in; returns what was known of it before. */
  put(kind: KindDefinition, object: KubeObject): GraphNode | undefined {
    const uid = object.metadata.uid as string;
    const before = this.#nodes.get(uid);
    const node: GraphNode = {
      uid,
      kind,
      key: keyOf(object),
      owners: object.metadata.ownerReferences ?? [],
      finalizers: object.metadata.finalizers ?? [],
      isBeingDeleted: object.metadata.deletionTimestamp !== undefined,
    };
    this.#nodes.set(uid, node);
    if (before?.owners !== node.owners) {
      for (const owner of before?.owners ?? []) this.#unlink(owner.uid, uid);
      for (const owner of node.owners) this.#link(owner.uid, uid);
    }
    return before;
  }

  remove(uid: string): void {
    const node = this.#nodes.get(uid);
    if (!node) return;
    this.#nodes.delete(uid);
    for (const owner of node.owners) this.#unlink(owner.uid, uid);
  }

  #link(owner: string, dependent: string): void {
    const known = this.#dependents.get(owner);
    if (known) known.add(dependent);
    else this.#dependents.set(owner, new Set([dependent]));
  }

  #unlink(owner: string, dependent: string): void {
    const known = this.#dependents.get(owner);
    known?.delete(dependent);
    if (known?.size === 0) this.#dependents.delete(owner);
  }
}
