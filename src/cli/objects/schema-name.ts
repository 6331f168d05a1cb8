/** Where the field tables hold a kind: what its merge keys are read from. */
import { findStruct } from "../../api/schema/schema.ts";
import type { KindRef } from "../../api/kind.ts";

/** Name of the kind's type in our tables, which hold the kinds of Kubernetes itself; undefined for others. */
export function schemaNameOf({ group, version, kind }: Pick<KindRef, "group" | "version" | "kind">): string | undefined {
  if (group !== "" && group.includes(".") && !group.endsWith(".k8s.io")) return undefined;
  const name = `${group === "" ? "core" : group.split(".")[0]}.${version}.${kind}`;
  return findStruct(name) && name;
}
