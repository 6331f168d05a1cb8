/** A cause as one Pod shows it, before equal ones are gathered; and what all finders of causes are given. */
import { safeText } from "../safe-text.ts";
import type { ContainerView, PodView, WorkloadSnapshot } from "../workload.ts";
import type { EventIndex } from "./event-index.ts";
import type { CauseCode, Certainty, Evidence, Related, WayOut } from "./explanation.ts";
import { logKey } from "./explanation.ts";

export interface Cause {
  readonly code: CauseCode;
  readonly certainty: Certainty;
  /** Causes of one code with the same text here are one. Names no Pod. */
  readonly same: string;
  /** The sentence about `subject`, which reads `Pod web-1` or `3 of 5 new Pods`; `many` tells which verb it takes. */
  sentence(subject: string, many: boolean): string;
  readonly pod?: PodView;
  readonly container?: string;
  readonly needsPerson?: boolean;
  readonly isNote?: boolean;
  readonly untilMs?: number;
  readonly evidence: readonly Evidence[];
  readonly wayOut: readonly WayOut[];
}

/** What finders of causes look at. */
export interface Inquiry {
  readonly snapshot: WorkloadSnapshot;
  readonly related: Related;
  readonly events: EventIndex;
  readonly nowMs: number;
  /** From a Pod's creation to its being ready, in milliseconds, at this workload's Pods that are: half of them were quicker. Absent where none is. */
  readonly usualMs?: number;
  readonly commands: Commands;
}

/** Commands to paste, each for the right namespace and cluster. */
export interface Commands {
  undo(): WayOut | undefined;
  /** A command of kubectl, such as `get pvc data-0`. */
  kubectl(about: string, words: string): WayOut;
  /** The same about objects that have no namespace. */
  clusterKubectl(about: string, words: string): WayOut;
}

/** What somebody reads of a container's state in the API. */
export const stateEvidence = (pod: PodView, container: ContainerView, field: string, text: string): Evidence => ({
  at: `Pod ${pod.name}, container ${container.name}, ${field}`,
  text: oneLine(text),
});

/** The end of a container's log, where it was read. */
export function logEvidence({ related }: Inquiry, pod: PodView, container: ContainerView): Evidence[] {
  const tail = related.logs.get(logKey(pod.uid, container.name));
  if (!tail || tail.lines.length === 0) return [];
  return [{ at: `log of ${pod.name}/${container.name}${tail.cut ? ", last lines" : ""}`, text: tail.lines.join("\n") }];
}

const sentenceMaxChars = 300;

/** Text of others within one line of ours: no control characters, no line breaks, not for ever. */
export function oneLine(text: string): string {
  const line = safeText(text).replace(/\s+/g, " ").trim();
  return line.length <= sentenceMaxChars ? line : `${line.slice(0, sentenceMaxChars - 1)}…`;
}

/** Without a full stop at its end, to stand before one. */
export const clause = (text: string): string => oneLine(text).replace(/[.\s]+$/, "");

/** The way out of a template that is wrong: back, or onwards. */
export function templateWayOut(inquiry: Inquiry, fix: WayOut): WayOut[] {
  const undo = inquiry.commands.undo();
  return undo ? [undo, fix] : [fix];
}
