/** What a Pod template needs of the cluster before its containers can start, by name. */
import type { Container, PodTemplateSpec, Volume } from "../../api/types.ts";

export type RequirementKind =
  | "ConfigMap"
  | "Secret"
  | "PersistentVolumeClaim"
  | "ServiceAccount"
  | "PriorityClass"
  | "RuntimeClass"
  | "Image"
  | "ClaimTemplate";

export interface Requirement {
  readonly kind: RequirementKind;
  readonly name: string;
  /** Entries of a ConfigMap or Secret that must be there. */
  readonly keys: readonly string[];
  /** Containers start without it, too. */
  readonly optional: boolean;
}

/** Everything that the template names, once for each name and each way of needing it. */
export function requirementsOf({ spec }: PodTemplateSpec): readonly Requirement[] {
  if (!spec) return [];
  const found: Requirement[] = [];
  const need = (
    kind: RequirementKind,
    name: string | undefined,
    { keys = [], optional = false }: { keys?: readonly string[]; optional?: boolean | undefined } = {},
  ): void => {
    if (name) found.push({ kind, name, keys, optional });
  };
  const containers: readonly Container[] = [...(spec.initContainers ?? []), ...(spec.containers ?? [])];
  for (const { image, env = [], envFrom = [] } of containers) {
    need("Image", image);
    for (const { valueFrom } of env) {
      const { configMapKeyRef, secretKeyRef } = valueFrom ?? {};
      if (configMapKeyRef) need("ConfigMap", configMapKeyRef.name, { keys: [configMapKeyRef.key], optional: configMapKeyRef.optional });
      if (secretKeyRef) need("Secret", secretKeyRef.name, { keys: [secretKeyRef.key], optional: secretKeyRef.optional });
    }
    for (const { configMapRef, secretRef } of envFrom) {
      need("ConfigMap", configMapRef?.name, { optional: configMapRef?.optional });
      need("Secret", secretRef?.name, { optional: secretRef?.optional });
    }
  }
  for (const volume of spec.volumes ?? []) volumeNeeds(volume, need);
  // A registry's credentials are only needed where the image has to be pulled.
  for (const { name } of spec.imagePullSecrets ?? []) need("Secret", name, { optional: true });
  need("ServiceAccount", spec.serviceAccountName ?? spec.serviceAccount ?? "default");
  need("PriorityClass", spec.priorityClassName);
  need("RuntimeClass", spec.runtimeClassName);
  const volumes = new Set((spec.volumes ?? []).map(({ name }) => name));
  for (const { volumeMounts = [], volumeDevices = [] } of containers)
    for (const { name } of [...volumeMounts, ...volumeDevices]) if (!volumes.has(name)) need("ClaimTemplate", name);
  return found;
}

type Need = (
  kind: RequirementKind,
  name: string | undefined,
  options?: { keys?: readonly string[]; optional?: boolean | undefined },
) => void;

const keysOf = (items: readonly { readonly key: string }[] | undefined): readonly string[] => (items ?? []).map(({ key }) => key);

function volumeNeeds({ configMap, secret, projected, persistentVolumeClaim }: Volume, need: Need): void {
  if (configMap) need("ConfigMap", configMap.name, { keys: keysOf(configMap.items), optional: configMap.optional });
  if (secret) need("Secret", secret.secretName, { keys: keysOf(secret.items), optional: secret.optional });
  for (const source of projected?.sources ?? []) {
    if (source.configMap)
      need("ConfigMap", source.configMap.name, { keys: keysOf(source.configMap.items), optional: source.configMap.optional });
    if (source.secret) need("Secret", source.secret.name, { keys: keysOf(source.secret.items), optional: source.secret.optional });
  }
  need("PersistentVolumeClaim", persistentVolumeClaim?.claimName);
}
