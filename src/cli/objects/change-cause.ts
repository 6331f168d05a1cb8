/** --record: the command line as the change cause of what it changed. Deprecated in kubectl, still typed by many (KR-36). */
import type { AnyObject } from "../../api/meta/object.ts";
import type { Invocation } from "../command.ts";
import type { Flag } from "../flags.ts";

/** Where Kubernetes keeps the cause of a change. */
export const changeCauseAnnotation = "kubernetes.io/change-cause";

export const recordFlag: Flag = {
  name: "record",
  about: "keep this command line as the change cause of the object",
  deprecated: "--record will be removed in the future",
};

/** Flags whose values are nobody else's business. */
const secretFlags = new Set(["token", "password"]);

/** The command line: the command, its arguments, and the flags in their long form. */
export function changeCauseOf({ name, args, flags }: Pick<Invocation, "name" | "args" | "flags">): string {
  const given = flags
    .line()
    .filter((flag) => !secretFlags.has(flag.name))
    .map((flag) => `--${flag.name}=${flag.value}`);
  return [name, ...args, ...given].join(" ");
}

/** A copy of the object with the cause. */
export const withChangeCause = (object: AnyObject, cause: string): AnyObject => ({
  ...object,
  metadata: { ...object.metadata, annotations: { ...object.metadata.annotations, [changeCauseAnnotation]: cause } },
});
