/** Keeps Service `default/kubernetes` and its endpoints pointing at the API server (SVC-12). */
import { isAlreadyExists } from "../../api/errors.ts";
import { EndpointSlice } from "../../api/kinds/endpoint-slice/index.ts";
import { Endpoints } from "../../api/kinds/endpoints/index.ts";
import { Namespace } from "../../api/kinds/namespace/index.ts";
import { Service } from "../../api/kinds/service/index.ts";
import type { KindRef } from "../../api/kind.ts";
import type { KubeObject, ObjectKey } from "../../api/meta/object.ts";
import type { EndpointSlice as EndpointSliceObject, Endpoints as EndpointsObject, Service as ServiceObject } from "../../api/types.ts";
import { deepEqual } from "../../machinery/equality.ts";
import { type Controller, type ControllerDeps, controller } from "../../client/controller.ts";
import { done, type Outcome } from "../../client/outcome.ts";

const key = { namespace: "default", name: "kubernetes" } as const;

/** Where Pods reach the API server. */
export interface ApiServerAddress {
  /** The Service's own address; absent: any of the range. */
  readonly serviceIp?: string;
  readonly ip: string;
  readonly port: number;
}

/** The controller of `default/kubernetes`; the namespace's arrival begins its first pass, which makes the Service. */
export const kubernetesServiceController = (deps: ControllerDeps, address: () => ApiServerAddress): Controller => {
  const isIt = (object: KubeObject): ObjectKey[] =>
    object.metadata.namespace === key.namespace && object.metadata.name === key.name ? [key] : [];
  return controller("kubernetes-service", deps)
    .maps(Namespace, (namespace) => (namespace.metadata.name === key.namespace ? [key] : []))
    .maps(Service, isIt)
    .maps(EndpointSlice, isIt)
    .maps(Endpoints, isIt)
    .with(() => reconcile(deps, address()));
};

/** Makes what is missing and mends what differs. */
async function reconcile({ client, informers }: ControllerDeps, address: ApiServerAddress): Promise<Outcome> {
  const metadata = { ...key, labels: { component: "apiserver", provider: "kubernetes" } };
  const service: ServiceObject = {
    apiVersion: "v1",
    kind: "Service",
    metadata,
    spec: {
      type: "ClusterIP",
      ...(address.serviceIp !== undefined && { clusterIP: address.serviceIp, clusterIPs: [address.serviceIp] }),
      sessionAffinity: "None",
      ports: [{ name: "https", port: 443, protocol: "TCP", targetPort: address.port }],
    },
  };
  let knownService = informers.of(Service).lister.get(key);
  // An engine that has come back with another range has another address, and an address can't be changed.
  if (knownService && address.serviceIp !== undefined && knownService.spec?.clusterIP !== address.serviceIp) {
    await client.delete(Service, key, { preconditions: { uid: knownService.metadata.uid as string } });
    knownService = undefined;
  }
  if (!knownService) await create(client.create(Service, service));
  else if (knownService.spec?.ports?.[0]?.targetPort !== address.port || knownService.spec.ports.length !== 1) {
    await client.update(Service, { ...knownService, spec: { ...knownService.spec, ports: service.spec?.ports ?? [] } });
  }
  const slice: EndpointSliceObject = {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { ...key, labels: { "kubernetes.io/service-name": key.name } },
    addressType: "IPv4",
    endpoints: [{ addresses: [address.ip], conditions: { ready: true } }],
    ports: [{ name: "https", port: address.port, protocol: "TCP" }],
  };
  const knownSlice = informers.of(EndpointSlice).lister.get(key);
  await put(EndpointSlice, slice, knownSlice, (a, b) => deepEqual(a.endpoints, b.endpoints) && deepEqual(a.ports, b.ports));
  const endpoints: EndpointsObject = {
    apiVersion: "v1",
    kind: "Endpoints",
    metadata: { ...key, labels: { "endpointslice.kubernetes.io/skip-mirror": "true" } },
    subsets: [{ addresses: [{ ip: address.ip }], ports: [{ name: "https", port: address.port, protocol: "TCP" }] }],
  };
  await put(Endpoints, endpoints, informers.of(Endpoints).lister.get(key), (a, b) => deepEqual(a.subsets, b.subsets));
  return done;

  async function put<T extends KubeObject>(
    kind: KindRef<T>,
    wanted: T,
    known: T | undefined,
    same: (a: T, b: T) => boolean,
  ): Promise<void> {
    if (!known) await create(client.create(kind, wanted));
    else if (!same(wanted, known)) await client.update(kind, { ...wanted, metadata: known.metadata });
  }
}

async function create(creation: Promise<unknown>): Promise<void> {
  try {
    await creation;
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
}
