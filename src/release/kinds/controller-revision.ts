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
  /** The highest number is the present template's as soon as the controller has looked (STS-25, DS-12). */
  targetOf: (object: WorkloadObject, revisions: readonly (RevisionFacts & { readonly name: string })[]): string | undefined =>
    (object.status?.observedGeneration ?? 0) >= (object.metadata.generation ?? 0)
      ? revisions[0]?.name
      : revisions.find(({ template }) => deepEqual(template, object.spec?.template))?.name,
  deadline: () => undefined,
  isPaused: () => false,
  nothingToUndo: () => "no last revision to roll back to",
});
