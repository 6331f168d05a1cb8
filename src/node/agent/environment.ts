/** The environment of a container from every source, in Kubernetes' order (KUB-70, KUB-75). */
import type { ConfigMap, Container, EnvVarSource, Pod, Secret } from "../../api/types.ts";
import type { PodAddresses } from "./downward.ts";
import { fieldValue, resourceValue } from "./downward.ts";
import { expand } from "./expansion.ts";

/** Reads what an environment refers to; undefined where it is not there. */
export interface ConfigSource {
  configMap(namespace: string, name: string): Promise<ConfigMap | undefined>;
  secret(namespace: string, name: string): Promise<Secret | undefined>;
}

/** Something that the container's configuration refers to is missing or unusable: `CreateContainerConfigError`. */
export class ContainerConfigError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "ContainerConfigError";
  }
}

export interface EnvironmentInput {
  readonly pod: Pod;
  readonly container: Container;
  readonly services: readonly (readonly [string, string])[];
  readonly source: ConfigSource;
  readonly addresses: PodAddresses;
}

/** Names in the order in which they were first set; later values win. Throws `ContainerConfigError`. */
export async function containerEnvironment(input: EnvironmentInput): Promise<Map<string, string>> {
  const { pod, container, source } = input;
  const namespace = pod.metadata.namespace as string;
  const result = new Map<string, string>();

  const services = new Map<string, string>(input.services);

  for (const from of container.envFrom ?? []) {
    const prefix = from.prefix ?? "";
    if (from.configMapRef) {
      const name = from.configMapRef.name ?? "";
      const map = await source.configMap(namespace, name);
      if (!map) {
        if (from.configMapRef.optional) continue;
        throw new ContainerConfigError(`configmap "${name}" not found`);
      }
      for (const key of Object.keys(map.data ?? {}).sort()) result.set(prefix + key, (map.data as Record<string, string>)[key] as string);
    }
    if (from.secretRef) {
      const name = from.secretRef.name ?? "";
      const secret = await source.secret(namespace, name);
      if (!secret) {
        if (from.secretRef.optional) continue;
        throw new ContainerConfigError(`secret "${name}" not found`);
      }
      for (const key of Object.keys(secret.data ?? {}).sort())
        result.set(prefix + key, base64Text((secret.data as Record<string, string>)[key] as string));
    }
  }

  for (const variable of container.env ?? []) {
    let value: string | undefined;
    if (variable.valueFrom) value = await valueFrom(variable.valueFrom, input);
    else value = expand(variable.value ?? "", (name) => result.get(name) ?? services.get(name));
    if (value !== undefined) result.set(variable.name, value);
  }
  for (const [name, value] of input.services) if (!result.has(name)) result.set(name, value);
  return result;
}

/** Undefined: optional, and not there. */
async function valueFrom(from: EnvVarSource, input: EnvironmentInput): Promise<string | undefined> {
  const { pod, container, source, addresses } = input;
  const namespace = pod.metadata.namespace as string;
  try {
    if (from.fieldRef) return fieldValue(pod, from.fieldRef, addresses);
    if (from.resourceFieldRef) return resourceValue(pod, container, from.resourceFieldRef, addresses);
  } catch (error) {
    throw new ContainerConfigError(error instanceof Error ? error.message : String(error));
  }
  if (from.configMapKeyRef) {
    const { key, optional } = from.configMapKeyRef;
    const name = from.configMapKeyRef.name ?? "";
    const map = await source.configMap(namespace, name);
    if (!map) {
      if (optional) return undefined;
      throw new ContainerConfigError(`configmap "${name}" not found`);
    }
    const value = map.data?.[key];
    if (value !== undefined) return value;
    if (optional) return undefined;
    throw new ContainerConfigError(`couldn't find key ${key} in ConfigMap ${namespace}/${name}`);
  }
  if (from.secretKeyRef) {
    const { key, optional } = from.secretKeyRef;
    const name = from.secretKeyRef.name ?? "";
    const secret = await source.secret(namespace, name);
    if (!secret) {
      if (optional) return undefined;
      throw new ContainerConfigError(`secret "${name}" not found`);
    }
    const value = secret.data?.[key];
    if (value !== undefined) return base64Text(value);
    if (optional) return undefined;
    throw new ContainerConfigError(`couldn't find key ${key} in Secret ${namespace}/${name}`);
  }
  return undefined;
}

const decoder = new TextDecoder("utf-8");
const base64Text = (value: string): string => decoder.decode(Uint8Array.from(atob(value), (character) => character.charCodeAt(0)));
