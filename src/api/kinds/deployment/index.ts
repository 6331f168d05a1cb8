/** The kind Deployment: a declared number of Pods and the way from one version of them to the next. */
import { deepEqual } from "../../../machinery/equality.ts";
import { labelSelectorText } from "../../../machinery/selectors.ts";
import type { FieldError } from "../../errors.ts";
import { defineKind } from "../../kind.ts";
import type { Deployment as DeploymentObject } from "../../types.ts";
import { ageColumn, nameColumn, numberColumn, selectorCell, templateColumns, textColumn, wide } from "../columns.ts";
import { type Errors, ruleImmutable } from "../field-rules.ts";
import { podSpecWarnings } from "../pod/warnings.ts";
import { ruleReplicaCounts } from "../replica-counts.ts";
import { keepSpecAndLabels } from "../status-writes.ts";
import { defaultDeployment } from "./defaults.ts";
import { validateDeployment } from "./validation.ts";

/** Deployment (apps/v1). */
export const Deployment = defineKind<DeploymentObject>({
  group: "apps",
  version: "v1",
  kind: "Deployment",
  plural: "deployments",
  scope: "Namespaced",
  schema: "apps.v1.Deployment",
  shortNames: ["deploy"],
  categories: ["all"],
  defaults: defaultDeployment,
  validate: validateDeployment,
  validateUpdate,
  prepareForCreate(deployment) {
    deployment.status = {};
  },
  // Annotations count as a change of the Deployment, too: they are carried over to its ReplicaSets (DEP-119).
  bumpsGeneration: (deployment, old) =>
    !deepEqual(deployment.spec, old.spec) || !deepEqual(deployment.metadata.annotations, old.metadata.annotations),
  warnings: (deployment) => podSpecWarnings("spec.template.spec", deployment.spec?.template?.spec),
  status: { prepareForUpdate: keepSpecAndLabels, validateUpdate: validateStatusUpdate },
  scale: {
    getReplicas: (deployment) => deployment.spec?.replicas ?? 0,
    setReplicas(deployment, replicas) {
      if (deployment.spec) deployment.spec.replicas = replicas;
    },
    statusReplicas: (deployment) => deployment.status?.replicas ?? 0,
    selector: (deployment) => labelSelectorText(deployment.spec?.selector),
  },
  columns: [
    nameColumn,
    textColumn("Ready", (deployment) => `${deployment.status?.readyReplicas ?? 0}/${deployment.spec?.replicas ?? 0}`),
    numberColumn("Up-to-date", (deployment) => deployment.status?.updatedReplicas),
    numberColumn("Available", (deployment) => deployment.status?.availableReplicas),
    ageColumn,
    ...templateColumns<DeploymentObject>((deployment) => deployment.spec?.template),
    wide(textColumn("Selector", (deployment) => selectorCell(deployment.spec?.selector))),
  ],
});

function validateUpdate(deployment: DeploymentObject, old: DeploymentObject): FieldError[] {
  const errors: Errors = [];
  ruleImmutable(errors, "spec.selector", deployment.spec?.selector, old.spec?.selector);
  return errors;
}

function validateStatusUpdate(deployment: DeploymentObject, old: DeploymentObject): FieldError[] {
  const errors: Errors = [];
  ruleReplicaCounts(errors, deployment.status, old.status);
  return errors;
}
