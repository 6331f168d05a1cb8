/** The kind DaemonSet: one Pod on every node that fits. */
import { deepEqual } from "../../../machinery/equality.ts";
import { type FieldError, field } from "../../errors.ts";
import { defineKind } from "../../kind.ts";
import type { DaemonSet as DaemonSetObject, DaemonSetSpec, DaemonSetUpdateStrategy } from "../../types.ts";
import { ageColumn, labelsCell, nameColumn, numberColumn, selectorCell, templateColumns, textColumn, wide } from "../columns.ts";
import { type Errors, isZeroIntOrPercent, ruleAtMostAll, ruleImmutable, ruleIntOrPercent, ruleNonNegative } from "../field-rules.ts";
import { omitZero } from "../omit-zero.ts";
import { defaultPodTemplate } from "../pod/defaults.ts";
import { ruleControlledTemplate } from "../pod/validate-controlled-template.ts";
import { podSpecWarnings } from "../pod/warnings.ts";
import { ruleCollisions } from "../replica-counts.ts";
import { keepSpec } from "../status-writes.ts";

/** DaemonSet (apps/v1). */
export const DaemonSet = defineKind<DaemonSetObject>({
  group: "apps",
  version: "v1",
  kind: "DaemonSet",
  plural: "daemonsets",
  scope: "Namespaced",
  schema: "apps.v1.DaemonSet",
  shortNames: ["ds"],
  categories: ["all"],
  defaults,
  validate,
  validateUpdate(daemonSet, old) {
    const errors: Errors = [];
    ruleImmutable(errors, "spec.selector", daemonSet.spec?.selector, old.spec?.selector);
    return errors;
  },
  prepareForCreate(daemonSet) {
    daemonSet.status = { currentNumberScheduled: 0, numberMisscheduled: 0, desiredNumberScheduled: 0, numberReady: 0 };
    setTemplateGeneration(daemonSet, Math.max(1, templateGeneration(daemonSet)));
  },
  prepareForUpdate(daemonSet, old) {
    const before = Math.max(1, templateGeneration(old));
    setTemplateGeneration(daemonSet, deepEqual(daemonSet.spec?.template, old.spec?.template) ? before : before + 1);
  },
  warnings: (daemonSet) => podSpecWarnings("spec.template.spec", daemonSet.spec?.template?.spec),
  status: { prepareForUpdate: keepSpec, validateUpdate: validateStatusUpdate },
  columns: [
    nameColumn,
    numberColumn("Desired", (daemonSet) => daemonSet.status?.desiredNumberScheduled),
    numberColumn("Current", (daemonSet) => daemonSet.status?.currentNumberScheduled),
    numberColumn("Ready", (daemonSet) => daemonSet.status?.numberReady),
    numberColumn("Up-to-date", (daemonSet) => daemonSet.status?.updatedNumberScheduled),
    numberColumn("Available", (daemonSet) => daemonSet.status?.numberAvailable),
    textColumn("Node Selector", (daemonSet) => labelsCell(daemonSet.spec?.template?.spec?.nodeSelector)),
    ageColumn,
    ...templateColumns<DaemonSetObject>((daemonSet) => daemonSet.spec?.template),
    wide(textColumn("Selector", (daemonSet) => selectorCell(daemonSet.spec?.selector))),
  ],
});

/** How often the template has changed, in the form that apps/v1 has for it (DS-13). Only the server counts. */
const templateGenerationKey = "deprecated.daemonset.template.generation";

function templateGeneration({ metadata }: DaemonSetObject): number {
  const text = metadata.annotations?.[templateGenerationKey] ?? "";
  return /^\d{1,15}$/.test(text) ? Number(text) : 0;
}

function setTemplateGeneration({ metadata }: DaemonSetObject, generation: number): void {
  metadata.annotations = { ...metadata.annotations, [templateGenerationKey]: String(generation) };
}

function defaults(daemonSet: DaemonSetObject): void {
  const spec = daemonSet.spec;
  if (!spec) return;
  omitZero(spec, ["minReadySeconds"]);
  const strategy = (spec.updateStrategy ??= {});
  strategy.type ||= "RollingUpdate";
  if (strategy.type === "RollingUpdate") {
    const rollingUpdate = (strategy.rollingUpdate ??= {});
    rollingUpdate.maxUnavailable ??= 1;
    rollingUpdate.maxSurge ??= 0;
  }
  spec.revisionHistoryLimit ??= 10;
  defaultPodTemplate(spec.template);
}

function validate(daemonSet: DaemonSetObject): FieldError[] {
  const errors: Errors = [];
  const spec = daemonSet.spec ?? ({} as DaemonSetSpec);
  ruleControlledTemplate(errors, spec, { selectorOf: "daemonset", templateOf: "DaemonSet" });
  ruleNonNegative(errors, "spec.minReadySeconds", spec.minReadySeconds);
  ruleUpdateStrategy(errors, spec.updateStrategy ?? {});
  ruleNonNegative(errors, "spec.revisionHistoryLimit", spec.revisionHistoryLimit);
  return errors;
}

/** VAL-11: on one node either the old Pod goes first or the new one comes first. */
function ruleUpdateStrategy(errors: Errors, { type, rollingUpdate }: DaemonSetUpdateStrategy): void {
  const path = "spec.updateStrategy";
  if (type === "OnDelete") return;
  if (type !== "RollingUpdate") {
    errors.push(field.notSupported(path, type ?? "", ["OnDelete", "RollingUpdate"]));
    return;
  }
  const { maxUnavailable, maxSurge } = rollingUpdate ?? {};
  ruleIntOrPercent(errors, `${path}.rollingUpdate.maxUnavailable`, maxUnavailable);
  ruleIntOrPercent(errors, `${path}.rollingUpdate.maxSurge`, maxSurge);
  if (isZeroIntOrPercent(maxUnavailable)) {
    if (isZeroIntOrPercent(maxSurge)) {
      errors.push(field.required(`${path}.rollingUpdate.maxUnavailable`, "cannot be 0 when maxSurge is 0"));
    }
  } else if (!isZeroIntOrPercent(maxSurge)) {
    errors.push(field.invalid(`${path}.rollingUpdate.maxSurge`, maxSurge, "may not be set when maxUnavailable is non-zero"));
  }
  ruleAtMostAll(errors, `${path}.rollingUpdate.maxUnavailable`, maxUnavailable);
  ruleAtMostAll(errors, `${path}.rollingUpdate.maxSurge`, maxSurge);
}

const counters = [
  "currentNumberScheduled",
  "numberMisscheduled",
  "desiredNumberScheduled",
  "numberReady",
  "observedGeneration",
  "updatedNumberScheduled",
  "numberAvailable",
  "numberUnavailable",
] as const;

function validateStatusUpdate(daemonSet: DaemonSetObject, old: DaemonSetObject): FieldError[] {
  const errors: Errors = [];
  for (const name of counters) ruleNonNegative(errors, `status.${name}`, daemonSet.status?.[name]);
  ruleCollisions(errors, daemonSet.status?.collisionCount, old.status?.collisionCount);
  return errors;
}
