/** --overrides: a patch on an object that was made from flags, before it is created. */
import { applyJsonPatch } from "../../machinery/json-patch.ts";
import { applyMergePatch } from "../../machinery/merge-patch.ts";
import { applyStrategicMerge } from "../../machinery/strategic-merge.ts";
import { CommandError } from "../errors.ts";
import type { Flag, Flags } from "../flags.ts";

export const overrideFlags: readonly Flag[] = [
  { name: "overrides", type: "string", about: "JSON that is laid over the object before it is created" },
  { name: "override-type", type: "string", default: "merge", about: "how it is laid over: json, merge or strategic" },
];

/** The object with what --overrides says; the same where it says nothing. Throws `CommandError`. */
export function overridden(object: Record<string, any>, schema: string, flags: Flags): Record<string, any> {
  const text = flags.string("overrides");
  if (text === "") return object;
  let patch: unknown;
  try {
    patch = JSON.parse(text);
  } catch (error) {
    throw new CommandError("Invalid JSON Patch", { cause: error });
  }
  const type = flags.string("override-type");
  if (type === "merge") return applyMergePatch(object, patch) as Record<string, any>;
  if (type === "strategic") return applyStrategicMerge(object, patch, schema) as Record<string, any>;
  if (type === "json") return applyJsonPatch(object, patch) as Record<string, any>;
  throw new CommandError(`invalid override type: ${type}`);
}
