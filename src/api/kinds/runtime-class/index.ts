/** The kind RuntimeClass: which container runtime runs a Pod. */
import type { FieldError } from "../../errors.ts";
import { defineKind } from "../../kind.ts";
import type { RuntimeClass as RuntimeClassObject } from "../../types.ts";
import { ageColumn, nameColumn, textColumn } from "../columns.ts";
import { type Errors, ruleImmutable, ruleLabels, ruleName } from "../field-rules.ts";
import { spellQuantities } from "../quantities.ts";

/** RuntimeClass (node.k8s.io/v1). */
export const RuntimeClass = defineKind<RuntimeClassObject>({
  group: "node.k8s.io",
  version: "v1",
  kind: "RuntimeClass",
  plural: "runtimeclasses",
  scope: "Cluster",
  schema: "node.v1.RuntimeClass",
  defaults: (runtimeClass) => spellQuantities(runtimeClass.overhead?.podFixed),
  validate(runtimeClass): FieldError[] {
    const errors: Errors = [];
    ruleName(errors, "handler", "dns1123-label", runtimeClass.handler ?? "");
    ruleLabels(errors, "scheduling.nodeSelector", runtimeClass.scheduling?.nodeSelector);
    return errors;
  },
  validateUpdate(runtimeClass, old): FieldError[] {
    const errors: Errors = [];
    ruleImmutable(errors, "handler", runtimeClass.handler, old.handler);
    return errors;
  },
  columns: [nameColumn, textColumn("Handler", (runtimeClass) => runtimeClass.handler), ageColumn],
});
