/** What a Job's podFailurePolicy says of a Pod that failed. The first rule that matches decides. */
import type { ContainerStatus, Pod, PodFailurePolicyRule } from "../../api/types.ts";

export type Verdict = { readonly action: "Count" | "FailIndex" | "Ignore" } | { readonly action: "FailJob"; readonly message: string };

/** The verdict on one failed Pod; without a rule for it, it counts. */
export function verdictOn(pod: Pod, rules: readonly PodFailurePolicyRule[]): Verdict {
  for (const [index, rule] of rules.entries()) {
    const message = matches(pod, rule, index);
    if (message === undefined) continue;
    if (rule.action === "FailJob") return { action: "FailJob", message };
    return { action: rule.action === "Ignore" || rule.action === "FailIndex" ? rule.action : "Count" };
  }
  return { action: "Count" };
}

/** How a rule matches, in words; undefined where it does not. */
function matches(pod: Pod, rule: PodFailurePolicyRule, index: number): string | undefined {
  const where = `pod ${pod.metadata.namespace}/${pod.metadata.name}`;
  const { onExitCodes } = rule;
  if (onExitCodes) {
    const statuses = [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])];
    const found = statuses.find((status) => exitMatches(status, onExitCodes));
    const code = found?.state?.terminated?.exitCode;
    return found && `Container ${found.name} for ${where} failed with exit code ${code} matching ${rule.action} rule at index ${index}`;
  }
  for (const pattern of rule.onPodConditions ?? []) {
    const found = pod.status?.conditions?.find(({ type, status }) => type === pattern.type && status === (pattern.status ?? "True"));
    if (found)
      return `Pod ${pod.metadata.namespace}/${pod.metadata.name} has condition ${found.type} matching ${rule.action} rule at index ${index}`;
  }
  return undefined;
}

function exitMatches(status: ContainerStatus, rule: NonNullable<PodFailurePolicyRule["onExitCodes"]>): boolean {
  const code = status.state?.terminated?.exitCode;
  if (code === undefined || code === 0) return false;
  if (rule.containerName !== undefined && rule.containerName !== status.name) return false;
  return rule.values.includes(code) === (rule.operator === "In");
}
