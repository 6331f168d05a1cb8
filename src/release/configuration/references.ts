/** Where a Pod template names ConfigMaps and Secrets whose content its containers see. Registry credentials are no configuration of theirs. */
import type { Container, EnvFromSource, EnvVar, PodTemplateSpec, Volume, VolumeProjection } from "../../api/types.ts";

/** A ConfigMap or Secret in the namespace of the workload. */
export interface ConfigurationReference {
  readonly kind: "ConfigMap" | "Secret";
  readonly name: string;
}

/** One spelling per reference, for sets and maps. */
export const referenceText = ({ kind, name }: ConfigurationReference): string => `${kind}/${name}`;

/** What frozen templates name: every Pod is asked with each of its changes, and all of them share its spec. */
const known = new WeakMap<object, readonly ConfigurationReference[]>();

/** Every object that the template names, once each, in the order of the template. */
export function configurationReferences(template: PodTemplateSpec): readonly ConfigurationReference[] {
  const { spec } = template;
  if (!spec || !Object.isFrozen(spec)) return readReferences(template);
  let references = known.get(spec);
  if (!references) known.set(spec, (references = readReferences(template)));
  return references;
}

function readReferences(template: PodTemplateSpec): readonly ConfigurationReference[] {
  const found = new Map<string, ConfigurationReference>();
  pinConfiguration(template, (reference) => {
    found.set(referenceText(reference), reference);
    return undefined;
  });
  return [...found.values()];
}

/**
 * The template with other objects in the place of those it names; `replacement` gives their names, or undefined for what stays.
 * The template itself is left as it is, and is the answer where nothing changes.
 */
export function pinConfiguration(
  template: PodTemplateSpec,
  replacement: (reference: ConfigurationReference) => string | undefined,
): PodTemplateSpec {
  const { spec } = template;
  if (!spec) return template;
  /** An object that names a ConfigMap or Secret in its field `field`. */
  const named = <T extends object, K extends keyof T & string>(
    holder: T | undefined,
    kind: ConfigurationReference["kind"],
    field: K,
  ): T | undefined => {
    const name = holder?.[field];
    if (!holder || typeof name !== "string" || name === "") return holder;
    const other = replacement({ kind, name });
    return other === undefined || other === name ? holder : { ...holder, [field]: other };
  };
  const variable = (entry: EnvVar): EnvVar =>
    within(entry, "valueFrom", (source) =>
      within(
        within(source, "configMapKeyRef", (ref) => named(ref, "ConfigMap", "name")),
        "secretKeyRef",
        (ref) => named(ref, "Secret", "name"),
      ),
    );
  const variables = (entry: EnvFromSource): EnvFromSource =>
    within(
      within(entry, "configMapRef", (ref) => named(ref, "ConfigMap", "name")),
      "secretRef",
      (ref) => named(ref, "Secret", "name"),
    );
  const container = (entry: Container): Container =>
    within(
      within(entry, "env", (list) => each(list, variable)),
      "envFrom",
      (list) => each(list, variables),
    );
  const projection = (entry: VolumeProjection): VolumeProjection =>
    within(
      within(entry, "configMap", (source) => named(source, "ConfigMap", "name")),
      "secret",
      (source) => named(source, "Secret", "name"),
    );
  const volume = (entry: Volume): Volume => {
    const plain = within(
      within(entry, "configMap", (source) => named(source, "ConfigMap", "name")),
      "secret",
      (source) => named(source, "Secret", "secretName"),
    );
    return within(plain, "projected", (projected) => within(projected, "sources", (list) => each(list, projection)));
  };
  const containers = within(
    within(spec, "initContainers", (list) => each(list, container)),
    "containers",
    (list) => each(list, container),
  );
  const pinned = within(containers, "volumes", (list) => each(list, volume));
  return pinned === spec ? template : { ...template, spec: pinned };
}

/** The object with its field changed; the very same object where the change changes nothing. */
function within<T extends object, K extends keyof T>(object: T, field: K, change: (value: NonNullable<T[K]>) => T[K] | undefined): T {
  const value = object[field];
  if (value === undefined || value === null) return object;
  const changed = change(value as NonNullable<T[K]>);
  return changed === value ? object : { ...object, [field]: changed };
}

/** The list with each entry changed; the very same list where no entry changes. */
function each<T>(list: T[], change: (entry: T) => T): T[] {
  const changed = list.map(change);
  return changed.every((entry, index) => entry === list[index]) ? list : changed;
}
