/** Schemas by type name, read from the field tables when first asked for. */
import { parseStruct, type StructSchema } from "./notation.ts";
import { tables } from "./tables.ts";

const parsed = new Map<string, StructSchema>();

/** The schema of a type such as `apps.v1.Deployment`, or undefined where no table has it. */
export function findStruct(name: string): StructSchema | undefined {
  const known = parsed.get(name);
  if (known) return known;
  const dot = name.lastIndexOf(".");
  const table = tables[name.slice(0, dot)]?.[name.slice(dot + 1)];
  if (!table) return undefined;
  const struct = parseStruct(name, table);
  parsed.set(name, struct);
  return struct;
}

/** The schema of a type that must exist. Throws where no table has it. */
export function structSchema(name: string): StructSchema {
  const struct = findStruct(name);
  if (!struct) throw new Error(`no field table for type ${name}`);
  return struct;
}
