/** Resources and security of a container as the runtime takes them. Pure. */
import type { Container, Pod } from "../../api/types.ts";
import { quantityMilliValue, quantityValue } from "../../machinery/quantity.ts";
import type { ContainerSpec, ImageStatus } from "../runtime.ts";
import { qosClass } from "./qos.ts";

const cpuPeriodMicros = 100_000;
const cpuQuotaMinMicros = 1000;
const sharesPerCpu = 1024;
const sharesMin = 2;
const sharesMax = 262_144;

/** cgroup weights and limits: 1 CPU is 1024 shares and a quota of the whole period. */
export function containerResources(pod: Pod, container: Container): ContainerSpec["resources"] {
  const { limits, requests } = container.resources ?? {};
  const cpuRequestMilli = requests?.["cpu"] !== undefined ? quantityMilliValue(requests["cpu"]) : quantityMilliValue(limits?.["cpu"]);
  const cpuLimitMilli = quantityMilliValue(limits?.["cpu"]);
  const memoryLimit = quantityValue(limits?.["memory"]);
  return {
    cpuShares: Math.min(sharesMax, Math.max(sharesMin, Math.floor((cpuRequestMilli * sharesPerCpu) / 1000))),
    ...(cpuLimitMilli > 0 && {
      cpuQuotaMicros: Math.max(cpuQuotaMinMicros, Math.floor((cpuLimitMilli * cpuPeriodMicros) / 1000)),
      cpuPeriodMicros,
    }),
    ...(memoryLimit > 0 && { memoryLimitBytes: memoryLimit }),
    oomScoreAdj: oomScore(pod, container),
  };
}

/** Who goes first when the machine runs out of memory: best effort first, guaranteed last. */
function oomScore(pod: Pod, container: Container): number {
  const quality = qosClass(pod);
  if (quality === "Guaranteed") return -997;
  if (quality === "BestEffort") return 1000;
  const requested = quantityValue(container.resources?.requests?.["memory"]);
  // Larger requests lower the score; the bounds keep it between the two other classes. 16 GiB stands for the machine.
  return Math.min(999, Math.max(3, 1000 - Math.floor((1000 * requested) / 2 ** 34)));
}

/** The container's security settings over the Pod's. `runAsNonRoot` is checked by `nonRootProblem`. */
export function containerSecurity(pod: Pod, container: Container): ContainerSpec["security"] {
  const own = container.securityContext ?? {};
  const shared = pod.spec?.securityContext ?? {};
  const privileged = own.privileged === true;
  const profile = own.seccompProfile ?? shared.seccompProfile;
  const groups = [...(shared.supplementalGroups ?? [])];
  if (shared.fsGroup !== undefined && !groups.includes(shared.fsGroup)) groups.push(shared.fsGroup);
  return {
    privileged,
    runAsUser: own.runAsUser ?? shared.runAsUser,
    runAsGroup: own.runAsGroup ?? shared.runAsGroup,
    supplementalGroups: groups,
    addCapabilities: own.capabilities?.add ?? [],
    dropCapabilities: own.capabilities?.drop ?? [],
    readOnlyRoot: own.readOnlyRootFilesystem === true,
    noNewPrivileges: own.allowPrivilegeEscalation === false,
    seccomp: privileged ? "unconfined" : seccompName(profile),
    maskProc: !privileged && own.procMount !== "Unmasked",
  };
}

function seccompName(profile: { readonly type: string; readonly localhostProfile?: string } | undefined): string {
  if (profile?.type === "Unconfined") return "unconfined";
  if (profile?.type === "Localhost") return `localhost/${profile.localhostProfile ?? ""}`;
  return "runtime/default";
}

/** Why a container that must not run as root may not start; undefined: it may. */
export function nonRootProblem(pod: Pod, container: Container, image: Pick<ImageStatus, "user">): string | undefined {
  const own = container.securityContext ?? {};
  const shared = pod.spec?.securityContext ?? {};
  if (!(own.runAsNonRoot ?? shared.runAsNonRoot)) return undefined;
  const where = `(pod: "${pod.metadata.name}_${pod.metadata.namespace}(${pod.metadata.uid})", container: ${container.name})`;
  const user = own.runAsUser ?? shared.runAsUser;
  if (user !== undefined) return user === 0 ? `container's runAsUser breaks non-root policy ${where}` : undefined;
  const name = image.user.split(":")[0] as string;
  if (name === "" || name === "0" || name === "root") return `container has runAsNonRoot and image will run as root ${where}`;
  if (/^\d+$/.test(name)) return undefined;
  return `container has runAsNonRoot and image has non-numeric user (${name}), cannot verify user is non-root ${where}`;
}
