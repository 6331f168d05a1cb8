/** From the apiVersion and kind of an object to the name of its type in the field tables. */
import type { StructSchema } from "../schema/notation.ts";
import { findStruct } from "../schema/schema.ts";

/** The schema of a kind, or undefined: `apps/v1` Deployment is `apps.v1.Deployment`, `v1` Pod is `core.v1.Pod`; kinds of every group, such as DeleteOptions, are in `meta.v1`. */
export function schemaOf(apiVersion: string, kind: string): StructSchema | undefined {
  const [group, version] = apiVersion.includes("/") ? (apiVersion.split("/") as [string, string]) : ["core", apiVersion];
  const prefix = group.split(".")[0] as string;
  return findStruct(`${prefix}.${version}.${kind}`) ?? findStruct(`meta.v1.${kind}`);
}
