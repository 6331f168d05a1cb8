/** The kind ReplicationController: the elder of ReplicaSet, with a selector of plain labels. */
import { type FieldError, field } from "../../errors.ts";
import { defineKind } from "../../kind.ts";
import type { ReplicationController as ReplicationControllerObject } from "../../types.ts";
import { ageColumn, labelsCell, nameColumn, numberColumn, templateColumns, textColumn, wide } from "../columns.ts";
import { type Errors, ruleLabels, ruleNonNegative } from "../field-rules.ts";
import { omitZero } from "../omit-zero.ts";
import { defaultPodTemplate } from "../pod/defaults.ts";
import { ruleAlwaysRestarted } from "../pod/validate-controlled-template.ts";
import { ruleReplicaCounts } from "../replica-counts.ts";
import { keepSpec } from "../status-writes.ts";

/** ReplicationController (v1). */
export const ReplicationController = defineKind<ReplicationControllerObject>({
  group: "",
  version: "v1",
  kind: "ReplicationController",
  plural: "replicationcontrollers",
  scope: "Namespaced",
  schema: "core.v1.ReplicationController",
  shortNames: ["rc"],
  categories: ["all"],
  // What its clients always got: dependents survive unless told otherwise.
  defaultPropagation: "Orphan",
  defaults,
  validate,
  prepareForCreate(controller) {
    controller.status = { replicas: 0 };
  },
  status: {
    prepareForUpdate: keepSpec,
    validateUpdate(controller, old) {
      const errors: Errors = [];
      ruleReplicaCounts(errors, controller.status, old.status);
      return errors;
    },
  },
  scale: {
    getReplicas: (controller) => controller.spec?.replicas ?? 0,
    setReplicas(controller, replicas) {
      if (controller.spec) controller.spec.replicas = replicas;
    },
    statusReplicas: (controller) => controller.status?.replicas ?? 0,
    selector: (controller) => selectorText(controller),
  },
  columns: [
    nameColumn,
    numberColumn("Desired", (controller) => controller.spec?.replicas),
    numberColumn("Current", (controller) => controller.status?.replicas),
    numberColumn("Ready", (controller) => controller.status?.readyReplicas),
    ageColumn,
    ...templateColumns<ReplicationControllerObject>((controller) => controller.spec?.template),
    wide(textColumn("Selector", (controller) => labelsCell(controller.spec?.selector))),
  ],
  fieldSelectors: { "status.replicas": (controller) => String(controller.status?.replicas ?? 0) },
});

const selectorText = (controller: ReplicationControllerObject): string =>
  Object.keys(controller.spec?.selector ?? {}).length === 0 ? "" : labelsCell(controller.spec?.selector);

function defaults(controller: ReplicationControllerObject): void {
  const spec = controller.spec;
  if (!spec) return;
  omitZero(spec, ["minReadySeconds"]);
  spec.replicas ??= 1;
  const labels = spec.template?.metadata?.labels;
  if (labels) {
    if (Object.keys(spec.selector ?? {}).length === 0) spec.selector = { ...labels };
    if (Object.keys(controller.metadata.labels ?? {}).length === 0) controller.metadata.labels = { ...labels };
  }
  defaultPodTemplate(spec.template);
}

function validate(controller: ReplicationControllerObject): FieldError[] {
  const errors: Errors = [];
  const { replicas, minReadySeconds, selector, template } = controller.spec ?? {};
  ruleNonNegative(errors, "spec.minReadySeconds", minReadySeconds);
  ruleLabels(errors, "spec.selector", selector);
  if (Object.keys(selector ?? {}).length === 0) errors.push(field.required("spec.selector"));
  ruleNonNegative(errors, "spec.replicas", replicas);
  if (!template) errors.push(field.required("spec.template"));
  else {
    const labels = template.metadata?.labels ?? {};
    if (!Object.entries(selector ?? {}).every(([key, value]) => labels[key] === value)) {
      errors.push(field.invalid("spec.template.metadata.labels", labels, "`selector` does not match template `labels`"));
    }
    ruleAlwaysRestarted(errors, template, "ReplicationController");
  }
  return errors;
}
