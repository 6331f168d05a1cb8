/** The kind StatefulSet: Pods with names, order and storage of their own. */
import { labelSelectorText } from "../../../machinery/selectors.ts";
import { defineKind } from "../../kind.ts";
import type { StatefulSet as StatefulSetObject } from "../../types.ts";
import { ageColumn, nameColumn, templateColumns, textColumn } from "../columns.ts";
import type { Errors } from "../field-rules.ts";
import { podSpecWarnings } from "../pod/warnings.ts";
import { ruleReplicaCounts } from "../replica-counts.ts";
import { keepSpec } from "../status-writes.ts";
import { defaultStatefulSet } from "./defaults.ts";
import { validateStatefulSet, validateStatefulSetUpdate } from "./validation.ts";

/** StatefulSet (apps/v1). */
export const StatefulSet = defineKind<StatefulSetObject>({
  group: "apps",
  version: "v1",
  kind: "StatefulSet",
  plural: "statefulsets",
  scope: "Namespaced",
  schema: "apps.v1.StatefulSet",
  shortNames: ["sts"],
  categories: ["all"],
  defaults: defaultStatefulSet,
  validate: validateStatefulSet,
  validateUpdate: validateStatefulSetUpdate,
  prepareForCreate(statefulSet) {
    statefulSet.status = { availableReplicas: 0, replicas: 0 };
  },
  warnings: (statefulSet) => podSpecWarnings("spec.template.spec", statefulSet.spec?.template?.spec),
  status: {
    prepareForUpdate: keepSpec,
    validateUpdate(statefulSet, old) {
      const errors: Errors = [];
      ruleReplicaCounts(errors, statefulSet.status, old.status);
      return errors;
    },
  },
  scale: {
    getReplicas: (statefulSet) => statefulSet.spec?.replicas ?? 0,
    setReplicas(statefulSet, replicas) {
      if (statefulSet.spec) statefulSet.spec.replicas = replicas;
    },
    statusReplicas: (statefulSet) => statefulSet.status?.replicas ?? 0,
    selector: (statefulSet) => labelSelectorText(statefulSet.spec?.selector),
  },
  columns: [
    nameColumn,
    textColumn("Ready", (statefulSet) => `${statefulSet.status?.readyReplicas ?? 0}/${statefulSet.spec?.replicas ?? 0}`),
    ageColumn,
    ...templateColumns<StatefulSetObject>((statefulSet) => statefulSet.spec?.template),
  ],
});
