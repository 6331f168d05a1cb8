/** --sort-by: puts objects in the order of one of their fields. */
import { compareQuantities, isQuantity } from "../../machinery/quantity.ts";
import { CommandError } from "../errors.ts";
import { compileJsonPath, relaxedPath } from "../printing/jsonpath.ts";

/** A sorted copy. `objectOf` gives what the path is read from. Throws `CommandError` where no object has that field. */
export function sortedBy<T>(path: string, items: readonly T[], objectOf: (item: T) => unknown): T[] {
  const relaxed = relaxedPath(path);
  const field = compileJsonPath(relaxed, { allowMissing: true });
  const valued = items.map((item) => ({ item, value: field.find(objectOf(item))[0]?.[0] }));
  if (items.length > 0 && valued.every(({ value }) => value === undefined))
    throw new CommandError(`couldn't find any field with path ${JSON.stringify(relaxed)} in the list of objects`);
  return valued.sort((a, b) => compare(a.value, b.value)).map(({ item }) => item);
}

function compare(a: unknown, b: unknown): number {
  if (a === undefined || a === null || b === undefined || b === null)
    return Number(a !== undefined && a !== null) - Number(b !== undefined && b !== null);
  if (typeof a === "number" && typeof b === "number") return a - b;
  if (typeof a === "boolean" && typeof b === "boolean") return Number(a) - Number(b);
  const [left, right] = [String(a), String(b)];
  if (isQuantity(left) && isQuantity(right)) return compareQuantities(left, right);
  return left < right ? -1 : Number(left > right);
}
