/** What StatefulSets and DaemonSets have in common: their history is ControllerRevisions (CR-1, CR-2). */
import { ControllerRevision } from "../../api/kinds/controller-revision/index.ts";
import type { ControllerRevision as ControllerRevisionObject, PodTemplateSpec } from "../../api/types.ts";
import { deepEqual } from "../../machinery/equality.ts";
import type { RevisionFacts, WorkloadObject } from "../workload.ts";

/** Label of a Pod: the revision that it was made from, by its name (StatefulSet) or its hash (DaemonSet). */
const revisionLabel = "controller-revision-hash";

/** The template that a revision holds (STS-24). */
function templateOf(revision: ControllerRevisionObject): PodTemplateSpec {
  const { $patch: _, ...template } = revision.data?.spec?.template ?? {};
  return template;
}

type Named = RevisionFacts & { readonly name: string };

/**
 * The revision that holds the present template. Not the one with the highest number: where caches are late, and watches of two kinds
 * always are, that may be the one before.
 */
function ofTemplate({ spec }: WorkloadObject, revisions: readonly Named[]): string | undefined {
  const wanted = spec?.template ?? {};
  const same = revisions.find(({ template }) => deepEqual(template, wanted));
  return (same ?? revisions.find(({ template }) => deepEqual(withoutNulls(template), withoutNulls(wanted))))?.name;
}

/** Servers have written what is not set as null into revisions, and others do not read it back so. */
const withoutNulls = (template: PodTemplateSpec): unknown =>
  JSON.parse(JSON.stringify(template, (_, value: unknown) => (value === null ? undefined : value)));

/** The half of a `WorkloadKind` that follows from keeping history in ControllerRevisions. */
export const keptInControllerRevisions = (hashOf: (revision: ControllerRevisionObject) => string) => ({
  revisionRef: ControllerRevision,
  podsBelongTo: "workload" as const,
  revision: (_: WorkloadObject, source: ControllerRevisionObject): RevisionFacts => ({
    number: source.revision,
    hash: hashOf(source),
    template: templateOf(source),
  }),
  revisionHash: (pod: { readonly metadata: { readonly labels?: Record<string, string> } }) => pod.metadata.labels?.[revisionLabel],
  targetOf: ofTemplate,
  deadline: () => undefined,
  isPaused: () => false,
  nothingToUndo: () => "no last revision to roll back to",
});
