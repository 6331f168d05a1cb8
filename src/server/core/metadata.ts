/** What must hold of every object's metadata, whatever its kind; messages as Kubernetes words them (API-54, API-85). */
import { type FieldError, field } from "../../api/errors.ts";
import type { KindDefinition } from "../../api/kind.ts";
import type { AnyObject } from "../../api/meta/object.ts";
import type { ObjectMeta } from "../../api/types.ts";
import { type NameRule, nameProblems } from "../../machinery/names.ts";

const annotationsMaxBytes = 256 * 1024;

const nameRules: Readonly<Record<NonNullable<KindDefinition["nameRule"]>, NameRule>> = {
  subdomain: "dns1123-subdomain",
  label: "dns1123-label",
  service: "dns1035-label",
  "path-segment": "path-segment",
};

/** Everything wrong with the metadata of an object about to be stored. */
export function metadataProblems(kind: KindDefinition, meta: ObjectMeta): FieldError[] {
  const problems: FieldError[] = [];
  if (!meta.name) problems.push(field.required("metadata.name", "name or generateName is required"));
  else
    for (const problem of nameProblems(nameRules[kind.nameRule ?? "subdomain"], meta.name))
      problems.push(field.invalid("metadata.name", meta.name, problem));
  if (kind.scope === "Namespaced") {
    if (!meta.namespace) problems.push(field.required("metadata.namespace"));
    else
      for (const problem of nameProblems("dns1123-label", meta.namespace))
        problems.push(field.invalid("metadata.namespace", meta.namespace, problem));
  } else if (meta.namespace) problems.push(field.forbidden("metadata.namespace", "not allowed on this type"));
  if (meta.labels) labelProblems(meta.labels, problems);
  if (meta.annotations) annotationProblems(meta.annotations, problems);
  if (meta.ownerReferences) ownerProblems(meta.ownerReferences, problems);
  if (meta.finalizers) finalizerProblems(meta.finalizers, problems);
  if (meta.managedFields) managedFieldsProblems(meta.managedFields, problems);
  return problems;
}

/** Label keys and values met often are checked once; the cache is emptied when it grows large. */
const soundLabels = new Set<string>();
const soundLabelsMax = 4096;

function labelProblems(labels: Readonly<Record<string, string>>, problems: FieldError[]): void {
  for (const key in labels) {
    const value = labels[key] as string;
    const pair = `${key}=${value}`;
    if (soundLabels.has(pair)) continue;
    const before = problems.length;
    for (const problem of nameProblems("qualified-name", key)) problems.push(field.invalid("metadata.labels", key, problem));
    for (const problem of nameProblems("label-value", value)) problems.push(field.invalid("metadata.labels", value, problem));
    if (problems.length > before) continue;
    if (soundLabels.size >= soundLabelsMax) soundLabels.clear();
    soundLabels.add(pair);
  }
}

const encoder = new TextEncoder();

function annotationProblems(annotations: Readonly<Record<string, string>>, problems: FieldError[]): void {
  let characters = 0;
  for (const key in annotations) {
    for (const problem of nameProblems("qualified-name", key.toLowerCase()))
      problems.push(field.invalid("metadata.annotations", key, problem));
    characters += key.length + (annotations[key] as string).length;
  }
  // A character is at most three bytes per UTF-16 unit, so most need no exact count.
  if (characters * 3 <= annotationsMaxBytes) return;
  let bytes = 0;
  for (const key in annotations) bytes += encoder.encode(key).length + encoder.encode(annotations[key] as string).length;
  if (bytes > annotationsMaxBytes) problems.push(field.tooLong("metadata.annotations", annotationsMaxBytes));
}

function ownerProblems(owners: NonNullable<ObjectMeta["ownerReferences"]>, problems: FieldError[]): void {
  const path = "metadata.ownerReferences";
  let controller: string | undefined;
  for (const owner of owners) {
    if (!owner.apiVersion) problems.push(field.invalid(`${path}.apiVersion`, owner.apiVersion ?? "", "version must not be empty"));
    if (!owner.kind) problems.push(field.invalid(`${path}.kind`, owner.kind ?? "", "must not be empty"));
    if (!owner.name) problems.push(field.invalid(`${path}.name`, owner.name ?? "", "must not be empty"));
    if (!owner.uid) problems.push(field.invalid(`${path}.uid`, owner.uid ?? "", "must not be empty"));
    if (owner.controller !== true) continue;
    if (controller !== undefined) {
      const why = `Only one reference can have Controller set to true. Found "true" in references for ${controller} and ${owner.kind}/${owner.name}`;
      problems.push(field.invalid(path, owners, why));
    }
    controller = `${owner.kind}/${owner.name}`;
  }
}

