/**
 * Gives workloads the new content of what they refer to: a source that changes, and then rests for a moment, becomes a copy and a
 * rollout. Where admission pins configuration this controller only asks for it, by the content label; elsewhere it writes the
 * template itself.
 */
import type { KindRef } from "../../api/kind.ts";
import { type KubeObject, keyOf, keyText, type ObjectKey } from "../../api/meta/object.ts";
import { type Controller, type ControllerDeps, controller } from "../../client/controller.ts";
import { done, type Outcome, requeueAfter } from "../../client/outcome.ts";
import { deepEqual } from "../../machinery/equality.ts";
import { ownerReference } from "../../machinery/owners.ts";
import { workloadKinds } from "../workload-kinds.ts";
import type { WorkloadKind, WorkloadObject } from "../workload.ts";
import { createCopy, withPins } from "./admit.ts";
import { cachedConfiguration, indexConfiguration } from "./cache.ts";
import { type ConfigurationObject, configurationKinds, sourceNameIn, sourceNameOf } from "./copies.ts";
import { type Configuration, decidePins, followsConfiguration, presentContent } from "./decide.ts";
import { contentLabel } from "./names.ts";
import { type ConfigurationReference, configurationReferences, referenceText } from "./references.ts";

/** A source rests for this long before it is rolled out: an editor's second save, or a second file, belongs to the same change. */
const restMs = 1000;

const followIndex = "followed-configuration";
const fieldManager = "windlass";

/** One controller per kind of workload. */
export const followControllers = (deps: ControllerDeps): Controller[] => workloadKinds.map((kind) => followController(kind, deps));

function followController(kind: WorkloadKind, deps: ControllerDeps): Controller {
  const { informers, world } = deps;
  const recorder = deps.recorderFor("windlass-configuration");
  /** By workload: content that was seen and is waited for, and since when. */
  const resting = new Map<string, { readonly content: string; readonly sinceMs: number }>();
  const workloads = informers.of<WorkloadObject>(kind.ref);
  workloads.addIndex(followIndex, followedNames);
  indexConfiguration(informers);

  const followers = (reference: ConfigurationReference, namespace: string): ObjectKey[] =>
    workloads.lister.byIndex(followIndex, `${namespace}/${referenceText(reference)}`).map(keyOf);

  const builder = controller(`configuration-of-${kind.ref.plural}`, deps).reconciles(kind.ref);
  for (const [name, { ref }] of Object.entries(configurationKinds)) {
    builder.maps(ref as KindRef<KubeObject>, (object) => {
      const of = (source: string) =>
        followers({ kind: name as ConfigurationReference["kind"], name: source }, object.metadata.namespace ?? "");
      const source = sourceNameOf(object);
      return [...of(object.metadata.name as string), ...(source === undefined ? [] : of(source))];
    });
  }
  return builder.with(reconcile);

  async function reconcile(key: ObjectKey): Promise<Outcome> {
    const object = workloads.lister.get(key);
    const configuration = cachedConfiguration(informers, key.namespace ?? "");
    const content = object && !object.metadata.deletionTimestamp ? presentContent(object, configuration) : undefined;
    if (!object || content === undefined) {
      resting.delete(keyText(key));
      return done;
    }
    if (content !== object.metadata.labels?.[contentLabel]) {
      const waitMs = restOf(keyText(key), content);
      if (waitMs > 0) return requeueAfter(waitMs, "its configuration may change again");
      await give(object, content, configuration);
    } else {
      // What the template names may have been deleted by somebody; what the source still holds can be made again.
      for (const copy of decidePins(object, object, configuration).create) await createCopy(deps.client, key.namespace ?? "", copy);
    }
    resting.delete(keyText(key));
    await own(object, configuration);
    return done;
  }

  /** How long this content still has to stay as it is. A workload that was never given any waits for nothing. */
  function restOf(key: string, content: string): number {
    const now = world.clock.monotonic();
    const before = resting.get(key);
    if (before?.content !== content) resting.set(key, { content, sinceMs: now });
    return (before?.content === content ? before.sinceMs : now) + restMs - now;
  }

  async function give(object: WorkloadObject, content: string, configuration: Configuration): Promise<void> {
    const { client } = deps;
    const key = keyOf(object);
    const asking = { ...object, metadata: { ...object.metadata, labels: { ...object.metadata.labels, [contentLabel]: content } } };
    const pins = decidePins(asking, object, configuration);
    for (const copy of pins.create) await createCopy(client, key.namespace ?? "", copy);
    // The version is a precondition: a template that somebody just wrote is looked at again before it is touched.
    const metadata = { resourceVersion: object.metadata.resourceVersion, labels: { [contentLabel]: content } };
    const asked = await client.patch<WorkloadObject>(kind.ref, key, "merge", { metadata }, { fieldManager });
    const wanted = withPins(asked, { template: pins.template, content });
    if (!deepEqual(asked.spec?.template, pins.template)) {
      await client.update<WorkloadObject>(kind.ref, wanted, { fieldManager });
    }
    const changed = newNames(object, pins.template);
    if (changed.length > 0) {
      recorder.event(object, "Normal", "ConfigurationChanged", `Rolling out changed configuration: ${changed.join(", ")}`);
    }
  }

  /** Makes the workload an owner of the copies that its template names, so that they go when it goes. */
  async function own(object: WorkloadObject, configuration: Configuration): Promise<void> {
    for (const reference of configurationReferences(object.spec?.template ?? {})) {
      const copy = configuration.get(reference);
      if (!copy || sourceNameOf(copy) === undefined) continue;
      if (copy.metadata.ownerReferences?.some(({ uid }) => uid === object.metadata.uid)) continue;
      const { ref } = configurationKinds[reference.kind];
      const patch = { metadata: { uid: copy.metadata.uid, ownerReferences: [ownerReference(object)] } };
      await deps.client.patch<ConfigurationObject>(ref, keyOf(copy), "strategic", patch, { fieldManager });
    }
  }
}

/** What a workload that follows its configuration may refer to: each name, and the source that it would have as a copy. */
function followedNames(object: WorkloadObject): string[] {
  if (!followsConfiguration(object)) return [];
  const { namespace } = object.metadata;
  return configurationReferences(object.spec?.template ?? {}).flatMap(({ kind, name }) =>
    [name, sourceNameIn(name)].flatMap((one) => (one === undefined ? [] : [`${namespace}/${referenceText({ kind, name: one })}`])),
  );
}

/** The names that a new template has and the old one had not. */
function newNames(object: WorkloadObject, template: NonNullable<WorkloadObject["spec"]>["template"]): string[] {
  const before = new Set(configurationReferences(object.spec?.template ?? {}).map(referenceText));
  return configurationReferences(template)
    .filter((reference) => !before.has(referenceText(reference)))
    .map(({ kind, name }) => `${kind} ${name}`);
}
