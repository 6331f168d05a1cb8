/** Which Pods a drain moves, which it leaves, and what stands in its way. Pure but for the look at DaemonSets. */
import type { Pod } from "../../api/types.ts";
import { parseTime } from "../../base/time.ts";
import type { LabelMatcher } from "../../machinery/selectors.ts";

export interface DrainRules {
  readonly force: boolean;
  readonly ignoresDaemonSets: boolean;
  readonly deletesEmptyDir: boolean;
  readonly selector: LabelMatcher | undefined;
  /** 0: all are waited for. */
  readonly skipsEndingSeconds: number;
}

export interface PodsToGo {
  readonly go: readonly Pod[];
  readonly warnings: readonly string[];
  readonly problems: readonly string[];
}

const mirrorAnnotation = "kubernetes.io/config.mirror";

const ways = {
  daemonSet: {
    problem: "cannot delete DaemonSet-managed Pods (use --ignore-daemonsets to ignore)",
    warning: "ignoring DaemonSet-managed Pods",
  },
  unmanaged: {
    problem: "cannot delete cannot delete Pods that declare no controller (use --force to override)",
    warning: "deleting Pods that declare no controller",
  },
  emptyDir: {
    problem: "cannot delete Pods with local storage (use --delete-emptydir-data to override)",
    warning: "deleting Pods with local storage",
  },
} as const;

/** `hasDaemonSet` tells whether the DaemonSet that controls a Pod is still there. `nowMs` is the time now. */
export async function podsToGo(
  pods: readonly Pod[],
  rules: DrainRules,
  nowMs: number,
  hasDaemonSet: (pod: Pod) => Promise<boolean>,
): Promise<PodsToGo> {
  const go: Pod[] = [];
  const problems = new Map<string, string[]>();
  const warnings = new Map<string, string[]>();
  const note = (into: Map<string, string[]>, text: string, pod: Pod): void => {
    into.set(text, [...(into.get(text) ?? []), `${pod.metadata.namespace}/${pod.metadata.name}`]);
  };
  for (const pod of pods) {
    const { metadata, status, spec } = pod;
    if (rules.selector && !rules.selector.matches(metadata.labels)) continue;
    if (metadata.annotations?.[mirrorAnnotation] !== undefined) continue;
    const endingSince = parseTime(metadata.deletionTimestamp);
    if (rules.skipsEndingSeconds > 0 && endingSince !== undefined && nowMs - endingSince > rules.skipsEndingSeconds * 1000) continue;
    const hasEnded = status?.phase === "Succeeded" || status?.phase === "Failed";
    const owner = metadata.ownerReferences?.find(({ controller }) => controller);
    if (owner?.kind === "DaemonSet" && !hasEnded) {
      if (await hasDaemonSet(pod)) {
        note(rules.ignoresDaemonSets ? warnings : problems, ways.daemonSet[rules.ignoresDaemonSets ? "warning" : "problem"], pod);
        continue;
      }
      if (!rules.force) {
        note(problems, "cannot delete DaemonSet-managed Pods (use --force to override)", pod);
        continue;
      }
    }
    const hasStorage = !hasEnded && (spec?.volumes ?? []).some(({ emptyDir }) => emptyDir !== undefined);
    const isUnmanaged = !hasEnded && !owner;
    if (hasStorage) note(rules.deletesEmptyDir ? warnings : problems, ways.emptyDir[rules.deletesEmptyDir ? "warning" : "problem"], pod);
    if (isUnmanaged) note(rules.force ? warnings : problems, ways.unmanaged[rules.force ? "warning" : "problem"], pod);
    go.push(pod);
  }
  const texts = (from: ReadonlyMap<string, readonly string[]>): string[] =>
    [...from].map(([text, names]) => `${text}: ${names.join(", ")}`);
  return { go, warnings: texts(warnings), problems: texts(problems) };
}
