/**
 * Limit ranges: containers that do not say what they need get what their namespace gives by default, and Pods and claims outside
 * of its bounds are refused.
 */
import { forbidden } from "../../api/errors.ts";
import type { Container, LimitRange, LimitRangeItem, PersistentVolumeClaim, Pod, PodSpec } from "../../api/types.ts";
import { addQuantities, compareQuantities, quantityMilliValue } from "../../machinery/quantity.ts";
import type { Core } from "../core/core.ts";
import { subjectOf } from "../core/subject.ts";
import { type Admission, type AdmissionRule, isResource } from "./admission.ts";

type Amounts = Record<string, string | number>;
interface Resources {
  readonly requests: Amounts;
  readonly limits: Amounts;
}

const annotation = "kubernetes.io/limit-ranger";

export const limitRangeRule = (core: Core): AdmissionRule => ({
  name: "LimitRanger",
  concerns: (kind, operation, subresource) =>
    (isResource(kind, "", "pods") &&
      ((operation === "CREATE" && subresource === "") || (operation === "UPDATE" && subresource === "resize"))) ||
    (isResource(kind, "", "persistentvolumeclaims") && operation !== "DELETE" && subresource === ""),
  mutate(admission) {
    if (admission.operation !== "CREATE" || !isResource(admission.kind, "", "pods")) return;
    for (const range of rangesIn(core, admission.namespace)) giveDefaults(admission.object as unknown as Pod, range);
  },
  validate(admission) {
    const items = rangesIn(core, admission.namespace).flatMap((range) => range.spec?.limits ?? []);
    const problems = items.flatMap((item) => problemsOf(admission, item));
    if (problems.length === 0) return;
    const why = problems.length === 1 ? problems[0]! : `[${problems.join(", ")}]`;
    throw forbidden(subjectOf(admission.kind, admission.name), why);
  },
});

function rangesIn(core: Core, namespace: string | undefined): LimitRange[] {
  const kind = core.kindOf("", "limitranges");
  if (!kind || namespace === undefined) return [];
  return core.store
    .range(core.storage.prefix(kind, namespace))
    .entries.map((entry) => core.storage.ofEntry(kind, entry).object as unknown as LimitRange);
}

/** Fills in what containers leave open, and notes on the Pod what was filled in. */
function giveDefaults(pod: Pod, range: LimitRange): void {
  const limits: Amounts = {};
  const requests: Amounts = {};
  for (const item of range.spec?.limits ?? []) {
    if (item.type !== "Container") continue;
    Object.assign(limits, item.default);
    Object.assign(requests, item.defaultRequest);
  }
  const notes: string[] = [];
  for (const container of pod.spec?.containers ?? []) fill(container, "container", requests, limits, notes);
  for (const container of pod.spec?.initContainers ?? []) fill(container, "init container", requests, limits, notes);
  if (notes.length > 0) {
    pod.metadata.annotations = { ...pod.metadata.annotations, [annotation]: `LimitRanger plugin set: ${notes.join("; ")}` };
  }
}

function fill(container: Container, word: string, requests: Amounts, limits: Amounts, notes: string[]): void {
  const missing = (defaults: Amounts, own: Amounts | undefined): string[] =>
    Object.keys(defaults)
      .filter((name) => own?.[name] === undefined)
      .sort();
  for (const [field, singular, defaults] of [
    ["requests", "request", requests],
    ["limits", "limit", limits],
  ] as const) {
    const names = missing(defaults, container.resources?.[field]);
    if (names.length === 0) continue;
    const resources = (container.resources ??= {});
    const amounts = (resources[field] ??= {});
    for (const name of names) amounts[name] = defaults[name]!;
    notes.push(`${names.join(", ")} ${singular} for ${word} ${container.name}`);
  }
}

