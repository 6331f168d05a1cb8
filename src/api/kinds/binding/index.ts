/** The kind Binding: the scheduler's word that a Pod shall run on a node. Acted upon and never stored. */
import { type FieldError, field } from "../../errors.ts";
import { defineKind } from "../../kind.ts";
import type { Binding as BindingObject } from "../../types.ts";
import { type Errors, ruleRequired } from "../field-rules.ts";

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
  validate(binding): FieldError[] {
    const errors: Errors = [];
    const kind = binding.target?.kind;
    if (kind && kind !== "Node") errors.push(field.notSupported("target.kind", kind, ["Node", "<empty>"]));
    ruleRequired(errors, "target.name", binding.target?.name);
    return errors;
  },
});
