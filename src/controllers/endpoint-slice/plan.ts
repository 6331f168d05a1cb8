/** From what slices there are to what there should be, with the fewest writes. Pure. */
import type { DiscoveryV1EndpointPort, Endpoint, EndpointSlice, Service } from "../../api/types.ts";
import { deepEqual } from "../../machinery/equality.ts";
import { controllerReference } from "../../machinery/owners.ts";
import { type EndpointGroup, portsKey } from "./desired.ts";

export const serviceNameLabel = "kubernetes.io/service-name";
export const managedByLabel = "endpointslice.kubernetes.io/managed-by";
export const managedBy = "endpointslice-controller.k8s.io";
const headlessLabel = "service.kubernetes.io/headless";
const endpointsPerSliceMax = 100;

export interface SlicePlan {
  readonly create: readonly EndpointSlice[];
  readonly update: readonly EndpointSlice[];
  readonly delete: readonly EndpointSlice[];
}

/**
 * Endpoints stay in the slice they are in; new ones fill up slices that have to be written anyway, then those with
 * room, then new slices of at most 100. A slice that became empty goes, unless it is the Service's last.
 */
export function planSlices(service: Service, existing: readonly EndpointSlice[], groups: readonly EndpointGroup[]): SlicePlan {
  const labels = labelsOf(service);
  const plan = { create: [] as EndpointSlice[], update: [] as EndpointSlice[], delete: [] as EndpointSlice[] };
  const unused = new Set(existing.filter((slice) => slice.addressType === "IPv4"));
  const foreign = existing.filter((slice) => slice.addressType !== "IPv4");
  for (const group of groups) {
    const key = portsKey(group.ports);
    const own = [...unused].filter((slice) => portsKey(slice.ports ?? []) === key);
    for (const slice of own) unused.delete(slice);
    planGroup(service, group, own, labels, plan);
  }
  plan.delete.push(...unused, ...foreign);
  return reuseInsteadOfReplace(plan, service, labels);
}

function planGroup(
  service: Service,
  group: EndpointGroup,
  own: readonly EndpointSlice[],
  labels: Record<string, string>,
  plan: { create: EndpointSlice[]; update: EndpointSlice[]; delete: EndpointSlice[] },
): void {
  const waiting = new Map(group.endpoints.map((endpoint) => [identity(endpoint), endpoint]));
  const drafts = own.map((slice) => {
    const kept: Endpoint[] = [];
    let changed = !sameLabels(slice.metadata.labels, labels);
    for (const endpoint of slice.endpoints ?? []) {
      const wanted = waiting.get(identity(endpoint));
      waiting.delete(identity(endpoint));
      if (!wanted) changed = true;
      else {
        kept.push(wanted);
        if (!deepEqual(wanted, endpoint)) changed = true;
      }
    }
    return { slice, endpoints: kept, changed };
  });
  // Those that are written anyway first, the fullest of them first.
  const open = [...drafts].sort((a, b) => Number(b.changed) - Number(a.changed) || b.endpoints.length - a.endpoints.length);
  for (const draft of open) {
    for (const [id, endpoint] of waiting) {
      if (draft.endpoints.length >= endpointsPerSliceMax) break;
      draft.endpoints.push(endpoint);
      draft.changed = true;
      waiting.delete(id);
    }
  }
  const rest = [...waiting.values()];
  for (let at = 0; at < rest.length; at += endpointsPerSliceMax) {
    plan.create.push(newSlice(service, group.ports, rest.slice(at, at + endpointsPerSliceMax), labels));
  }
  let kept = rest.length;
  for (const draft of drafts) kept += draft.endpoints.length;
  let placeholder = kept === 0;
  if (placeholder && drafts.length === 0) plan.create.push(newSlice(service, group.ports, [], labels));
  for (const { slice, endpoints, changed } of drafts) {
    if (endpoints.length === 0 && !placeholder) plan.delete.push(slice);
    else {
      if (endpoints.length === 0) placeholder = false;
      if (changed) plan.update.push({ ...slice, metadata: { ...slice.metadata, labels }, endpoints });
    }
  }
}

/** A slice to delete and one to create make one slice to update: no instant without the endpoints. */
function reuseInsteadOfReplace(
  plan: { create: EndpointSlice[]; update: EndpointSlice[]; delete: EndpointSlice[] },
  service: Service,
  labels: Record<string, string>,
): SlicePlan {
  const remaining = [...plan.delete];
  const create: EndpointSlice[] = [];
  const update = [...plan.update];
  for (const wanted of plan.create) {
    const index = remaining.findIndex((slice) => slice.addressType === wanted.addressType);
    if (index < 0) create.push(wanted);
    else {
      const [slice] = remaining.splice(index, 1) as [EndpointSlice];
      const next = { ...slice, metadata: { ...slice.metadata, labels, ownerReferences: [controllerReference(service)] } };
      update.push({ ...next, endpoints: wanted.endpoints ?? [], ports: wanted.ports ?? [] });
    }
  }
  return { create, update, delete: remaining };
}

function newSlice(
  service: Service,
  ports: readonly DiscoveryV1EndpointPort[],
  endpoints: Endpoint[],
  labels: Record<string, string>,
): EndpointSlice {
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: {
      generateName: `${service.metadata.name}-`,
      namespace: service.metadata.namespace as string,
      labels,
      ownerReferences: [controllerReference(service)],
    },
    addressType: "IPv4",
    endpoints,
    ports: [...ports],
  };
}

/** SVC-3: the Service's own labels and ours. */
function labelsOf(service: Service): Record<string, string> {
  const labels: Record<string, string> = { ...service.metadata.labels };
  delete labels[headlessLabel];
  const { clusterIP } = service.spec ?? {};
  if (clusterIP === "None" || !clusterIP) labels[headlessLabel] = "";
  labels[serviceNameLabel] = service.metadata.name as string;
  labels[managedByLabel] = managedBy;
  return labels;
}

const sameLabels = (a: Record<string, string> | undefined, b: Record<string, string>): boolean => deepEqual(a ?? {}, b);
const identity = (endpoint: Endpoint): string => endpoint.targetRef?.uid ?? endpoint.addresses[0] ?? "";
