/**
 * Mirrors the Endpoints that somebody wrote by hand for a Service without a selector into EndpointSlices, which is what proxies
 * read (SVC-6). Writes EndpointSlices only.
 */
import { isNamespaceTerminating, isNotFound } from "../../api/errors.ts";
import { EndpointSlice } from "../../api/kinds/endpoint-slice/index.ts";
import { Endpoints } from "../../api/kinds/endpoints/index.ts";
import { Service } from "../../api/kinds/service/index.ts";
import { keyOf, keyText, type ObjectKey } from "../../api/meta/object.ts";
import type {
  DiscoveryV1EndpointPort,
  Endpoint,
  EndpointAddress,
  EndpointSlice as EndpointSliceObject,
  Endpoints as EndpointsObject,
} from "../../api/types.ts";
import { deepEqual } from "../../machinery/equality.ts";
import { controllerReference } from "../../machinery/owners.ts";
import { type Controller, type ControllerDeps, controller } from "../../client/controller.ts";
import { done, type Outcome } from "../../client/outcome.ts";

const byService = "mirroredService";
const serviceNameLabel = "kubernetes.io/service-name";
const managedByLabel = "endpointslice.kubernetes.io/managed-by";
const managedBy = "endpointslicemirroring-controller.k8s.io";
const skipLabel = "endpointslice.kubernetes.io/skip-mirror";
const leaderAnnotation = "control-plane.alpha.kubernetes.io/leader";
const appliedAnnotation = "kubectl.kubernetes.io/last-applied-configuration";
/** What is mirrored of one subset at most. */
const addressesMax = 1000;

/** The mirroring controller. */
export function endpointSliceMirroringController(deps: ControllerDeps): Controller {
  deps.informers.of(EndpointSlice).addIndex(byService, (slice) => {
    const name = slice.metadata.labels?.[serviceNameLabel];
    return isOurs(slice) && name !== undefined ? [`${slice.metadata.namespace}/${name}`] : [];
  });
  return controller("endpointslice-mirroring", deps)
    .reconciles(Endpoints)
    .maps(Service, (service) => [keyOf(service)])
    .maps(EndpointSlice, (slice) => {
      const name = slice.metadata.labels?.[serviceNameLabel];
      return isOurs(slice) && name !== undefined ? [{ namespace: slice.metadata.namespace as string, name }] : [];
    })
    .with(reconcile);
}

const isOurs = (slice: EndpointSliceObject): boolean => slice.metadata.labels?.[managedByLabel] === managedBy;

async function reconcile(key: ObjectKey, { client, informers }: ControllerDeps): Promise<Outcome> {
  const endpoints = informers.of(Endpoints).lister.get(key);
  const service = informers.of(Service).lister.get(key);
  const existing = [...informers.of(EndpointSlice).lister.byIndex(byService, keyText(key))];
  const isMirrored =
    endpoints !== undefined &&
    !endpoints.metadata.deletionTimestamp &&
    endpoints.metadata.labels?.[skipLabel] !== "true" &&
    endpoints.metadata.annotations?.[leaderAnnotation] === undefined &&
    service !== undefined &&
    Object.keys(service.spec?.selector ?? {}).length === 0;
  const wanted = isMirrored ? mirrorOf(endpoints) : [];
  try {
    for (const slice of wanted) {
      // A slice of another address type can't be turned into this one.
      const index = existing.findIndex(({ addressType }) => addressType === slice.addressType);
      const [known] = index < 0 ? [] : existing.splice(index, 1);
      if (!known) await client.create(EndpointSlice, slice);
      else if (!isSame(known, slice)) {
        const { labels, annotations, ownerReferences } = slice.metadata;
        const metadata = { ...known.metadata, ...(labels && { labels }), ...(ownerReferences && { ownerReferences }) };
        if (annotations) metadata.annotations = annotations;
        else delete metadata.annotations;
        await client.update(EndpointSlice, { ...slice, metadata });
      }
    }
    for (const slice of existing) await client.delete(EndpointSlice, keyOf(slice));
  } catch (error) {
    if (!isNamespaceTerminating(error) && !isNotFound(error)) throw error;
  }
  return done;
}

const isSame = (known: EndpointSliceObject, wanted: EndpointSliceObject): boolean =>
  deepEqual(known.endpoints ?? [], wanted.endpoints) &&
  deepEqual(known.ports ?? [], wanted.ports) &&
  deepEqual(known.metadata.labels, wanted.metadata.labels) &&
  deepEqual(known.metadata.annotations ?? {}, wanted.metadata.annotations ?? {}) &&
  deepEqual(known.metadata.ownerReferences, wanted.metadata.ownerReferences);

/** The slices of an Endpoints object: one for each list of ports and kind of address. Pure. */
function mirrorOf(endpoints: EndpointsObject): EndpointSliceObject[] {
  const slices = new Map<string, EndpointSliceObject & { endpoints: Endpoint[] }>();
  const { name = "", namespace, labels } = endpoints.metadata;
  const {
    [appliedAnnotation]: _,
    "endpoints.kubernetes.io/last-change-trigger-time": __,
    ...annotations
  } = endpoints.metadata.annotations ?? {};
  for (const subset of endpoints.subsets ?? []) {
    const ports: DiscoveryV1EndpointPort[] = (subset.ports ?? []).map((port) => ({
      name: port.name ?? "",
      port: port.port,
      protocol: port.protocol ?? "TCP",
      ...(port.appProtocol !== undefined && { appProtocol: port.appProtocol }),
    }));
    const all = [
      ...(subset.addresses ?? []).map((address) => ({ address, ready: true })),
      ...(subset.notReadyAddresses ?? []).map((address) => ({ address, ready: false })),
    ].slice(0, addressesMax);
    for (const { address, ready } of all) {
      const addressType = address.ip?.includes(":") ? "IPv6" : "IPv4";
      const id = `${addressType} ${JSON.stringify(ports)}`;
      let slice = slices.get(id);
      if (!slice) {
        slice = {
          apiVersion: "discovery.k8s.io/v1",
          kind: "EndpointSlice",
          metadata: {
            generateName: `${name}-`,
            ...(namespace !== undefined && { namespace }),
            labels: { ...labels, [serviceNameLabel]: name, [managedByLabel]: managedBy },
            ...(Object.keys(annotations).length > 0 && { annotations }),
            ownerReferences: [controllerReference(endpoints)],
          },
          addressType,
          ports,
          endpoints: [],
        };
        slices.set(id, slice);
      }
      slice.endpoints.push(endpointOf(address, ready));
    }
  }
  return [...slices.values()];
}

const endpointOf = ({ ip = "", hostname, nodeName, targetRef }: EndpointAddress, ready: boolean): Endpoint => ({
  addresses: [ip],
  conditions: { ready },
  ...(hostname && { hostname }),
  ...(nodeName && { nodeName }),
  ...(targetRef && { targetRef }),
});
