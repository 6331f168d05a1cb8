/** Gives every active namespace its ServiceAccount `default`, again when somebody deletes it (API-95). */
import { isAlreadyExists, isNamespaceTerminating, isNotFound } from "../../api/errors.ts";
import { Namespace } from "../../api/kinds/namespace/index.ts";
import { ServiceAccount } from "../../api/kinds/service-account/index.ts";
import type { ObjectKey } from "../../api/meta/object.ts";
import { type Controller, type ControllerDeps, controller } from "../../client/controller.ts";
import { done, type Outcome } from "../../client/outcome.ts";

/** The service account controller. Keys are namespaces. */
export const serviceAccountController = (deps: ControllerDeps): Controller =>
  controller("serviceaccount", deps)
    .reconciles(Namespace)
    .maps(ServiceAccount, (account, change) => (change.type === "deleted" ? [{ name: account.metadata.namespace as string }] : []))
    .with(reconcile);

async function reconcile({ name }: ObjectKey, { client, informers }: ControllerDeps): Promise<Outcome> {
  const namespace = informers.of(Namespace).lister.get({ name });
  if (!namespace || namespace.metadata.deletionTimestamp) return done;
  if (informers.of(ServiceAccount).lister.get({ namespace: name, name: "default" })) return done;
  try {
    await client.create(ServiceAccount, { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default", namespace: name } });
  } catch (error) {
    if (!isAlreadyExists(error) && !isNamespaceTerminating(error) && !isNotFound(error)) throw error;
  }
  return done;
}
