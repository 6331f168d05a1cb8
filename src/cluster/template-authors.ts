/**
 * Who gave which workload which template, on the embedded engine, and who edited the configuration that a template was made for: noted as writes pass admission and told to the release recorder, so
 * that no object has to carry it. It is kept in memory, and bounded: the recorder asks within a moment, and a write whose engine
 * was killed in that moment is remembered by its field manager alone.
 */
import type { KindRef } from "../api/kind.ts";
import type { KubeObject } from "../api/meta/object.ts";
import { canonicalJson } from "../machinery/canonical-json.ts";
import { deepEqual } from "../machinery/equality.ts";
import { type ConfigurationKind, configurationKinds, sourceNameIn } from "../release/configuration/copies.ts";
import { contentLabel } from "../release/configuration/names.ts";
import { configurationReferences, referenceText } from "../release/configuration/references.ts";
import { type Author, type Authors, engineUser } from "../release/records/authors.ts";
import { digestOf } from "../release/records/history-object.ts";
import { workloadKindOf } from "../release/workload-kinds.ts";
import type { WorkloadObject } from "../release/workload.ts";
import type { Admission, AdmissionRule } from "../server/admission/admission.ts";

/** So many templates of a workload: those that come one after another before the recorder looks. */
const templatesMax = 8;
/** So many workloads, and so many ConfigMaps and Secrets; what was written longest ago is forgotten first. */
const objectsMax = 5000;

export interface TemplateAuthors {
  /** To be asked after all other rules: it notes the template as it will be stored, and refuses nothing. */
  readonly rule: AdmissionRule;
  readonly authors: Authors;
}

/** Begins with nobody known. */
export function templateAuthors(): TemplateAuthors {
  /** Template's digest to author, by the workload's uid; both in the order of the writes. */
  const known = new Map<string, Map<string, Author>>();
  /** Who last changed what is in a ConfigMap or Secret, by namespace and reference, in the order of the writes. */
  const editors = new Map<string, string>();

  const noteTemplate = ({ object, old, context }: Admission): void => {
    const [workload, before] = [object, old] as unknown as [WorkloadObject, WorkloadObject | undefined];
    const template = workload.spec?.template ?? {};
    if (before && deepEqual(template, before.spec?.template)) return;
    const { name: user, impersonatedBy } = context.user;
    const editor = user === engineUser && before ? editorsBehind(workload, before) : "";
    const uid = workload.metadata.uid as string;
    const own = known.get(uid) ?? new Map<string, Author>();
    const author = { user, ...(impersonatedBy !== undefined && { impersonatedBy }), ...(editor !== "" && { onBehalfOf: editor }) };
    setLast(own, digestOf(canonicalJson(template)), author, templatesMax);
    setLast(known, uid, own, objectsMax);
  };

  const noteEditor = ({ object, old, context, namespace, name, kind }: Admission): void => {
    // Copies and histories are the engine's own.
    if (context.user.name === engineUser) return;
    const content = configurationOf(kind)?.content;
    if (old && deepEqual(content?.(object), content?.(old))) return;
    setLast(editors, `${namespace}/${kind.kind}/${name}`, context.user.name, objectsMax);
  };

  /** Of the copies that a template newly names, because other content was asked for: who edited what they are copies of. */
  const editorsBehind = (workload: WorkloadObject, before: WorkloadObject): string => {
    if (workload.metadata.labels?.[contentLabel] === before.metadata.labels?.[contentLabel]) return "";
    const present = new Set(configurationReferences(before.spec?.template ?? {}).map(referenceText));
    const found = configurationReferences(workload.spec?.template ?? {}).flatMap((reference) => {
      const source = present.has(referenceText(reference)) ? undefined : sourceNameIn(reference.name);
      return editors.get(`${workload.metadata.namespace}/${reference.kind}/${source}`) ?? [];
    });
    return [...new Set(found)].join(", ");
  };

  return {
    rule: {
      name: "TemplateAuthors",
      concerns: (kind, operation, subresource) =>
        operation !== "DELETE" && subresource === "" && (workloadKindOf(kind) !== undefined || configurationOf(kind) !== undefined),
      validate(admission) {
        // A write that fails after this leaves a note of what nobody will ask about, or what somebody else writes later.
        if (admission.context.dryRun) return;
        if (configurationOf(admission.kind)) noteEditor(admission);
        else noteTemplate(admission);
      },
    },
    authors: {
      authorOf: ({ metadata }: KubeObject, template) => known.get(metadata.uid as string)?.get(template),
    },
  };
}

const configurationOf = ({ group, plural }: KindRef): ConfigurationKind | undefined =>
  Object.values(configurationKinds).find(({ ref }) => ref.group === group && ref.plural === plural);

/** Puts an entry last; beyond `max` the first ones go. */
function setLast<T>(map: Map<string, T>, key: string, value: T, max: number): void {
  map.delete(key);
  map.set(key, value);
  for (const first of map.keys()) {
    if (map.size <= max) return;
    map.delete(first);
  }
}
