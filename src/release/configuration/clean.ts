/**
 * Takes copies away that nobody needs any more. A copy is needed by a Pod that lives, by a revision that is kept, by a workload's
 * template, and by the source that still holds its content for a workload that follows it.
 */
import { isNotFound } from "../../api/errors.ts";
import { Pod } from "../../api/kinds/pod/index.ts";
import type { KindRef } from "../../api/kind.ts";
import { type KubeObject, keyOf, type ObjectKey } from "../../api/meta/object.ts";
import type { Pod as PodObject, PodTemplateSpec } from "../../api/types.ts";
import { parseTime } from "../../base/time.ts";
import { type Controller, type ControllerDeps, controller, type Enqueue } from "../../client/controller.ts";
import type { Informers } from "../../client/informers.ts";
import { done, type Outcome, requeueAfter } from "../../client/outcome.ts";
import { isPodTerminal } from "../../machinery/pods.ts";
import { workloadKinds } from "../workload-kinds.ts";
import type { WorkloadObject } from "../workload.ts";
import { cachedConfiguration, indexConfiguration } from "./cache.ts";
import { type ConfigurationObject, configurationKinds, isSource, sameContent, sourceNameIn, sourceNameOf } from "./copies.ts";
import { followsConfiguration } from "./decide.ts";
import { type ConfigurationReference, configurationReferences, referenceText } from "./references.ts";

/** A copy is made before the workload that names it is written: for this long it is not taken for a leftover. */
const youngMs = 60_000;

const namedIndex = "named-copies";

/** What may name a copy, and the template in which it does. */
interface Namer {
  readonly ref: KindRef<any>;
  templateOf(object: any): PodTemplateSpec | undefined;
}

const namers: readonly Namer[] = [
  { ref: Pod, templateOf: (pod: PodObject) => (isPodTerminal(pod) ? undefined : pod) },
  ...workloadKinds.map(({ ref }) => ({ ref, templateOf: (object: WorkloadObject) => object.spec?.template })),
  ...[...new Map(workloadKinds.map((kind) => [kind.revisionRef, kind])).values()].map((kind) => ({
    ref: kind.revisionRef,
    templateOf: (source: KubeObject) => kind.revision(source, source).template,
  })),
];

/** One controller per kind of configuration. */
export const cleanControllers = (deps: ControllerDeps): Controller[] =>
  (Object.keys(configurationKinds) as ConfigurationReference["kind"][]).map((kind) => cleanController(kind, deps));

function cleanController(kind: ConfigurationReference["kind"], deps: ControllerDeps): Controller {
  const { informers, world } = deps;
  const { ref } = configurationKinds[kind];
  indexConfiguration(informers);
  const builder = controller(`configuration-copies-of-${ref.plural}`, deps).watches<ConfigurationObject>(ref, ({ object }, enqueue) => {
    const source = sourceNameOf(object);
    if (source !== undefined) enqueue(keyOf(object));
    // A source that changed needs its old copy no longer.
    else for (const copy of copiesOf(object)) enqueue(keyOf(copy));
  });
  for (const { ref: namer, templateOf } of namers) {
    informers.of(namer).addIndex(namedIndex, (object) => namedCopies(object, templateOf(object)));
    builder.watches<KubeObject>(namer, (change, enqueue) => {
      // Only what is no longer named can have become superfluous.
      if (change.type === "added") return;
      const before = change.type === "updated" ? change.old : change.object;
      const still = new Set(change.type === "updated" ? namedCopies(change.object, templateOf(change.object)) : []);
      for (const text of namedCopies(before, templateOf(before))) if (!still.has(text)) enqueueNamed(text, enqueue);
    });
  }
  return builder.with(reconcile);

  /** `namespace/Kind/name`, as the index has it. */
  function enqueueNamed(text: string, enqueue: Enqueue): void {
    const [namespace = "", named, name = ""] = text.split("/");
    if (named === kind) enqueue({ namespace, name });
  }

  function copiesOf(source: ConfigurationObject): readonly ConfigurationObject[] {
    return cachedConfiguration(informers, source.metadata.namespace ?? "").copies.filter(
      (copy) => copy.kind === kind && sourceNameOf(copy) === source.metadata.name,
    );
  }

  async function reconcile(key: ObjectKey): Promise<Outcome> {
    const copy = cachedConfiguration(informers, key.namespace ?? "").get({ kind, name: key.name });
    if (!copy || sourceNameOf(copy) === undefined || copy.metadata.deletionTimestamp !== undefined) return done;
    if (isNamed(informers, { kind, name: key.name }, key.namespace ?? "") || isCurrent(copy, informers)) return done;
    const ageMs = world.clock.now() - (parseTime(copy.metadata.creationTimestamp) ?? 0);
    if (ageMs < youngMs) return requeueAfter(youngMs - ageMs, "somebody may be about to name it");
    const { uid, resourceVersion } = copy.metadata;
    try {
      await deps.client.delete(ref, key, { preconditions: { uid: uid as string, resourceVersion: resourceVersion as string } });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
    return done;
  }
}

const namedCopies = (object: KubeObject, template: PodTemplateSpec | undefined): string[] =>
  configurationReferences(template ?? {})
    .filter(({ name }) => sourceNameIn(name) !== undefined)
    .map((reference) => `${object.metadata.namespace}/${referenceText(reference)}`);

const isNamed = (informers: Informers, reference: ConfigurationReference, namespace: string): boolean =>
  namers.some(({ ref }) => informers.of(ref).lister.byIndexCount(namedIndex, `${namespace}/${referenceText(reference)}`) > 0);

/** Whether it holds what its source holds, and one of the workloads that it was made for still follows that. */
function isCurrent(copy: ConfigurationObject, informers: Informers): boolean {
  const namespace = copy.metadata.namespace ?? "";
  const kind = copy.kind as ConfigurationReference["kind"];
  const source = cachedConfiguration(informers, namespace).get({ kind, name: sourceNameOf(copy) ?? "" });
  if (!source || !isSource(source) || !sameContent(source, copy)) return false;
  return (copy.metadata.ownerReferences ?? []).some((owner) => {
    const ownerKind = workloadKinds.find(({ ref }) => ref.kind === owner.kind);
    const object = ownerKind && informers.of<WorkloadObject>(ownerKind.ref).lister.get({ namespace, name: owner.name });
    return object !== undefined && object.metadata.uid === owner.uid && followsConfiguration(object);
  });
}
