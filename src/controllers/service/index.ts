/**
 * Load balancers: a Service of type LoadBalancer is reached on the machine's own `localhost`, and its status says so in
 * exactly one field, so that a JSONPath over all fields of the first ingress gives one address (SVC-10).
 */
import { Service } from "../../api/kinds/service/index.ts";
import type { ObjectKey } from "../../api/meta/object.ts";
import { deepEqual } from "../../machinery/equality.ts";
import { type Controller, type ControllerDeps, controller } from "../../client/controller.ts";
import { done, type Outcome } from "../../client/outcome.ts";

const ingress = [{ hostname: "localhost" }];

/** The service controller. A Service with a loadBalancerClass of its own is somebody else's. */
export const serviceController = (deps: ControllerDeps): Controller => controller("service", deps).reconciles(Service).with(reconcile);

async function reconcile(key: ObjectKey, { client, informers }: ControllerDeps): Promise<Outcome> {
  const service = informers.of(Service).lister.get(key);
  if (!service || service.metadata.deletionTimestamp || service.spec?.loadBalancerClass) return done;
  const wanted = service.spec?.type === "LoadBalancer" ? ingress : [];
  if (deepEqual(service.status?.loadBalancer?.ingress ?? [], wanted)) return done;
  const loadBalancer = wanted.length > 0 ? { ingress: wanted } : {};
  await client.update(Service, { ...service, status: { ...service.status, loadBalancer } }, { subresource: "status" });
  return done;
}
