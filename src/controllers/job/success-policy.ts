/** Whether the indexes that have succeeded are enough for a Job's successPolicy. One rule that is met is enough. */
import type { JobSpec } from "../../api/types.ts";
import { indexesOf } from "./indexes.ts";

/** The position of the first rule that is met; undefined where none is. */
export function matchedSuccessRule({ successPolicy, completions = 0 }: JobSpec, completed: ReadonlySet<number>): number | undefined {
  const found = (successPolicy?.rules ?? []).findIndex(({ succeededIndexes, succeededCount }) => {
    if (succeededIndexes === undefined) return succeededCount !== undefined && completed.size >= succeededCount;
    const wanted = indexesOf(succeededIndexes, completions);
    const reached = [...wanted].filter((index) => completed.has(index)).length;
    return reached >= (succeededCount ?? wanted.size);
  });
  return found < 0 ? undefined : found;
}
