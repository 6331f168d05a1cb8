/** `[LOCAL:]REMOTE`, as port-forward takes it. */
import type { AnyObject } from "../../api/meta/object.ts";
import type { Pod, ServicePort } from "../../api/types.ts";
import { CommandError } from "../errors.ts";
import { containersOf } from "../objects/pods-of.ts";

export interface PortPair {
  /** 0: whichever is free. */
  readonly local: number;
  /** Of the Pod. */
  readonly remote: number;
}

const portMax = 65_535;

const numberOf = (text: string): number | undefined => (/^\d+$/.test(text) && Number(text) <= portMax ? Number(text) : undefined);

/** A port of a Service stands for the port of the Pod behind it; names are those of its containers. Throws `CommandError`. */
export function parsePorts(words: readonly string[], object: AnyObject, pod: Pod): PortPair[] {
  return words.map((word) => {
    const at = word.indexOf(":");
    const remoteText = at < 0 ? word : word.slice(at + 1);
    const localText = at < 0 ? undefined : word.slice(0, at);
    const asked = numberOf(remoteText);
    const tooHigh = [localText ?? remoteText, remoteText].find((text) => /^\d+$/.test(text) && Number(text) > portMax);
    if (tooHigh !== undefined)
      throw new CommandError(
        `error parsing ${tooHigh === remoteText && localText !== undefined ? "remote" : "local"} port '${tooHigh}': strconv.ParseUint: parsing "${tooHigh}": value out of range`,
      );
    const remote = object.kind === "Service" ? throughService(object, remoteText, pod) : (asked ?? namedPort(pod, remoteText));
    const local =
      localText === undefined ? (asked ?? servicePort(object, remoteText)?.port ?? remote) : localText === "" ? 0 : numberOf(localText);
    if (local === undefined)
      throw new CommandError(`error parsing local port "${localText}": strconv.ParseUint: parsing "${localText}": invalid syntax`);
    if (remote < 1) throw new CommandError("remote port must be > 0");
    return { local, remote };
  });
}

function namedPort(pod: Pod, name: string): number {
  for (const container of containersOf(pod)) {
    const port = container.ports?.find((each) => each.name === name);
    if (port) return port.containerPort;
  }
  throw new CommandError(`Pod '${pod.metadata.name}' does not have a named port '${name}'`);
}

const servicePort = ({ spec }: AnyObject, text: string): ServicePort | undefined =>
  (spec?.ports ?? []).find((each: ServicePort) => each.name === text || String(each.port) === text);

function throughService(service: AnyObject, text: string, pod: Pod): number {
  const port = servicePort(service, text);
  if (!port) throw new CommandError(`Service ${service.metadata.name} does not have a service port ${text}`);
  const { targetPort = port.port } = port;
  // Without an address of its own nothing stands between the name and the Pod.
  if (service["spec"]?.clusterIP === "None") return port.port;
  return typeof targetPort === "number" ? targetPort : (numberOf(targetPort) ?? namedPort(pod, targetPort));
}
