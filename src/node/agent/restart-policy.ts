/** Whether a container that has ended is to run again (KUB-8, KUB-9, KUB-45). */
import type { Container, Pod } from "../../api/types.ts";
import type { ContainerRole } from "./container-record.ts";

/** The container's own rules go first, then its own policy, then the Pod's. Ephemeral containers never run again. */
export function restartsAfter(pod: Pod, container: Container, role: ContainerRole, exitCode: number): boolean {
  if (role === "ephemeral") return false;
  for (const rule of container.restartPolicyRules ?? []) {
    const codes = rule.exitCodes;
    if (!codes || rule.action !== "Restart") continue;
    const listed = (codes.values ?? []).includes(exitCode);
    if (codes.operator === "In" ? listed : !listed) return true;
  }
  const policy = container.restartPolicy ?? pod.spec?.restartPolicy ?? "Always";
  // An init container's success is final: "Always" on the Pod means no more than that it is tried until it succeeds.
  if (role === "init") return exitCode !== 0 && policy !== "Never";
  if (policy === "Always") return true;
  return policy === "OnFailure" && exitCode !== 0;
}
