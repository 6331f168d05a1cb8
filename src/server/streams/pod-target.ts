/** Which container of which Pod a stream is for, and the agent that has it (KUB-80). Every refusal comes before a stream opens. */
import { badRequest, internal, serviceUnavailable } from "../../api/errors.ts";
import { Pod } from "../../api/kinds/pod/index.ts";
import type { KindDefinition } from "../../api/kind.ts";
import type { ObjectKey } from "../../api/meta/object.ts";
import type { NodeApi, NodeDirectory, PodRef } from "../../api/node-api.ts";
import type { Container, Pod as PodObject } from "../../api/types.ts";
import type { Api } from "../api.ts";

export interface PodTarget {
  readonly pod: PodObject;
  readonly ref: PodRef;
  readonly node: NodeApi;
}

export interface PodTargets {
  /** The Pod and its agent. Throws 404 for no such Pod, 400 for one that has no node yet, 503 for a node that is not here. */
  find(key: ObjectKey): Promise<PodTarget>;
  /** The Pod alone. Throws 404. */
  pod(key: ObjectKey): Promise<PodObject>;
}

export function podTargets(api: Api, nodes: NodeDirectory): PodTargets {
  const pod = async (key: ObjectKey): Promise<PodObject> =>
    (await api.get(Pod as unknown as KindDefinition, key)).object as unknown as PodObject;
  return {
    pod,
    async find(key) {
      const found = await pod(key);
      const nodeName = found.spec?.nodeName;
      if (!nodeName) throw badRequest(`pod ${key.name} does not have a host assigned`);
      const node = nodes(nodeName);
      if (!node) throw serviceUnavailable(`node ${JSON.stringify(nodeName)} is not reachable`);
      const { namespace, name, uid } = found.metadata;
      if (namespace === undefined || name === undefined || uid === undefined) throw internal(`pod ${key.name} lacks a name or uid`);
      return { pod: found, ref: { namespace, name, uid }, node };
    },
  };
}

const names = (containers: readonly Container[] | undefined): string => (containers ?? []).map((container) => container.name).join(" ");

/** The container that is meant: the one named, or the only one. Throws 400 as Kubernetes words it. */
export function containerOf(pod: PodObject, wanted: string | undefined): string {
  const { containers = [], initContainers = [], ephemeralContainers = [] } = pod.spec ?? {};
  const podName = pod.metadata.name as string;
  if (wanted !== undefined && wanted !== "") {
    const all: readonly { readonly name: string }[] = [...containers, ...initContainers, ...ephemeralContainers];
    if (all.some((container) => container.name === wanted)) return wanted;
    throw badRequest(`container ${wanted} is not valid for pod ${podName}`);
  }
  const [only] = containers;
  if (containers.length === 1 && only) return only.name;
  const inits = initContainers.length > 0 ? ` or one of the init containers: [${names(initContainers)}]` : "";
  throw badRequest(`a container name must be specified for pod ${podName}, choose one of: [${names(containers)}]${inits}`);
}
