/** Gives Pods their service account: its name, its token volume and its pull secrets (API-95, KUB-77). */
import { forbidden } from "../../api/errors.ts";
import type { Container, Pod, PodSpec, ServiceAccount, Volume } from "../../api/types.ts";
import { randomNameSuffix } from "../../base/random.ts";
import { deepCopy } from "../../machinery/freeze.ts";
import type { Core } from "../core/core.ts";
import { subjectOf } from "../core/subject.ts";
import { type Admission, type AdmissionRule, isResource } from "./admission.ts";

const mountPath = "/var/run/secrets/kubernetes.io/serviceaccount";
const volumePrefix = "kube-api-access-";
/** An hour and a few seconds: tokens of exactly an hour are taken for hand-made ones. */
const tokenSeconds = 3607;
const mirrorAnnotation = "kubernetes.io/config.mirror";

export const serviceAccountRule = (core: Core): AdmissionRule => ({
  name: "ServiceAccount",
  concerns: (kind, operation, subresource) => operation === "CREATE" && subresource === "" && isResource(kind, "", "pods"),
  mutate(admission) {
    const accounts = core.kindOf("", "serviceaccounts");
    const pod = admission.object as unknown as Pod;
    if (!accounts || !pod.spec || pod.metadata.annotations?.[mirrorAnnotation] !== undefined) return;
    const name = pod.spec.serviceAccountName || pod.spec.serviceAccount || "default";
    pod.spec.serviceAccountName = name;
    pod.spec.serviceAccount = name;
    const stored = core.storage.read(accounts, { ...(admission.namespace !== undefined && { namespace: admission.namespace }), name });
    if (!stored) throw missingAccount(admission, name);
    const account = stored.object as unknown as ServiceAccount;
    if (pod.spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true) mountToken(core, pod.spec);
    if (!pod.spec.imagePullSecrets?.length && account.imagePullSecrets?.length) {
      pod.spec.imagePullSecrets = deepCopy(account.imagePullSecrets);
    }
  },
});

const missingAccount = ({ kind, namespace, name }: Admission, account: string) =>
  forbidden(
    subjectOf(kind, name),
    `error looking up service account ${namespace}/${account}: serviceaccount ${JSON.stringify(account)} not found`,
  );

/** Containers that mount something at the path already keep it. */
function mountToken(core: Core, spec: PodSpec): void {
  const unmounted = [...(spec.initContainers ?? []), ...(spec.containers ?? [])].filter((container) => !hasMount(container));
  if (unmounted.length === 0) return;
  const known = spec.volumes?.find((volume) => volume.name?.startsWith(volumePrefix));
  const name = known?.name ?? volumePrefix + randomNameSuffix(core.world.random);
  for (const container of unmounted) container.volumeMounts = [...(container.volumeMounts ?? []), { name, readOnly: true, mountPath }];
  if (!known) spec.volumes = [...(spec.volumes ?? []), tokenVolume(name)];
}

const hasMount = (container: Container): boolean => container.volumeMounts?.some((mount) => mount.mountPath === mountPath) ?? false;

const tokenVolume = (name: string): Volume => ({
  name,
  projected: {
    sources: [
      { serviceAccountToken: { expirationSeconds: tokenSeconds, path: "token" } },
      { configMap: { name: "kube-root-ca.crt", items: [{ key: "ca.crt", path: "ca.crt" }] } },
      { downwardAPI: { items: [{ path: "namespace", fieldRef: { apiVersion: "v1", fieldPath: "metadata.namespace" } }] } },
    ],
    defaultMode: 420,
  },
});
