/**
 * Reading and writing fields of objects that came from outside. A key such as `__proto__` or `constructor` must be
 * a key like any other: plain `object[key]` would read or change the prototype.
 */

/** The object's own value under `key`; undefined where it has none, whatever its prototype says. */
export const ownField = <T>(object: Readonly<Record<string, T>>, key: string): T | undefined =>
  Object.hasOwn(object, key) ? object[key] : undefined;

/** Sets the object's own value under `key`, even where the key is `__proto__`. */
export function setOwnField<T>(object: Record<string, T>, key: string, value: NoInfer<T>): void {
  if (key === "__proto__") Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
  else object[key] = value;
}

/** Whether a JSON value is an object: neither null nor a list. */
export const isRecord = (value: unknown): value is Record<string, any> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
