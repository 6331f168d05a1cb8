/** What --for waits for, as a test of one object. */
import type { AnyObject } from "../../api/meta/object.ts";
import { CommandError } from "../errors.ts";
import { compileJsonPath, relaxedPath } from "../printing/jsonpath.ts";

/** Says whether an object is as --for wants it; undefined: it is not there. */
export interface WaitFor {
  readonly kind: "condition" | "delete" | "create" | "jsonpath";
  test(object: AnyObject | undefined): boolean;
}

/** Throws `CommandError` for what is none of the forms. */
export function parseFor(text: string): WaitFor {
  const lower = text.toLowerCase();
  if (lower === "delete") return { kind: "delete", test: (object) => object === undefined };
  if (lower === "create") return { kind: "create", test: (object) => object !== undefined };
  if (lower.startsWith("condition=")) return conditionOf(text.slice("condition=".length));
  if (lower.startsWith("jsonpath=")) return jsonPathOf(text.slice("jsonpath=".length));
  throw new CommandError(`unrecognized condition: ${JSON.stringify(text)}`);
}

function conditionOf(text: string): WaitFor {
  const at = text.indexOf("=");
  const type = at < 0 ? text : text.slice(0, at);
  const value = at < 0 ? "true" : text.slice(at + 1);
  return { kind: "condition", test: (object) => object !== undefined && hasCondition(object, type, value) };
}

/** A condition that speaks of an earlier generation of the object says nothing of this one. */
function hasCondition(object: AnyObject, type: string, value: string): boolean {
  const found = (object["status"]?.conditions ?? []).find((each: any) => String(each?.type).toLowerCase() === type.toLowerCase());
  if (!found) return false;
  const observed = found.observedGeneration ?? object["status"]?.observedGeneration;
  if (observed !== undefined && observed < (object.metadata.generation ?? 0)) return false;
  return String(found.status).toLowerCase() === value.toLowerCase();
}

function jsonPathOf(text: string): WaitFor {
  const match = /^'?(\{[\s\S]*\}|[^=]*?)'?(?:=(.*))?$/.exec(text);
  const expression = match?.[1] ?? "";
  const wanted = match?.[2]?.replace(/^'(.*)'$/, "$1");
  if (expression === "") throw new CommandError("jsonpath expression cannot be empty");
  if (wanted === "")
    throw new CommandError("jsonpath wait has to have a value after equal sign, like --for=jsonpath='{.status.readyReplicas}'=3");
  const path = compileJsonPath(relaxedPath(expression), { allowMissing: true });
  return {
    kind: "jsonpath",
    test(object) {
      if (object === undefined) return false;
      const values = path.find(object).flat();
      if (values.length === 0) return false;
      if (wanted === undefined) return true;
      if (values.length > 1) throw new CommandError("given jsonpath expression matches more than one value");
      const [value] = values;
      if (typeof value === "object" && value !== null)
        throw new CommandError("jsonpath leads to a nested object or list which is not supported");
      return String(value).trim() === wanted.trim();
    },
  };
}
