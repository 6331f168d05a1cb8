/**
 * What a checker is: one promise, derived from the manifest and from what could be seen of the API, and from nothing else. It is
 * asked after every commit, and at rest when everything ought to be well. It answers with a sentence when the promise is broken.
 */
import type { Commit, History } from "../history.ts";

/** What a checker may look at. */
export interface Scene {
  readonly history: History;
  nowMs(): number;
  /**
   * How far a controller's own picture may lie behind, in milliseconds: what it saw may have been true at any instant of that window.
   * Next to nothing where caches are not delayed and no write fails.
   */
  readonly stalenessMs: number;
  /** The same for what goes from controller to controller. */
  readonly chainMs: number;
  /** For how long the controllers of releases may not know, or not have done, what is due. */
  readonly lagMs: number;
  /** How many writes of this kind were done although whoever made them was told otherwise. */
  unanswered(verb: string, kind: string): number;
}

export interface Checker {
  /** As it stands in reports: what is promised, in a few words. */
  readonly name: string;
  /** Called after each commit, before anything else reacts to it. */
  commit?(commit: Commit): string | undefined;
  /**
   * Called when faults have stopped, until everybody is content: what is not yet as the manifest and the rest of the API say it should
   * be. What never goes away is a broken promise.
   */
  unsettled?(): string | undefined;
}

export type MakeChecker = (scene: Scene) => Checker;
