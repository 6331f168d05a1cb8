/** The kind IngressClass: who acts on Ingresses that name it. */
import type { FieldError } from "../../errors.ts";
import { defineKind } from "../../kind.ts";
import type { IngressClass as IngressClassObject } from "../../types.ts";
import { ageColumn, nameColumn, textColumn } from "../columns.ts";
import { type Errors, ruleImmutable } from "../field-rules.ts";

/** IngressClass (networking.k8s.io/v1). */
export const IngressClass = defineKind<IngressClassObject>({
  group: "networking.k8s.io",
  version: "v1",
  kind: "IngressClass",
  plural: "ingressclasses",
  singular: "ingressclass",
  scope: "Cluster",
  schema: "networking.v1.IngressClass",
  defaults(ingressClass) {
    const parameters = ingressClass.spec?.parameters;
    if (parameters) parameters.scope ??= "Cluster";
  },
  validateUpdate(ingressClass, old): FieldError[] {
    const errors: Errors = [];
    ruleImmutable(errors, "spec.controller", ingressClass.spec?.controller, old.spec?.controller);
    return errors;
  },
  columns: [
    nameColumn,
    textColumn("Controller", (ingressClass) => ingressClass.spec?.controller ?? ""),
    textColumn("Parameters", parametersCell),
    ageColumn,
  ],
});

function parametersCell(ingressClass: IngressClassObject): string {
  const parameters = ingressClass.spec?.parameters;
  if (!parameters) return "<none>";
  return `${parameters.kind}${parameters.apiGroup ? `.${parameters.apiGroup}` : ""}/${parameters.name}`;
}
