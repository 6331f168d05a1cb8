/** Reading lists of conditions. */

/** The condition of that type, or undefined. */
export function findCondition<T extends { readonly type: string }>(conditions: readonly T[] | undefined, type: string): T | undefined {
  return conditions?.find((condition) => condition.type === type);
}

/** Whether the condition of that type is there and "True". */
export const isConditionTrue = (
  conditions: readonly { readonly type: string; readonly status: string }[] | undefined,
  type: string,
): boolean => findCondition(conditions, type)?.status === "True";
