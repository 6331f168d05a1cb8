/** Counts that may be given as a percentage of something, such as `maxSurge: 25%`. */
import type { IntOrString } from "../api/types.ts";

const percentPattern = /^(\d+)%$/;

/** Whether the value is a percentage such as `25%`. */
export const isPercent = (value: IntOrString | undefined): value is string => typeof value === "string" && percentPattern.test(value);

/** The count that the value stands for; a percentage is taken of `total` and rounded as told. Absent reads as 0. Throws for any other text. */
export function resolveIntOrPercent(value: IntOrString | undefined, total: number, round: "up" | "down"): number {
  if (value === undefined) return 0;
  if (typeof value === "number") return value;
  const match = percentPattern.exec(value);
  if (!match) throw new Error(`invalid value for IntOrString: "${value}" is neither an integer nor a percentage`);
  const exact = (Number(match[1]) * total) / 100;
  return round === "up" ? Math.ceil(exact) : Math.floor(exact);
}
