/** How many may use a volume at once, and how. */
import { field } from "../errors.ts";
import { type Errors, ruleOneOf } from "./field-rules.ts";

const short: Readonly<Record<string, string>> = {
  ReadWriteOnce: "RWO",
  ReadOnlyMany: "ROX",
  ReadWriteMany: "RWX",
  ReadWriteOncePod: "RWOP",
};
const modes = Object.keys(short);

/** `RWO,ROX`, in the order that the API prints them (TAB-14). */
export const accessModesCell = (present: readonly string[] | undefined): string =>
  modes
    .filter((mode) => present?.includes(mode))
    .map((mode) => short[mode])
    .join(",");

/** At least one mode, all known, and ReadWriteOncePod only by itself. */
export function ruleAccessModes(errors: Errors, path: string, present: readonly string[] | undefined, requiredDetail?: string): void {
  const list = present ?? [];
  if (list.length === 0) errors.push(field.required(path, requiredDetail));
  for (const mode of list) ruleOneOf(errors, path, mode, modes);
  if (list.includes("ReadWriteOncePod") && list.length > 1) {
    errors.push(field.forbidden(path, "may not use ReadWriteOncePod with other access modes"));
  }
}
