/** The kind Binding of v1. */
import type { Binding as BindingObject } from "../../types.ts";
import { defineKind } from "../../kind.ts";

/** Binding (v1). */
export const Binding = defineKind<BindingObject>({
  group: "",
  version: "v1",
  kind: "Binding",
  plural: "bindings",
  scope: "Namespaced",
  schema: "core.v1.Binding",
  virtual: true,
  verbs: ["create"],
});
