/** JSON with one spelling per value: sorted keys, no spaces. For hashes, comparisons and recorded state. */

/** The text of values that can't change any more, by identity: templates are spelt at every pass of their controllers. */
const spelt = new WeakMap<object, string>();

/**
 * The compact JSON of a value with the keys of every object sorted; undefined fields are left out, an undefined value reads as null. A
 * value that is frozen is taken to be frozen throughout, and spelt once.
 */
export function canonicalJson(value: unknown): string {
  if (typeof value !== "object" || value === null || !Object.isFrozen(value)) return spell(value);
  const known = spelt.get(value);
  if (known !== undefined) return known;
  const text = spell(value);
  spelt.set(value, text);
  return text;
}

function spell(value: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  if (Array.isArray(value)) return `[${value.map(spell).join(",")}]`;
  const record = value as Record<string, unknown>;
  const parts: string[] = [];
  for (const key of Object.keys(record).sort()) {
    if (record[key] !== undefined) parts.push(`${JSON.stringify(key)}:${spell(record[key])}`);
  }
  return `{${parts.join(",")}}`;
}
