/**
 * What one run is about, as plain data: a workload, what its users do with it and what goes wrong meanwhile. Everything is drawn
 * from the seed beforehand, so that a run can be printed, repeated, and made smaller by leaving parts of it out.
 */
import type { AnyObject } from "../api/meta/object.ts";

/** What a user does with the workload. Each is one request. */
export type UserStep =
  /** A merge patch of the workload. */
  | { readonly do: "patch"; readonly why: string; readonly patch: AnyObjectPatch }
  /** Deletes it but not what it owns, and creates it again. */
  | { readonly do: "orphan" }
  /** Makes or changes the ConfigMap or the Secret that templates name; null: deletes it. */
  | { readonly do: "configure"; readonly why: string; readonly kind: "ConfigMap" | "Secret"; readonly content: string | null }
  /** Writes the template of an earlier revision that is kept: 1 is the one before the newest. */
  | { readonly do: "undo"; readonly back: number };

/** Who brings an earlier template back, as traces and checkers know it: what that names is named on purpose. */
export const undoing = "undo";

/** The ConfigMap and the Secret that people edit. */
export const sourceNames = { ConfigMap: "settings", Secret: "keys" } as const;

export type AnyObjectPatch = Readonly<Record<string, any>>;

/** Something happens to a Pod that nobody planned. `pick` chooses among the Pods that there are then, by a remainder. */
export interface PodFault {
  readonly do: "pod";
  /** `unready` and `crash` pass by themselves; `fail` ends the Pod; `delete` and `evict` are what somebody else asks for. */
  readonly harm: "unready" | "crash" | "fail" | "delete" | "evict";
  readonly pick: number;
  readonly forMs: number;
}

/** Something happens to a node. `pick` chooses among those there are. */
export interface NodeFault {
  readonly do: "node";
  readonly harm: "lose" | "add" | "remove" | "taint" | "expel" | "cordon" | "label";
  readonly pick: number;
  /** After so long it is undone, where it can be. */
  readonly forMs: number;
}

/** All watches of the controllers break. `expired`: and the server has forgotten where they were. */
export interface WatchFault {
  readonly do: "cut";
  readonly expired: boolean;
}

export type Step = { readonly atMs: number } & (UserStep | PodFault | NodeFault | WatchFault);

/** What becomes of the n-th write of the controllers, counted from 1. */
export interface WriteFault {
  readonly write: number;
  readonly what: /** The server says 500 and does nothing. */
    | "refused"
    /** The request is lost: nothing is done, and nobody answers. */
    | "request-lost"
    /** It is done, and the answer is lost. */
    | "answer-lost"
    /** Somebody else changes the object just before. */
    | "outrun"
    /** All controllers end before the request is sent, or before the answer is read; others begin with empty caches. */
    | "crash-before"
    | "crash-after";
  /** How long it takes until the next controllers begin. */
  readonly downMs: number;
}

export interface Spec {
  readonly seed: number;
  /** The name of the workload's description, such as `deployment`. */
  readonly workload: string;
  readonly manifest: AnyObject;
  /** How many nodes there are at first. */
  readonly nodes: number;
  /** How late a cache may be, and how long a request may take each way. 0: at once. */
  readonly watchDelayMaxMs: number;
  readonly latencyMaxMs: number;
  /** How long Pods take, at most. */
  readonly startMaxMs: number;
  readonly stopMaxMs: number;
  readonly steps: readonly Step[];
  readonly writeFaults: readonly WriteFault[];
  /** The same for the writes of the release controllers, which are a process of their own. Absent where they do not run. */
  readonly releaseFaults?: readonly WriteFault[];
  /** What its user does when all is well. */
  readonly ending: "bad-image" | "delete" | "orphan" | "none";
}

/** Whether anything stands between controllers and server: then they may see the past, and be told nothing. */
export const isCalm = (spec: Spec): boolean => spec.watchDelayMaxMs === 0 && spec.latencyMaxMs === 0 && spec.writeFaults.length === 0;

/**
 * How far a controller's picture may lie behind when it writes, in milliseconds: the delay of its watches, a watch that broke, and the
 * duration of a pass, which is some twenty requests at most.
 */
export function stalenessMs(spec: Spec): number {
  const broken = spec.steps.some((step) => step.do === "cut") ? 1500 : 0;
  return 20 + spec.watchDelayMaxMs + 40 * spec.latencyMaxMs + broken;
}

/** The same for what is decided by one controller, done by another and reported by a third, with retries in between. */
export function chainMs(spec: Spec): number {
  const failing = spec.writeFaults.length > 0 ? 5000 : 0;
  const down = Math.max(0, ...spec.writeFaults.map(({ downMs }) => downMs));
  return 3 * stalenessMs(spec) + failing + 2 * down;
}

/**
 * For how long the controllers of releases may not know what is true, or not have written it down: their pictures are as late as
 * those of others, they gather for a second, and they may be restarting.
 */
export function lagMs(spec: Spec): number {
  const { releaseFaults = [] } = spec;
  const down = releaseFaults.reduce((sum, { downMs }) => sum + downMs, 0);
  return chainMs(spec) + 5000 + (releaseFaults.length > 0 ? 10_000 : 0) + down;
}
