/**
 * Kubernetes leaves a field out when it holds its type's zero value. Objects here do the same, so that
 * `paused: false` and no `paused` are one state: no new generation, no other template hash, no difference to apply.
 */

/** Removes those of the named fields that are false, 0, "", null or an empty list. */
export function omitZero(object: object, fields: readonly string[]): void {
  const record = object as Record<string, unknown>;
  for (const name of fields) {
    const value = record[name];
    if (value === undefined) continue;
    if (value === false || value === 0 || value === "" || value === null || (Array.isArray(value) && value.length === 0))
      delete record[name];
  }
}
