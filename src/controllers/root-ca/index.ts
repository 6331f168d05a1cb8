/** Publishes the cluster's certificate authority to every namespace as ConfigMap `kube-root-ca.crt` (API-95). */
import { isAlreadyExists, isNamespaceTerminating, isNotFound } from "../../api/errors.ts";
import { ConfigMap } from "../../api/kinds/config-map/index.ts";
import { Namespace } from "../../api/kinds/namespace/index.ts";
import type { ObjectKey } from "../../api/meta/object.ts";
import { type Controller, type ControllerDeps, controller } from "../../client/controller.ts";
import { done, type Outcome } from "../../client/outcome.ts";

const configMapName = "kube-root-ca.crt";
const annotations = {
  "kubernetes.io/description": "The authority that vouches for the API server, for use inside the cluster: mounted into Pods as ca.crt.",
};

/** The root CA publisher. Keys are namespaces. */
export const rootCaController = (deps: ControllerDeps, caBundle: string): Controller =>
  controller("root-ca-certificate-publisher", deps)
    .reconciles(Namespace)
    .maps(ConfigMap, (configMap) => (configMap.metadata.name === configMapName ? [{ name: configMap.metadata.namespace as string }] : []))
    .with((key) => reconcile(key, deps, caBundle));

async function reconcile({ name }: ObjectKey, { client, informers }: ControllerDeps, caBundle: string): Promise<Outcome> {
  const namespace = informers.of(Namespace).lister.get({ name });
  if (!namespace || namespace.metadata.deletionTimestamp) return done;
  const known = informers.of(ConfigMap).lister.get({ namespace: name, name: configMapName });
  if (known?.data?.["ca.crt"] === caBundle) return done;
  try {
    if (known) await client.update(ConfigMap, { ...known, data: { "ca.crt": caBundle } });
    else {
      const metadata = { name: configMapName, namespace: name, annotations };
      await client.create(ConfigMap, { apiVersion: "v1", kind: "ConfigMap", metadata, data: { "ca.crt": caBundle } });
    }
  } catch (error) {
    if (!isAlreadyExists(error) && !isNamespaceTerminating(error) && !isNotFound(error)) throw error;
  }
  return done;
}
