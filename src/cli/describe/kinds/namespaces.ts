/** Namespaces and what bounds them. */
import type { KindRef } from "../../../api/kind.ts";
import type { LimitRange, Namespace, ResourceQuota } from "../../../api/types.ts";
import { canonicalQuantity } from "../../../machinery/quantity.ts";
import type { Describer } from "../describer.ts";
import { annotationLines, labelLines, longTime } from "../lines.ts";

const quotaRef: KindRef = { group: "", version: "v1", kind: "ResourceQuota", plural: "resourcequotas", scope: "Namespaced" };
const rangeRef: KindRef = { group: "", version: "v1", kind: "LimitRange", plural: "limitranges", scope: "Namespaced" };

export const namespace: Describer = {
  withoutEvents: true,
  async lines(object, { list }) {
    const { metadata, status } = object as unknown as Namespace;
    const within = { namespace: metadata.name ?? "" };
    const quotas: readonly ResourceQuota[] = await list(quotaRef, within);
    const ranges: readonly LimitRange[] = await list(rangeRef, within);
    const conditions = status?.conditions ?? [];
    return [
      `Name:\t${metadata.name}`,
      ...labelLines("Labels", metadata.labels),
      ...annotationLines(object),
      `Status:\t${status?.phase ?? ""}`,
      ...(conditions.length === 0
        ? []
        : [
            "Conditions:",
            "  Type\tStatus\tLastTransitionTime\tReason\tMessage",
            "  ----\t------\t------------------\t------\t-------",
            ...conditions.map(
              ({ type, status: is, lastTransitionTime, reason, message }) =>
                `  ${type} \t${is} \t${longTime(lastTransitionTime)} \t${reason ?? ""} \t${message ?? ""}`,
            ),
          ]),
      "",
      ...(quotas.length === 0 ? ["No resource quota."] : ["Resource Quotas", ...quotas.flatMap(quotaLines)]),
      "",
      ...(ranges.length === 0
        ? ["No LimitRange resource."]
        : ["Resource Limits", ...rangeTitles.map((line) => ` ${line}`), ...ranges.flatMap(rangeLines).map((line) => ` ${line}`)]),
    ];
  },
};

const quotaLines = (each: ResourceQuota): string[] => [
  `  Name:\t${each.metadata.name}`,
  ...scopeLines(each).map((line) => `  ${line}`),
  "  Resource\tUsed\tHard",
  "  --------\t---\t---",
  ...amountsOf(each).map((line) => `  ${line}`),
];

/** What a scope lets through, in kubectl's words. */
const scopeTexts: Readonly<Record<string, string>> = {
  Terminating:
    "Matches all pods that have an active deadline. These pods have a limited lifespan on a node before being actively terminated by the system.",
  NotTerminating:
    "Matches all pods that do not have an active deadline. These pods usually include long running pods whose container command is not expected to terminate.",
  BestEffort: "Matches all pods that do not have resource requirements set. These pods have a best effort quality of service.",
  NotBestEffort:
    "Matches all pods that have at least one resource requirement set. These pods have a burstable or guaranteed quality of service.",
};

function scopeLines({ spec }: ResourceQuota): string[] {
  const scopes = [...(spec?.scopes ?? [])].sort();
  if (scopes.length === 0) return [];
  return [`Scopes:\t${scopes.join(", ")}`, ...scopes.flatMap((scope) => (scopeTexts[scope] ? [`* ${scopeTexts[scope]}`] : []))];
}

const amountsOf = ({ status }: ResourceQuota): string[] =>
  Object.entries(status?.hard ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([resource, hard]) => `${resource}\t${text(status?.used?.[resource], "0")}\t${text(hard, "0")}`);

const text = (amount: string | number | undefined, without: string): string => (amount === undefined ? without : canonicalQuantity(amount));

export const quota: Describer = {
  withoutEvents: true,
  lines(object) {
    const each = object as unknown as ResourceQuota;
    return [
      `Name:\t${each.metadata.name}`,
      `Namespace:\t${each.metadata.namespace}`,
      ...scopeLines(each).map((line) => line.replace(/^\*/, " *")),
      "Resource\tUsed\tHard",
      "--------\t----\t----",
      ...amountsOf(each),
    ];
  },
};

const rangeTitles = [
  "Type\tResource\tMin\tMax\tDefault Request\tDefault Limit\tMax Limit/Request Ratio",
  "----\t--------\t---\t---\t---------------\t-------------\t-----------------------",
];

const rangeLines = ({ spec }: LimitRange): string[] =>
  (spec?.limits ?? []).flatMap(({ type, min = {}, max = {}, default: limit = {}, defaultRequest = {}, maxLimitRequestRatio = {} }) => {
    const all = [max, min, limit, defaultRequest, maxLimitRequestRatio] as readonly Readonly<Record<string, string>>[];
    const resources = [...new Set(all.flatMap((each) => Object.keys(each)))].sort();
    return resources.map((resource) =>
      [type, resource, ...[min, max, defaultRequest, limit, maxLimitRequestRatio].map((each: any) => text(each[resource], "-"))].join("\t"),
    );
  });

export const limitRange: Describer = {
  withoutEvents: true,
  lines(object) {
    const each = object as unknown as LimitRange;
    return [`Name:\t${each.metadata.name}`, `Namespace:\t${each.metadata.namespace}`, ...rangeTitles, ...rangeLines(each)];
  },
};
