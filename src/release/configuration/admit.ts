/**
 * The way in: gives a workload that is about to be written the copies of its configuration. The embedded engine's admission and the
 * webhook both call it, so that `kubectl apply` of the same manifest finds nothing to change, however often.
 */
import { isAlreadyExists, isNotFound } from "../../api/errors.ts";
import { type KubeObject, keyOf } from "../../api/meta/object.ts";
import type { Client } from "../../client/client.ts";
import { listAll } from "../observe.ts";
import type { WorkloadObject } from "../workload.ts";
import { type ConfigurationObject, configurationKinds, sameContent, sourceNameIn, sourceNameOf } from "./copies.ts";
import { type Configuration, decidePins, followsConfiguration, type Pins } from "./decide.ts";
import { contentLabel, copyLabel } from "./names.ts";
import { type ConfigurationReference, configurationReferences, referenceText } from "./references.ts";

export interface AdmitOptions {
  readonly client: Client;
  /** As it is about to be written. */
  readonly object: WorkloadObject;
  /** As it is; absent for a new one. */
  readonly old: WorkloadObject | undefined;
  /** Nothing is created then. */
  readonly dryRun: boolean;
}

/**
 * What the write should say instead; undefined: nothing else. Copies that it names are there when this resolves. Throws what the
 * client throws, for the write to be refused with.
 */
export async function admitConfiguration({ client, object, old, dryRun }: AdmitOptions): Promise<Pins | undefined> {
  if (!followsConfiguration(object)) {
    if (object.metadata.labels?.[contentLabel] === undefined) return undefined;
    return { template: object.spec?.template ?? {}, content: undefined, create: [], warnings: [] };
  }
  const namespace = object.metadata.namespace ?? "default";
  const pins = decidePins(object, old, await readConfiguration(client, namespace, [object, ...(old ? [old] : [])]));
  if (!dryRun) for (const copy of pins.create) await createCopy(client, namespace, copy);
  return pins;
}

/** The workload as `pins` have it; the very same object where they change nothing. */
export function withPins<T extends WorkloadObject>(object: T, { template, content }: Pick<Pins, "template" | "content">): T {
  const { [contentLabel]: present, ...others } = object.metadata.labels ?? {};
  if (template === object.spec?.template && content === present) return object;
  const labels = content === undefined ? others : { ...others, [contentLabel]: content };
  const { labels: _, ...metadata } = object.metadata;
  return {
    ...object,
    metadata: { ...metadata, ...(Object.keys(labels).length > 0 && { labels }) },
    ...(object.spec && { spec: { ...object.spec, template } }),
  };
}

/** Everything that the workloads' templates name, with the sources of copies, and all copies of those kinds. */
async function readConfiguration(client: Client, namespace: string, workloads: readonly WorkloadObject[]): Promise<Configuration> {
  const references = workloads.flatMap(({ spec }) => configurationReferences(spec?.template ?? {}));
  const objects = new Map<string, ConfigurationObject | undefined>();
  const read = async (reference: ConfigurationReference): Promise<ConfigurationObject | undefined> => {
    const text = referenceText(reference);
    if (!objects.has(text)) objects.set(text, await getOrUndefined(client, namespace, reference));
    return objects.get(text);
  };
  for (const reference of references) {
    const object = await read(reference);
    const source = object ? sourceNameOf(object) : sourceNameIn(reference.name);
    if (source !== undefined) await read({ kind: reference.kind, name: source });
  }
  const kinds = [...new Set(references.map(({ kind }) => kind))];
  const copies = await Promise.all(
    kinds.map((kind) => listAll<ConfigurationObject>(client, configurationKinds[kind].ref, { namespace, labelSelector: copyLabel })),
  );
  return { get: (reference) => objects.get(referenceText(reference)), copies: copies.flat() };
}

async function getOrUndefined(client: Client, namespace: string, { kind, name }: ConfigurationReference) {
  try {
    return await client.get<ConfigurationObject>(configurationKinds[kind].ref, { namespace, name });
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** Creates a copy; that somebody else was faster with the very same one is as good. */
export async function createCopy(client: Client, namespace: string, copy: ConfigurationObject): Promise<void> {
  const { ref } = configurationKinds[copy.kind as ConfigurationReference["kind"]];
  const placed = { ...copy, metadata: { ...copy.metadata, namespace } };
  try {
    await client.create<KubeObject>(ref, placed);
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    const present = await client.get<ConfigurationObject>(ref, keyOf(placed));
    if (sameContent(present, copy) && sourceNameOf(present) === sourceNameOf(copy)) return;
    throw error;
  }
}
