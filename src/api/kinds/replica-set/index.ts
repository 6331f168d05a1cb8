/** The kind ReplicaSet: so many Pods of one template. */
import { labelSelectorText } from "../../../machinery/selectors.ts";
import type { FieldError } from "../../errors.ts";
import { defineKind } from "../../kind.ts";
import type { ReplicaSet as ReplicaSetObject } from "../../types.ts";
import { ageColumn, nameColumn, numberColumn, selectorCell, templateColumns, textColumn, wide } from "../columns.ts";
import { type Errors, ruleImmutable, ruleNonNegative } from "../field-rules.ts";
import { omitZero } from "../omit-zero.ts";
import { defaultPodTemplate } from "../pod/defaults.ts";
import { ruleControlledTemplate } from "../pod/validate-controlled-template.ts";
import { podSpecWarnings } from "../pod/warnings.ts";
import { ruleReplicaCounts } from "../replica-counts.ts";
import { keepSpec } from "../status-writes.ts";

/** ReplicaSet (apps/v1). */
export const ReplicaSet = defineKind<ReplicaSetObject>({
  group: "apps",
  version: "v1",
  kind: "ReplicaSet",
  plural: "replicasets",
  scope: "Namespaced",
  schema: "apps.v1.ReplicaSet",
  shortNames: ["rs"],
  categories: ["all"],
  defaults,
  validate,
  validateUpdate(replicaSet, old) {
    const errors: Errors = [];
    ruleImmutable(errors, "spec.selector", replicaSet.spec?.selector, old.spec?.selector);
    return errors;
  },
  prepareForCreate(replicaSet) {
    replicaSet.status = { replicas: 0 };
  },
  warnings: (replicaSet) => podSpecWarnings("spec.template.spec", replicaSet.spec?.template?.spec),
  status: {
    prepareForUpdate: keepSpec,
    validateUpdate(replicaSet, old) {
      const errors: Errors = [];
      ruleReplicaCounts(errors, replicaSet.status, old.status);
      return errors;
    },
  },
  scale: {
    getReplicas: (replicaSet) => replicaSet.spec?.replicas ?? 0,
    setReplicas(replicaSet, replicas) {
      if (replicaSet.spec) replicaSet.spec.replicas = replicas;
    },
    statusReplicas: (replicaSet) => replicaSet.status?.replicas ?? 0,
    selector: (replicaSet) => labelSelectorText(replicaSet.spec?.selector),
  },
  columns: [
    nameColumn,
    numberColumn("Desired", (replicaSet) => replicaSet.spec?.replicas),
    numberColumn("Current", (replicaSet) => replicaSet.status?.replicas),
    numberColumn("Ready", (replicaSet) => replicaSet.status?.readyReplicas),
    ageColumn,
    ...templateColumns<ReplicaSetObject>((replicaSet) => replicaSet.spec?.template),
    wide(textColumn("Selector", (replicaSet) => selectorCell(replicaSet.spec?.selector))),
  ],
  fieldSelectors: { "status.replicas": (replicaSet) => String(replicaSet.status?.replicas ?? 0) },
});

function defaults(replicaSet: ReplicaSetObject): void {
  const spec = replicaSet.spec;
  if (!spec) return;
  omitZero(spec, ["minReadySeconds"]);
  spec.replicas ??= 1;
  const labels = spec.template?.metadata?.labels;
  if (labels && Object.keys(replicaSet.metadata.labels ?? {}).length === 0) replicaSet.metadata.labels = { ...labels };
  defaultPodTemplate(spec.template);
}

function validate(replicaSet: ReplicaSetObject): FieldError[] {
  const errors: Errors = [];
  const spec = replicaSet.spec ?? ({} as NonNullable<ReplicaSetObject["spec"]>);
  ruleNonNegative(errors, "spec.replicas", spec.replicas);
  ruleNonNegative(errors, "spec.minReadySeconds", spec.minReadySeconds);
  ruleControlledTemplate(errors, spec, { selectorOf: "deployment", templateOf: "ReplicaSet" });
  return errors;
}
