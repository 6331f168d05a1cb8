/** Everything wrong with a StatefulSet, and with a change of one (VAL-1 … VAL-4, VAL-9, VAL-10). */
import { deepEqual } from "../../../machinery/equality.ts";
import { type FieldError, field } from "../../errors.ts";
import type { StatefulSet, StatefulSetSpec } from "../../types.ts";
import {
  type Errors,
  isZeroIntOrPercent,
  ruleAtMostAll,
  ruleIntOrPercent,
  ruleNonNegative,
  ruleOneOf,
  ruleRequired,
} from "../field-rules.ts";
import { ruleControlledTemplate } from "../pod/validate-controlled-template.ts";

/** Validates a StatefulSet after defaults. */
export function validateStatefulSet(statefulSet: StatefulSet): FieldError[] {
  const errors: Errors = [];
  const spec = statefulSet.spec ?? ({} as StatefulSetSpec);
  const policy = spec.podManagementPolicy;
  if (ruleRequired(errors, "spec.podManagementPolicy", policy) && policy !== "OrderedReady" && policy !== "Parallel") {
    errors.push(field.invalid("spec.podManagementPolicy", policy, "must be 'OrderedReady' or 'Parallel'"));
  }
  ruleUpdateStrategy(errors, spec);
  const retention = spec.persistentVolumeClaimRetentionPolicy;
  ruleOneOf(errors, "spec.persistentVolumeClaimRetentionPolicy.whenDeleted", retention?.whenDeleted, ["Delete", "Retain"]);
  ruleOneOf(errors, "spec.persistentVolumeClaimRetentionPolicy.whenScaled", retention?.whenScaled, ["Delete", "Retain"]);
  ruleNonNegative(errors, "spec.replicas", spec.replicas);
  ruleNonNegative(errors, "spec.minReadySeconds", spec.minReadySeconds);
  ruleNonNegative(errors, "spec.ordinals.start", spec.ordinals?.start);
  ruleNonNegative(errors, "spec.revisionHistoryLimit", spec.revisionHistoryLimit);
  ruleControlledTemplate(errors, withClaimVolumes(spec), { selectorOf: "statefulset", templateOf: "StatefulSet" });
  return errors;
}

/** The template may mount the claims by name; the controller adds them as volumes. */
function withClaimVolumes(spec: StatefulSetSpec): Pick<StatefulSetSpec, "selector" | "template"> {
  const claims = spec.volumeClaimTemplates ?? [];
  if (claims.length === 0 || !spec.template?.spec) return spec;
  const claimed = new Set(claims.map((claim) => claim.metadata?.name));
  const volumes = [
    ...(spec.template.spec.volumes ?? []).filter((volume) => !claimed.has(volume.name)),
    ...claims.map((claim) => ({ name: claim.metadata?.name ?? "", persistentVolumeClaim: { claimName: claim.metadata?.name ?? "" } })),
  ];
  return { selector: spec.selector, template: { ...spec.template, spec: { ...spec.template.spec, volumes } } };
}

function ruleUpdateStrategy(errors: Errors, spec: StatefulSetSpec): void {
  const { type, rollingUpdate } = spec.updateStrategy ?? {};
  const path = "spec.updateStrategy";
  if (type === "RollingUpdate") {
    if (!rollingUpdate) return;
    ruleNonNegative(errors, `${path}.rollingUpdate.partition`, rollingUpdate.partition);
    if (rollingUpdate.maxUnavailable === undefined) return;
    ruleIntOrPercent(errors, `${path}.rollingUpdate.maxUnavailable`, rollingUpdate.maxUnavailable);
    if (isZeroIntOrPercent(rollingUpdate.maxUnavailable)) {
      errors.push(field.invalid(`${path}.rollingUpdate.maxUnavailable`, rollingUpdate.maxUnavailable, "cannot be 0"));
    }
    ruleAtMostAll(errors, `${path}.rollingUpdate.maxUnavailable`, rollingUpdate.maxUnavailable);
  } else if (type === "OnDelete") {
    if (rollingUpdate) {
      errors.push(field.invalid(`${path}.rollingUpdate`, rollingUpdate, "only allowed for updateStrategy 'RollingUpdate'"));
    }
  } else if (ruleRequired(errors, path, type))
    errors.push(field.invalid(path, spec.updateStrategy, "must be 'RollingUpdate' or 'OnDelete'"));
}

const mutable = [
  "replicas",
  "ordinals",
  "template",
  "updateStrategy",
  "revisionHistoryLimit",
  "persistentVolumeClaimRetentionPolicy",
  "minReadySeconds",
] as const;
const immutableText =
  "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";

/** Validates what a change changes: the identity and storage of Pods that exist must not. */
export function validateStatefulSetUpdate(statefulSet: StatefulSet, old: StatefulSet): FieldError[] {
  const now: Partial<StatefulSetSpec> = { ...statefulSet.spec };
  const before: Partial<StatefulSetSpec> = { ...old.spec };
  for (const name of mutable) {
    delete now[name];
    delete before[name];
  }
  return deepEqual(now, before) ? [] : [field.forbidden("spec", immutableText)];
}
