/** The word of caution where an apply changes what is on its way out (KR-51). */
import type { AnyObject } from "../../api/meta/object.ts";
import type { Environment } from "../command.ts";

/** Says on stderr that the object is being deleted, if it is. */
export function warnOfEnd({ metadata }: AnyObject, { stderr }: Pick<Environment, "stderr">): void {
  if (metadata.deletionTimestamp !== undefined)
    stderr.write(`Warning: Detected changes to resource ${metadata.name} which is currently being deleted.\n`);
}
