/**
 * Keeps the legacy Endpoints object of every Service that has a selector. Pods that are being deleted are not in it,
 * and those that are not ready are listed apart (SVC-2, SVC-12).
 */
import { isAlreadyExists, isNamespaceTerminating, isNotFound } from "../../api/errors.ts";
import { Endpoints } from "../../api/kinds/endpoints/index.ts";
import { Pod } from "../../api/kinds/pod/index.ts";
import { Service } from "../../api/kinds/service/index.ts";
import { keyOf, type ObjectKey } from "../../api/meta/object.ts";
import type {
  EndpointAddress,
  Endpoints as EndpointsObject,
  EndpointSubset,
  Pod as PodObject,
  Service as ServiceObject,
} from "../../api/types.ts";
import { deepEqual } from "../../machinery/equality.ts";
import { isPodReady, isPodTerminal } from "../../machinery/pods.ts";
import { compileLabelSelector } from "../../machinery/selectors.ts";
import { type Controller, type ControllerDeps, controller } from "../../client/controller.ts";
import { done, type Outcome } from "../../client/outcome.ts";

const headlessLabel = "service.kubernetes.io/headless";
const managedByLabel = "endpoints.kubernetes.io/managed-by";
/** The legacy object holds no more; slices do. */
const addressesMax = 1000;

/** The endpoints controller. */
export const endpointsController = (deps: ControllerDeps): Controller =>
  controller("endpoints", deps)
    .reconciles(Service)
    .maps(Pod, (pod, change) => {
      const old = change.type === "updated" ? change.old : undefined;
      return deps.informers
        .of(Service)
        .lister.list({ namespace: pod.metadata.namespace as string })
        .filter((service) => selects(service, pod) || (old !== undefined && selects(service, old)))
        .map(keyOf);
    })
    .maps(Endpoints, (endpoints) => [keyOf(endpoints)])
    .with(reconcile);

function selects(service: ServiceObject, pod: PodObject): boolean {
  const selector = service.spec?.selector;
  if (!selector || Object.keys(selector).length === 0 || service.spec?.type === "ExternalName") return false;
  return compileLabelSelector({ matchLabels: selector }).matches(pod.metadata.labels);
}

async function reconcile(key: ObjectKey, { client, informers }: ControllerDeps): Promise<Outcome> {
  const service = informers.of(Service).lister.get(key);
  const known = informers.of(Endpoints).lister.get(key);
  try {
    if (!service || service.metadata.deletionTimestamp) {
      if (known?.metadata.labels?.[managedByLabel] === "endpoint-controller") await client.delete(Endpoints, key);
      return done;
    }
    if (!service.spec?.selector || Object.keys(service.spec.selector).length === 0 || service.spec.type === "ExternalName") return done;
    const pods = informers.of(Pod).lister.list({ namespace: key.namespace as string });
    const wanted = endpointsOf(
      service,
      pods.filter((pod) => selects(service, pod)),
    );
    if (!known) await client.create(Endpoints, wanted);
    else if (!deepEqual(known.subsets ?? [], wanted.subsets) || !deepEqual(known.metadata.labels ?? {}, wanted.metadata.labels)) {
      await client.update(Endpoints, {
        ...wanted,
        metadata: { ...known.metadata, labels: wanted.metadata.labels as Record<string, string> },
      });
    }
  } catch (error) {
    if (!isAlreadyExists(error) && !isNamespaceTerminating(error) && !isNotFound(error)) throw error;
  }
  return done;
}

/** The whole object for a Service and the Pods that it selects. Pure. */
function endpointsOf(service: ServiceObject, pods: readonly PodObject[]): EndpointsObject {
  const publish = service.spec?.publishNotReadyAddresses === true;
  const subsets = new Map<string, EndpointSubset>();
  let addresses = 0;
  for (const pod of [...pods].sort((a, b) => ((a.metadata.name ?? "") < (b.metadata.name ?? "") ? -1 : 1))) {
    if (!pod.status?.podIP || isPodTerminal(pod) || (pod.metadata.deletionTimestamp && !publish)) continue;
    if (addresses++ >= addressesMax) break;
    const ports = portsOf(service, pod);
    const id = JSON.stringify(ports);
    let subset = subsets.get(id);
    if (!subset) subsets.set(id, (subset = ports.length > 0 ? { ports } : {}));
    const list = isPodReady(pod) || publish ? "addresses" : "notReadyAddresses";
    subset[list] = [...(subset[list] ?? []), addressOf(service, pod)];
  }
  const labels: Record<string, string> = { ...service.metadata.labels, [managedByLabel]: "endpoint-controller" };
  if (service.spec?.clusterIP === "None") labels[headlessLabel] = "";
  return {
    apiVersion: "v1",
    kind: "Endpoints",
    metadata: {
      name: service.metadata.name as string,
      namespace: service.metadata.namespace as string,
      labels,
    },
    subsets: [...subsets.values()],
  };
}

function addressOf(service: ServiceObject, pod: PodObject): EndpointAddress {
  const { hostname, subdomain, nodeName } = pod.spec ?? {};
  return {
    ip: pod.status?.podIP as string,
    ...(hostname && subdomain === service.metadata.name && { hostname }),
    ...(nodeName && { nodeName }),
    targetRef: {
      kind: "Pod",
      namespace: pod.metadata.namespace as string,
      name: pod.metadata.name as string,
      uid: pod.metadata.uid as string,
    },
  };
}

function portsOf(service: ServiceObject, pod: PodObject): NonNullable<EndpointSubset["ports"]> {
  const ports: NonNullable<EndpointSubset["ports"]> = [];
  for (const { name, protocol = "TCP", port, targetPort = port, appProtocol } of service.spec?.ports ?? []) {
    const named = pod.spec?.containers.flatMap((container) => container.ports ?? []).find((each) => each.name === targetPort);
    const number = typeof targetPort === "number" ? targetPort : named?.containerPort;
    if (number === undefined) continue;
    ports.push({ ...(name && { name }), port: number, protocol, ...(appProtocol !== undefined && { appProtocol }) });
  }
  return ports;
}
