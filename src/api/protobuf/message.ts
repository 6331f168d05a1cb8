/** The protobuf numbers of a type as a tree: where each field stands, messages that JSON does not have included. */
import type { FieldSchema, StructSchema } from "../schema/notation.ts";

/** What stands under one number of a message. */
export type Slot =
  /** A field of the object. */
  | { readonly kind: "field"; readonly field: FieldSchema; readonly keepsZero: boolean }
  /** A message whose fields stand directly in the object. */
  | { readonly kind: "inline"; readonly slots: Slots };

export type Slots = ReadonlyMap<number, Slot>;

/**
 * Optional fields in which a zero says something: absent they would mean something else. The wire always carries the zeros of the
 * others, where JSON leaves them out.
 */
const meaningfulZeros: ReadonlySet<string> = new Set(
  [
    "replicas partition revisionHistoryLimit progressDeadlineSeconds terminationGracePeriodSeconds activeDeadlineSeconds",
    "runAsUser runAsGroup fsGroup defaultMode mode tolerationSeconds gracePeriodSeconds deletionGracePeriodSeconds",
    "backoffLimit backoffLimitPerIndex completions parallelism ttlSecondsAfterFinished minReplicas priority maxFailedIndexes",
    "successfulJobsHistoryLimit failedJobsHistoryLimit startingDeadlineSeconds stabilizationWindowSeconds leaseTransitions",
    "maxSurge maxUnavailable minAvailable automountServiceAccountToken shareProcessNamespace enableServiceLinks hostUsers",
    "collisionCount started attachRequired podInfoOnMount storageCapacity requiresRepublish seLinuxMount allowVolumeExpansion",
    "endPort averageUtilization manualSelector nominalConcurrencyShares lendablePercent borrowingLimitPercent hostProcess minDomains",
    "setHostnameAsFQDN privileged readOnlyRootFilesystem allowPrivilegeEscalation runAsNonRoot optional immutable controller",
    "blockOwnerDeletion allocateLoadBalancerNodePorts suspend orphanDependents storageClassName ready serving terminating",
  ]
    .join(" ")
    .split(" "),
);

const known = new WeakMap<StructSchema, Slots>();

/** The slots of a type. Fields without a number are not there. */
export function slotsOf(struct: StructSchema): Slots {
  const found = known.get(struct);
  if (found) return found;
  const slots = new Map<number, Slot>();
  for (const field of struct.fields.values()) if (field.protoPath) place(slots, field, field.protoPath);
  const sorted = sortSlots(slots);
  known.set(struct, sorted);
  return sorted;
}

function place(slots: Map<number, Slot>, field: FieldSchema, [number, ...rest]: readonly number[]): void {
  if (number === undefined) return;
  if (rest.length === 0) {
    slots.set(number, { kind: "field", field, keepsZero: field.required || meaningfulZeros.has(field.name) });
    return;
  }
  const there = slots.get(number);
  const inner = there?.kind === "inline" ? (there.slots as Map<number, Slot>) : new Map<number, Slot>();
  if (!there) slots.set(number, { kind: "inline", slots: inner });
  place(inner, field, rest);
}

function sortSlots(slots: ReadonlyMap<number, Slot>): Slots {
  return new Map(
    [...slots]
      .sort(([a], [b]) => a - b)
      .map(([number, slot]) => [number, slot.kind === "inline" ? { ...slot, slots: sortSlots(slot.slots) } : slot]),
  );
}
