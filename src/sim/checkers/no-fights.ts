/**
 * Nobody undoes what another has done, again and again: while nobody from outside writes anything, each object comes to rest after
 * a bounded number of writes, and never returns to a state that it has left twice.
 */
import type { KubeObject } from "../../api/meta/object.ts";
import type { Commit } from "../history.ts";
import type { Checker } from "./checker.ts";

/** So many writes of controllers in a row, at most, with no Pod reporting anything and no user asking for anything. */
const writesMax = 400;
const returnsMax = 3;

export function noFights(): Checker {
  let writes = 0;
  const states = new Map<string, Map<string, number>>();
  return {
    name: "no controller fights another",
    commit(commit) {
      if (!commit.byController) {
        writes = 0;
        states.clear();
        return undefined;
      }
      if (++writes > writesMax) return `${writes} writes of controllers in a row, the last by ${commit.actor} to ${nameOf(commit)}`;
      const { before, after } = commit;
      if (!after || !before || isReportOnly(before, after)) return undefined;
      const uid = after.metadata.uid as string;
      const seen = states.get(uid) ?? new Map([[stateOf(before), 1]]);
      states.set(uid, seen);
      const state = stateOf(after);
      const count = (seen.get(state) ?? 0) + 1;
      seen.set(state, count);
      return count > returnsMax ? `${nameOf(commit)} comes to the same state for the ${count}th time, by ${commit.actor}` : undefined;
    },
  };
}

const nameOf = ({ kind, before, after }: Commit): string => `${kind} ${(after ?? before)?.metadata.name}`;

type Body = KubeObject & { readonly spec?: unknown };

/** Status may say the same twice: it follows the world. What is not changed is the very same part of the object. */
const isReportOnly = (before: Body, after: Body): boolean =>
  before.spec === after.spec &&
  before.metadata.annotations === after.metadata.annotations &&
  before.metadata.labels === after.metadata.labels &&
  before.metadata.ownerReferences === after.metadata.ownerReferences &&
  before.metadata.finalizers === after.metadata.finalizers;

/** What controllers decide about an object: all but status and bookkeeping. */
function stateOf(object: KubeObject): string {
  const { metadata, status: _, ...rest } = object as KubeObject & { status?: unknown };
  const { resourceVersion: _v, managedFields: _m, generation: _g, ...meta } = metadata;
  return JSON.stringify([meta, rest]);
}
