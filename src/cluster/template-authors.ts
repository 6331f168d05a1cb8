/**
 * Who gave which workload which template, on the embedded engine: noted as writes pass admission and told to the release recorder, so
 * that no object has to carry it. It is kept in memory, and bounded: the recorder asks within a moment, and a write whose engine
 * was killed in that moment is remembered by its field manager alone.
 */
import type { KubeObject } from "../api/meta/object.ts";
import type { PodTemplateSpec } from "../api/types.ts";
import { canonicalJson } from "../machinery/canonical-json.ts";
import { deepEqual } from "../machinery/equality.ts";
import type { Author, Authors } from "../release/records/authors.ts";
import { digestOf } from "../release/records/history-object.ts";
import { workloadKindOf } from "../release/workload-kinds.ts";
import type { AdmissionRule } from "../server/admission/admission.ts";

/** So many templates of a workload: those that come one after another before the recorder looks. */
const templatesMax = 8;
/** So many workloads; who was written longest ago is forgotten first. */
const workloadsMax = 5000;

export interface TemplateAuthors {
  /** To be asked after all other rules: it notes the template as it will be stored, and refuses nothing. */
  readonly rule: AdmissionRule;
  readonly authors: Authors;
}

/** Begins with nobody known. */
export function templateAuthors(): TemplateAuthors {
  /** Template's digest to author, by the workload's uid; both in the order of the writes. */
  const known = new Map<string, Map<string, Author>>();

  const note = (uid: string, template: PodTemplateSpec, author: Author): void => {
    const own = known.get(uid) ?? new Map<string, Author>();
    known.delete(uid);
    known.set(uid, own);
    const digest = digestOf(canonicalJson(template));
    own.delete(digest);
    own.set(digest, author);
    dropOldest(own, templatesMax);
    dropOldest(known, workloadsMax);
  };

  return {
    rule: {
      name: "TemplateAuthors",
      concerns: (kind, operation, subresource) => operation !== "DELETE" && subresource === "" && workloadKindOf(kind) !== undefined,
      validate({ object, old, context }) {
        const { template } = object.spec;
        // A write that fails after this leaves a note of a template that nobody will ask about, or that somebody else writes later.
        if (context.dryRun || (old && deepEqual(template, old.spec.template))) return;
        const { name: user, impersonatedBy } = context.user;
        note(object.metadata.uid as string, template, { user, ...(impersonatedBy !== undefined && { impersonatedBy }) });
      },
    },
    authors: {
      authorOf: ({ metadata }: KubeObject, template) => known.get(metadata.uid as string)?.get(template),
    },
  };
}

function dropOldest(map: Map<string, unknown>, max: number): void {
  for (const key of map.keys()) {
    if (map.size <= max) return;
    map.delete(key);
  }
}
