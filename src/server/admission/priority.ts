/** Resolves the priority class of a Pod to its number, and keeps the default class the only one. */
import { forbidden } from "../../api/errors.ts";
import type { KindDefinition } from "../../api/kind.ts";
import type { Pod, PriorityClass } from "../../api/types.ts";
import type { Core } from "../core/core.ts";
import { subjectOf } from "../core/subject.ts";
import { type Admission, type AdmissionRule, isResource } from "./admission.ts";

/** Classes that are there even when nobody has created them. */
const builtIn: ReadonlyMap<string, number> = new Map([
  ["system-node-critical", 2_000_001_000],
  ["system-cluster-critical", 2_000_000_000],
]);
const defaultPolicy = "PreemptLowerPriority";

interface Resolved {
  readonly name: string | undefined;
  readonly value: number;
  readonly policy: string;
}

export const priorityRule = (core: Core): AdmissionRule => ({
  name: "Priority",
  concerns: (kind, operation, subresource) =>
    subresource === "" &&
    (isResource(kind, "", "pods")
      ? operation === "CREATE"
      : operation !== "DELETE" && isResource(kind, "scheduling.k8s.io", "priorityclasses")),
  mutate(admission) {
    const spec = (admission.object as unknown as Pod).spec;
    if (isResource(admission.kind, "", "pods") && spec) setPriority(core, admission, spec);
  },
  validate(admission) {
    if (!isResource(admission.kind, "", "pods")) refuseSecondDefault(core, admission);
  },
});

function setPriority(core: Core, admission: Admission, spec: NonNullable<Pod["spec"]>): void {
  const refuse = (why: string) => forbidden(subjectOf(admission.kind, admission.name), why);
  const resolved = spec.priorityClassName ? named(core, spec.priorityClassName) : byDefault(core);
  if (!resolved) throw refuse(`no PriorityClass with name ${spec.priorityClassName} was found`);
  if (spec.priority !== undefined && spec.priority !== resolved.value) {
    throw refuse(
      `the integer value of priority (${spec.priority}) must not be provided in pod spec; priority admission controller computed ${resolved.value} from the given PriorityClass name`,
    );
  }
  if (spec.preemptionPolicy !== undefined && spec.preemptionPolicy !== resolved.policy) {
    throw refuse(
      `the string value of PreemptionPolicy (${spec.preemptionPolicy}) must not be provided in pod spec; priority admission controller computed ${resolved.policy} from the given PriorityClass name`,
    );
  }
  if (resolved.name !== undefined) spec.priorityClassName = resolved.name;
  spec.priority = resolved.value;
  spec.preemptionPolicy = resolved.policy;
}

function named(core: Core, name: string): Resolved | undefined {
  const kind = classes(core);
  const stored = kind && core.storage.read(kind, { name });
  if (stored) return resolvedOf(stored.object as unknown as PriorityClass);
  const value = builtIn.get(name);
  return value === undefined ? undefined : { name, value, policy: defaultPolicy };
}

/** Of several default classes the one of the lowest value counts. */
function byDefault(core: Core): Resolved {
  const defaults = allClasses(core).filter((candidate) => candidate.globalDefault === true);
  const lowest = defaults.reduce<PriorityClass | undefined>((a, b) => (a && (a.value ?? 0) <= (b.value ?? 0) ? a : b), undefined);
  return lowest ? resolvedOf(lowest) : { name: undefined, value: 0, policy: defaultPolicy };
}

const resolvedOf = (found: PriorityClass): Resolved => ({
  name: found.metadata.name,
  value: found.value ?? 0,
  policy: found.preemptionPolicy ?? defaultPolicy,
});

const classes = (core: Core): KindDefinition | undefined => core.kindOf("scheduling.k8s.io", "priorityclasses");

function allClasses(core: Core): PriorityClass[] {
  const kind = classes(core);
  if (!kind) return [];
  return core.store
    .range(core.storage.prefix(kind))
    .entries.map((entry) => core.storage.ofEntry(kind, entry).object as unknown as PriorityClass);
}

function refuseSecondDefault(core: Core, admission: Admission): void {
  if ((admission.object as unknown as PriorityClass).globalDefault !== true) return;
  const other = allClasses(core).find((candidate) => candidate.globalDefault === true && candidate.metadata.name !== admission.name);
  if (!other) return;
  const why = `PriorityClass ${other.metadata.name} is already marked as default. Only one default can exist`;
  throw forbidden(subjectOf(admission.kind, admission.name), why);
}
