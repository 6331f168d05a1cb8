/** Keeps the EndpointSlices of every Service that has a selector in line with its Pods. Writes EndpointSlices only. */
import { isNamespaceTerminating, isNotFound } from "../../api/errors.ts";
import { EndpointSlice } from "../../api/kinds/endpoint-slice/index.ts";
import { Node } from "../../api/kinds/node/index.ts";
import { Pod } from "../../api/kinds/pod/index.ts";
import { Service } from "../../api/kinds/service/index.ts";
import { keyOf, keyText, type ObjectKey } from "../../api/meta/object.ts";
import type { EndpointSlice as EndpointSliceObject, Pod as PodObject, Service as ServiceObject } from "../../api/types.ts";
import { deepEqual } from "../../machinery/equality.ts";
import { compileLabelSelector } from "../../machinery/selectors.ts";
import { type Controller, type ControllerDeps, controller } from "../../client/controller.ts";
import { done, type Outcome } from "../../client/outcome.ts";
import { desiredGroups } from "./desired.ts";
import { managedBy, managedByLabel, planSlices, serviceNameLabel } from "./plan.ts";

const byService = "byService";

/** The EndpointSlice controller (SVC-1 … SVC-6). */
export function endpointSliceController(deps: ControllerDeps): Controller {
  const slices = deps.informers.of(EndpointSlice);
  slices.addIndex(byService, (slice) => {
    const name = slice.metadata.labels?.[serviceNameLabel];
    return name === undefined ? [] : [`${slice.metadata.namespace}/${name}`];
  });
  return controller("endpointslice", deps)
    .reconciles(Service)
    .maps(Pod, (pod, change) => servicesOf(pod, change.type === "updated" ? change.old : undefined, deps))
    .maps(EndpointSlice, (slice) => {
      const name = slice.metadata.labels?.[serviceNameLabel];
      return isOurs(slice) && name !== undefined ? [{ namespace: slice.metadata.namespace as string, name }] : [];
    })
    .reads(Node)
    .with(reconcile);
}

const isOurs = (slice: EndpointSliceObject): boolean => slice.metadata.labels?.[managedByLabel] === managedBy;

/** The Services that select a Pod now or did before the change. Nothing, where the change can't show in a slice. */
function servicesOf(pod: PodObject, old: PodObject | undefined, deps: ControllerDeps): ObjectKey[] {
  if (old && !endpointChanged(pod, old)) return [];
  const keys: ObjectKey[] = [];
  for (const service of deps.informers.of(Service).lister.list({ namespace: pod.metadata.namespace as string })) {
    const selector = selectorOf(service);
    if (selector && (selector.matches(pod.metadata.labels) || (old && selector.matches(old.metadata.labels)))) keys.push(keyOf(service));
  }
  return keys;
}

function endpointChanged(pod: PodObject, old: PodObject): boolean {
  return (
    pod.status?.podIP !== old.status?.podIP ||
    pod.status?.phase !== old.status?.phase ||
    pod.metadata.deletionTimestamp !== old.metadata.deletionTimestamp ||
    pod.spec?.nodeName !== old.spec?.nodeName ||
    !deepEqual(pod.metadata.labels, old.metadata.labels) ||
    !deepEqual(
      pod.status?.conditions?.find((condition) => condition.type === "Ready")?.status,
      old.status?.conditions?.find((condition) => condition.type === "Ready")?.status,
    )
  );
}

/** Undefined: a Service without a selector, whose slices are somebody else's (SVC-6). */
function selectorOf(service: ServiceObject): { matches(labels: Record<string, string> | undefined): boolean } | undefined {
  const selector = service.spec?.selector;
  if (!selector || Object.keys(selector).length === 0 || service.spec?.type === "ExternalName") return undefined;
  return compileLabelSelector({ matchLabels: selector });
}

async function reconcile(key: ObjectKey, deps: ControllerDeps): Promise<Outcome> {
  const { client, informers } = deps;
  const service = informers.of(Service).lister.get(key);
  const existing = informers.of(EndpointSlice).lister.byIndex(byService, keyText(key)).filter(isOurs);
  const selector = service && !service.metadata.deletionTimestamp ? selectorOf(service) : undefined;
  if (!service || !selector) {
    // The slices of a Service that is gone are the garbage collector's; those of one that lost its selector are ours.
    if (service) await Promise.all(existing.map((slice) => remove(slice, deps)));
    return done;
  }
  const pods = informers.of(Pod).lister.list({ namespace: key.namespace as string });
  const nodes = informers.of(Node).lister;
  const groups = desiredGroups(
    service,
    pods.filter((pod) => selector.matches(pod.metadata.labels)),
    (name) => nodes.get({ name }),
  );
  const plan = planSlices(service, existing, groups);
  try {
    await Promise.all([
      ...plan.update.map((slice) => client.update(EndpointSlice, slice)),
      ...plan.create.map((slice) => client.create(EndpointSlice, slice)),
    ]);
  } catch (error) {
    if (isNamespaceTerminating(error)) return done;
    throw error;
  }
  await Promise.all(plan.delete.map((slice) => remove(slice, deps)));
  return done;
}

async function remove(slice: EndpointSliceObject, { client }: ControllerDeps): Promise<void> {
  try {
    await client.delete(EndpointSlice, keyOf(slice));
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