function finalizerProblems(finalizers: readonly string[], problems: FieldError[]): void {
  for (const finalizer of finalizers) {
    for (const problem of nameProblems("qualified-name", finalizer))
      problems.push(field.invalid("metadata.finalizers", finalizer, problem));
  }
  if (finalizers.includes("orphan") && finalizers.includes("foregroundDeletion")) {
    const why = "finalizer orphan and foregroundDeletion cannot be both set";
    problems.push(field.invalid("metadata.finalizers", finalizers, why));
  }
}

function managedFieldsProblems(entries: NonNullable<ObjectMeta["managedFields"]>, problems: FieldError[]): void {
  for (let i = 0; i < entries.length; i++) {
    const entry = entries[i];
    const path = `metadata.managedFields[${i}]`;
    if (entry?.operation !== "Apply" && entry?.operation !== "Update") {
      problems.push(field.invalid(`${path}.operation`, entry?.operation ?? "", "must be `Apply` or `Update`"));
    }
    if (entry?.fieldsType !== undefined && entry.fieldsType !== "FieldsV1") {
      problems.push(field.invalid(`${path}.fieldsType`, entry.fieldsType, "must be `FieldsV1`"));
    }
  }
}

const immutable = "field is immutable";

/** Everything wrong with a change of metadata, beside what is wrong with the new metadata. */
export function metadataUpdateProblems(meta: ObjectMeta, old: ObjectMeta): FieldError[] {
  const problems: FieldError[] = [];
  const fixed = ["name", "namespace", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"] as const;
  for (const name of fixed) if (meta[name] !== old[name]) problems.push(field.invalid(`metadata.${name}`, meta[name] ?? null, immutable));
  if (old.deletionTimestamp === undefined) return problems;
  const added = (meta.finalizers ?? []).filter((finalizer) => !old.finalizers?.includes(finalizer));
  if (added.length > 0) {
    const found = `[]string{${added.map((finalizer) => JSON.stringify(finalizer)).join(", ")}}`;
    const why = `no new finalizers can be added if the object is being deleted, found new finalizers ${found}`;
    problems.push(field.forbidden("metadata.finalizers", why));
  }
  return problems;
}

/**
 * Gives an update what the server keeps in its own hands. What the client left out is filled in; what it changed is
 * left for `metadataUpdateProblems` to refuse, except the fields that Kubernetes ignores in silence.
 */
export function carryMetadata(object: AnyObject, old: AnyObject): void {
  const meta = object.metadata;
  const kept = old.metadata;
  meta.name ??= kept.name as string;
  if (kept.namespace !== undefined) meta.namespace ??= kept.namespace;
  meta.uid = kept.uid as string;
  meta.creationTimestamp ??= kept.creationTimestamp as string;
  setOrDrop(meta, "generation", kept.generation);
  if (kept.generateName !== undefined) meta.generateName ??= kept.generateName;
  if (kept.deletionTimestamp !== undefined) meta.deletionTimestamp ??= kept.deletionTimestamp;
  else delete meta.deletionTimestamp;
  setOrDrop(meta, "deletionGracePeriodSeconds", kept.deletionGracePeriodSeconds);
  delete meta.selfLink;
}

function setOrDrop<K extends keyof ObjectMeta>(meta: ObjectMeta, name: K, value: ObjectMeta[K]): void {
  if (value === undefined) delete meta[name];
  else meta[name] = value;
}

/** Drops empty maps and lists, which the wire form of metadata leaves out. */
export function dropEmptyMetadata(meta: ObjectMeta): void {
  if (meta.labels && isEmpty(meta.labels)) delete meta.labels;
  if (meta.annotations && isEmpty(meta.annotations)) delete meta.annotations;
  if (meta.ownerReferences?.length === 0) delete meta.ownerReferences;
  if (meta.finalizers?.length === 0) delete meta.finalizers;
}

function isEmpty(map: object): boolean {
  for (const _ in map) return false;
  return true;
}