function problemsOf({ kind, object }: Admission, item: LimitRangeItem): string[] {
  if (!isResource(kind, "", "pods")) {
    if (item.type !== "PersistentVolumeClaim") return [];
    const requests = (object as unknown as PersistentVolumeClaim).spec?.resources?.requests ?? {};
    return claimProblems(item, requests);
  }
  const spec = (object as unknown as Pod).spec;
  if (!spec) return [];
  if (item.type === "Pod") return boundProblems(item, podResources(spec));
  if (item.type !== "Container") return [];
  return [...(spec.containers ?? []), ...(spec.initContainers ?? [])].flatMap((container) => boundProblems(item, resourcesOf(container)));
}

const resourcesOf = ({ resources }: Container): Resources => ({ requests: resources?.requests ?? {}, limits: resources?.limits ?? {} });

/** Containers and sidecars run at once and add up; an ordinary init container counts where it alone needs more than all of them. */
function podResources(spec: PodSpec): Resources {
  const total = { requests: {} as Amounts, limits: {} as Amounts };
  const together = [...(spec.containers ?? []), ...(spec.initContainers ?? []).filter((each) => each.restartPolicy === "Always")];
  const before = (spec.initContainers ?? []).filter((each) => each.restartPolicy !== "Always");
  for (const field of ["requests", "limits"] as const) {
    const sum = total[field];
    for (const container of together) {
      for (const [name, amount] of Object.entries(resourcesOf(container)[field])) sum[name] = addQuantities(sum[name] ?? "0", amount);
    }
    for (const container of before) {
      for (const [name, amount] of Object.entries(resourcesOf(container)[field])) {
        if (sum[name] === undefined || compareQuantities(amount, sum[name]) > 0) sum[name] = amount;
      }
    }
  }
  return total;
}

function boundProblems({ type, min, max, maxLimitRequestRatio }: LimitRangeItem, { requests, limits }: Resources): string[] {
  const problems: string[] = [];
  for (const [name, bound] of sorted(min)) {
    const start = `minimum ${name} usage per ${type} is ${bound}, but`;
    const request = requests[name];
    const limit = limits[name];
    if (request === undefined) problems.push(`${start} no request is specified`);
    else if (compareQuantities(request, bound) < 0) problems.push(`${start} request is ${request}`);
    else if (limit !== undefined && compareQuantities(limit, bound) < 0) problems.push(`${start} limit is ${limit}`);
  }
  for (const [name, bound] of sorted(max)) {
    const start = `maximum ${name} usage per ${type} is ${bound}, but`;
    const request = requests[name];
    const limit = limits[name];
    if (limit === undefined) problems.push(`${start} no limit is specified`);
    else if (compareQuantities(limit, bound) > 0) problems.push(`${start} limit is ${limit}`);
    else if (request !== undefined && compareQuantities(request, bound) > 0) problems.push(`${start} request is ${request}`);
  }
  for (const [name, bound] of sorted(maxLimitRequestRatio)) {
    const start = `${name} max limit to request ratio per ${type} is ${bound}, but`;
    const request = quantityMilliValue(requests[name]);
    const limit = quantityMilliValue(limits[name]);
    if (request === 0) problems.push(`${start} no request is specified or request is 0`);
    else if (limit === 0) problems.push(`${start} no limit is specified or limit is 0`);
    else if ((limit / request) * 1000 > quantityMilliValue(bound))
      problems.push(`${start} provided ratio is ${(limit / request).toFixed(6)}`);
  }
  return problems;
}

function claimProblems({ min, max }: LimitRangeItem, requests: Amounts): string[] {
  const problems: string[] = [];
  for (const [word, bounds, sign] of [
    ["minimum", min, -1],
    ["maximum", max, 1],
  ] as const) {
    for (const [name, bound] of sorted(bounds)) {
      const start = `${word} ${name} usage per PersistentVolumeClaim is ${bound}, but`;
      const request = requests[name];
      if (request === undefined) problems.push(`${start} no request is specified`);
      else if (compareQuantities(request, bound) * sign > 0) problems.push(`${start} request is ${request}`);
    }
  }
  return problems;
}

const sorted = (amounts: Amounts | undefined): [string, string | number][] =>
  Object.entries(amounts ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
