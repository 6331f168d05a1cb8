/** The kind PodTemplate: a template of Pods that stands alone. */
import { defineKind } from "../../kind.ts";
import type { PodTemplate as PodTemplateObject } from "../../types.ts";
import { labelsCell, nameColumn, templateColumns, textColumn } from "../columns.ts";
import type { Errors } from "../field-rules.ts";
import { defaultPodTemplate } from "../pod/defaults.ts";
import { rulePodTemplate } from "../pod/validate-pod-spec.ts";

/** PodTemplate (v1). */
export const PodTemplate = defineKind<PodTemplateObject>({
  group: "",
  version: "v1",
  kind: "PodTemplate",
  plural: "podtemplates",
  scope: "Namespaced",
  schema: "core.v1.PodTemplate",
  returnsDeletedObject: true,
  defaults: (podTemplate) => defaultPodTemplate(podTemplate.template),
  validate(podTemplate) {
    const errors: Errors = [];
    rulePodTemplate(errors, "template", podTemplate.template);
    return errors;
  },
  columns: [
    nameColumn,
    ...templateColumns<PodTemplateObject>((podTemplate) => podTemplate.template).map((column) => ({ ...column, priority: 0 })),
    textColumn("Pod Labels", (podTemplate) => labelsCell(podTemplate.template?.metadata?.labels)),
  ],
});
