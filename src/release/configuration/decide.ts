/**
 * Which copies a workload's template names, as a function of what is there. Asked on every write of a workload that follows its
 * configuration, by the embedded engine's admission and by the webhook, and by the controller that waits for sources to change.
 *
 * The rules, where "app" is a ConfigMap that people edit and "app-x" a copy of it:
 *
 * 1. A template that names "app" gets the copy of its present content; and so does every other name in it, because whoever writes
 *    a manifest means the configuration of now.
 * 2. A template that names only copies keeps them: that is how a rollback brings old configuration back.
 * 3. A write that changes the content label asks for the present content everywhere. That is what the controller writes.
 * 4. Where "app" is gone, what was named before stays named.
 */
import type { PodTemplateSpec } from "../../api/types.ts";
import { canonicalJson } from "../../machinery/canonical-json.ts";
import { fnv1a32, safeEncode } from "../../machinery/hash.ts";
import type { WorkloadObject } from "../workload.ts";
import { type ConfigurationObject, copyFor, type CurrentCopy, isSource, sourceNameIn, sourceNameOf } from "./copies.ts";
import { contentLabel, followAnnotation } from "./names.ts";
import { type ConfigurationReference, configurationReferences, pinConfiguration, referenceText } from "./references.ts";

/** The ConfigMaps and Secrets of one namespace, as far as a workload is concerned. */
export interface Configuration {
  get(reference: ConfigurationReference): ConfigurationObject | undefined;
  /** All copies in the namespace. */
  readonly copies: readonly ConfigurationObject[];
}

/** What a workload's configuration should be. */
export interface Pins {
  /** As it shall be; the object's own where nothing changes. */
  readonly template: PodTemplateSpec;
  /** The value of the content label; undefined: the workload bears none. */
  readonly content: string | undefined;
  /** Copies that the template names and that are not there yet. */
  readonly create: readonly ConfigurationObject[];
  /** One sentence each, for whoever makes the write. */
  readonly warnings: readonly string[];
}

/** Whether a workload follows its configuration. */
export const followsConfiguration = (object: WorkloadObject): boolean => followed(object) !== undefined;

/** Which sources a workload follows; undefined: none at all. Names may carry their kind: `configmap/app`, `secret/key`. */
function followed(object: WorkloadObject): ((reference: ConfigurationReference) => boolean) | undefined {
  const value = object.metadata.annotations?.[followAnnotation]?.trim();
  if (value === undefined || value === "" || value === "false") return undefined;
  if (value === "true") return () => true;
  const names = new Set(value.split(",").map((name) => name.trim().toLowerCase()));
  return ({ kind, name }) => names.has(name) || names.has(`${kind.toLowerCase()}/${name}`);
}

/** One reference of a template, seen through its copy. */
interface Seen {
  readonly reference: ConfigurationReference;
  /** The object that people edit. */
  readonly source: ConfigurationReference;
  /** It is named by a copy. */
  readonly pinned: boolean;
}

/** What the admission of a write makes of `object`; `old` is the workload before the write, absent for a new one. */
export function decidePins(object: WorkloadObject, old: WorkloadObject | undefined, configuration: Configuration): Pins {
  const template = object.spec?.template ?? {};
  const label = object.metadata.labels?.[contentLabel];
  const follows = followed(object);
  if (!follows) return { template, content: undefined, create: [], warnings: [] };
  const seen = lookThrough(template, configuration).filter(({ source }) => follows(source));
  const before = old?.spec?.template ? lookThrough(old.spec.template, configuration).filter(({ pinned }) => pinned) : [];
  const present = currentCopies(seen, before, configuration);
  const names = (one: Seen): string | undefined => present.get(referenceText(one.source))?.name;
  const plain = seen.some((one) => !one.pinned && names(one) !== undefined);
  const asked = label !== undefined && label !== old?.metadata.labels?.[contentLabel];
  const renew = plain || asked || label === undefined;
  const warnings: string[] = [];
  const replacements = new Map<string, string>();
  for (const one of seen) {
    const name = renew ? names(one) : undefined;
    const kept = one.pinned || names(one) !== undefined ? undefined : before.find(({ source }) => sameReference(source, one.source));
    if (name !== undefined) replacements.set(referenceText(one.reference), name);
    else if (kept) {
      replacements.set(referenceText(one.reference), kept.reference.name);
      warnings.push(
        `${one.source.kind} "${one.source.name}" does not exist; the copy "${kept.reference.name}" of its last content stays in use`,
      );
    }
  }
  const pinned = pinConfiguration(template, (reference) => replacements.get(referenceText(reference)));
  const named = new Set(configurationReferences(pinned).map(referenceText));
  const create = [...present.values()].flatMap((copy) =>
    copy?.create && named.has(`${copy.create.kind}/${copy.name}`) ? [copy.create] : [],
  );
  return { template: pinned, content: renew ? digest(present) : label, create, warnings };
}

/** What the content label says once a workload has been given all present content of what its template refers to. */
export function presentContent(object: WorkloadObject, configuration: Configuration): string | undefined {
  const follows = followed(object);
  if (!follows) return undefined;
  const seen = lookThrough(object.spec?.template ?? {}, configuration).filter(({ source }) => follows(source));
  return digest(currentCopies(seen, seen, configuration));
}

/** The sources of a template, copies looked through. */
export const sourcesOf = (template: PodTemplateSpec, configuration: Configuration): ConfigurationReference[] =>
  lookThrough(template, configuration).map(({ source }) => source);

function lookThrough(template: PodTemplateSpec, configuration: Configuration): Seen[] {
  return configurationReferences(template).map((reference) => {
    const object = configuration.get(reference);
    const source = object ? sourceNameOf(object) : lostSource(reference, configuration);
    return { reference, source: source === undefined ? reference : { kind: reference.kind, name: source }, pinned: source !== undefined };
  });
}

/** A copy that somebody deleted is still known by its name, as long as there is something that it can be a copy of. */
function lostSource({ kind, name }: ConfigurationReference, configuration: Configuration): string | undefined {
  const source = sourceNameIn(name);
  return source !== undefined && configuration.get({ kind, name: source }) ? source : undefined;
}

/** By source: the copy of its present content; undefined where there is no source that can be copied. */
function currentCopies(seen: readonly Seen[], before: readonly Seen[], configuration: Configuration): Map<string, CurrentCopy | undefined> {
  const preferred = new Set([...before, ...seen].map(({ reference }) => reference.name));
  const found = new Map<string, CurrentCopy | undefined>();
  for (const { source } of seen) {
    const object = configuration.get(source);
    found.set(referenceText(source), object && isSource(object) ? copyFor(object, configuration.copies, preferred) : undefined);
  }
  return found;
}

const sameReference = (a: ConfigurationReference, b: ConfigurationReference): boolean => a.kind === b.kind && a.name === b.name;

/** A label's value that changes with every change of content. Made from names of copies, which tell nothing. */
function digest(present: ReadonlyMap<string, CurrentCopy | undefined>): string {
  const entries = [...present]
    .map(([source, copy]) => [source, copy?.canonical ?? null])
    .sort(([a], [b]) => ((a as string) < (b as string) ? -1 : 1));
  return safeEncode(String(fnv1a32(new TextEncoder().encode(canonicalJson(entries)))));
}
