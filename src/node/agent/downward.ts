/** What a Pod may learn of itself: fields and resources, for environment variables and downwardAPI files. */
import type { Container, ObjectFieldSelector, Pod, ResourceFieldSelector } from "../../api/types.ts";
import { quantityMilliValue, quantityValue } from "../../machinery/quantity.ts";

/** What the agent knows and the Pod's status may not say yet. */
export interface PodAddresses {
  readonly podIp: string;
  readonly hostIp: string;
  /** Limits that stand for those a container does not set. */
  readonly allocatable: Readonly<Record<string, string | number>>;
}

const escaped = (value: string): string => JSON.stringify(value);
const keyValues = (values: Readonly<Record<string, string>> | undefined): string =>
  Object.keys(values ?? {})
    .sort()
    .map((key) => `${key}=${escaped((values as Record<string, string>)[key] as string)}`)
    .join("\n");

/** The value of a field. Throws for a path that has none. */
export function fieldValue(pod: Pod, selector: ObjectFieldSelector, addresses: PodAddresses): string {
  const path = selector.fieldPath;
  const subscript = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(path);
  if (subscript) return pod.metadata[subscript[1] as "labels" | "annotations"]?.[subscript[2] as string] ?? "";
  switch (path) {
    case "metadata.name":
      return pod.metadata.name ?? "";
    case "metadata.namespace":
      return pod.metadata.namespace ?? "";
    case "metadata.uid":
      return pod.metadata.uid ?? "";
    case "metadata.labels":
      return keyValues(pod.metadata.labels);
    case "metadata.annotations":
      return keyValues(pod.metadata.annotations);
    case "spec.nodeName":
      return pod.spec?.nodeName ?? "";
    case "spec.serviceAccountName":
      return pod.spec?.serviceAccountName ?? "";
    case "status.hostIP":
    case "status.hostIPs":
      return addresses.hostIp;
    case "status.podIP":
    case "status.podIPs":
      return addresses.podIp;
    default:
      throw new Error(`unsupported fieldPath: ${path}`);
  }
}

/** The value of a resource, in units of the divisor, rounded up. `container` is the one that asks. Throws for a resource that can't be asked for. */
export function resourceValue(
  pod: Pod,
  container: Pick<Container, "name" | "resources">,
  selector: ResourceFieldSelector,
  addresses: PodAddresses,
): string {
  const named = selector.containerName;
  const all = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])];
  const target = named === undefined || named === "" ? container : all.find((candidate) => candidate.name === named);
  if (!target) throw new Error(`container ${named} not found`);
  const match = /^(limits|requests)\.(.+)$/.exec(selector.resource);
  if (!match) throw new Error(`unsupported resource: ${selector.resource}`);
  const [, kind, resource] = match as unknown as [string, "limits" | "requests", string];
  const fallback = kind === "limits" ? addresses.allocatable[resource] : undefined;
  const quantity = target.resources?.[kind]?.[resource] ?? fallback ?? 0;
  const divisor = isZero(selector.divisor) ? "1" : (selector.divisor as string | number);
  if (resource === "cpu") return String(Math.ceil(quantityMilliValue(quantity) / quantityMilliValue(divisor)));
  return String(Math.ceil(quantityValue(quantity) / quantityValue(divisor)));
}

const isZero = (divisor: string | number | undefined): boolean => divisor === undefined || String(divisor) === "0" || divisor === "";
