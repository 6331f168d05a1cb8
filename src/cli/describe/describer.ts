/** How one kind is described. A kind is a file under `kinds/` and a line in `describers.ts`. */
import type { AnyObject } from "../../api/meta/object.ts";
import type { KindRef } from "../../api/kind.ts";

/** What a describer may look up beside the object. */
export interface Surroundings {
  readonly nowMs: number;
  /** Objects of another kind; none where they may not be read. */
  list(
    kind: KindRef<any>,
    options: { readonly namespace?: string; readonly labelSelector?: string; readonly fieldSelector?: string },
  ): Promise<readonly any[]>;
  get(kind: KindRef<any>, key: { readonly namespace?: string; readonly name: string }): Promise<any | undefined>;
}

/** Lines with cells ended by tabs; the object's events follow them unless the kind has none. */
export interface Describer {
  readonly withoutEvents?: boolean;
  /** Breaks a line without its tab at the end of the text too. */
  lines(object: AnyObject, surroundings: Surroundings): Promise<readonly string[]> | readonly string[];
}
