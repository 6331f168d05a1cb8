/**
 * Empties a namespace that is being deleted, then lets it go (API-96): Pods first, everything else once they are gone.
 * Its conditions say what holds it up.
 */
import { isConflict, isNotFound } from "../../api/errors.ts";
import type { KindDefinition } from "../../api/kind.ts";
import { Namespace } from "../../api/kinds/namespace/index.ts";
import { Pod } from "../../api/kinds/pod/index.ts";
import type { AnyObject, ObjectKey } from "../../api/meta/object.ts";
import type { Namespace as NamespaceObject, NamespaceCondition } from "../../api/types.ts";
import { formatTime } from "../../base/time.ts";
import { findCondition } from "../../machinery/conditions.ts";
import { deepEqual } from "../../machinery/equality.ts";
import { type Controller, type ControllerDeps, controller } from "../../client/controller.ts";
import { done, type Outcome, requeueAfter } from "../../client/outcome.ts";

const finalizer = "kubernetes";
/** How soon a namespace whose content is still going is looked at again. */
const recheckMs = 500;

/** The namespace controller over the given kinds. */
export function namespaceController(deps: ControllerDeps, kinds: readonly KindDefinition[]): Controller {
  const content = kinds.filter((kind) => kind.scope === "Namespaced" && !kind.virtual && kind.storage === undefined);
  return controller("namespace", deps, { workers: 10 })
    .reconciles(Namespace)
    .with((key) => reconcile(key, deps, content));
}

async function reconcile(key: ObjectKey, deps: ControllerDeps, kinds: readonly KindDefinition[]): Promise<Outcome> {
  const namespace = deps.informers.of(Namespace).lister.get(key);
  if (!namespace?.metadata.deletionTimestamp || !(namespace.spec?.finalizers ?? []).includes(finalizer)) return done;
  try {
    const left = await removeContent(namespace.metadata.name as string, deps, kinds);
    if (left.length > 0) {
      await writeConditions(key, left, deps);
      return requeueAfter(recheckMs, "content of the namespace is still going");
    }
    const live = await deps.client.get(Namespace, key);
    const finalizers = (live.spec?.finalizers ?? []).filter((each) => each !== finalizer);
    await deps.client.update(Namespace, { ...live, spec: { ...live.spec, finalizers } }, { subresource: "finalize" });
  } catch (error) {
    if (!isNotFound(error) && !isConflict(error)) throw error;
    if (isConflict(error)) return requeueAfter(1, "the namespace changed meanwhile");
  }
  return done;
}

interface Remaining {
  readonly kind: KindDefinition;
  readonly objects: readonly AnyObject[];
}

/** Deletes what can be deleted now; answers with what is still there. */
async function removeContent(namespace: string, { client }: ControllerDeps, kinds: readonly KindDefinition[]): Promise<Remaining[]> {
  const remove = async (kind: KindDefinition): Promise<Remaining | undefined> => {
    const before = await client.list(kind, { namespace });
    if (before.items.some((object) => !object.metadata.deletionTimestamp)) {
      await client.deleteCollection(kind, { namespace }, { propagationPolicy: "Background" });
    }
    const { items } = before.items.length > 0 ? await client.list(kind, { namespace }) : before;
    return items.length > 0 ? { kind, objects: items } : undefined;
  };
  const isPods = (kind: KindDefinition): boolean => kind.group === Pod.group && kind.plural === Pod.plural;
  const pods = kinds.find(isPods);
  const podsLeft = pods && (await remove(pods));
  // Whatever Pods still use (their configuration, their claims) stays until they are gone.
  if (podsLeft) return [podsLeft];
  const rest = await Promise.all(kinds.filter((kind) => !isPods(kind)).map(remove));
  return rest.filter((each) => each !== undefined);
}

async function writeConditions(key: ObjectKey, left: readonly Remaining[], { client, world }: ControllerDeps): Promise<void> {
  const live = await client.get(Namespace, key);
  const conditions = conditionsFor(live, left, formatTime(world.clock.now()));
  if (deepEqual(live.status?.conditions ?? [], conditions)) return;
  await client.update(Namespace, { ...live, status: { ...live.status, conditions } }, { subresource: "status" });
}

function conditionsFor(namespace: NamespaceObject, left: readonly Remaining[], now: string): NamespaceCondition[] {
  const resource = (kind: KindDefinition): string => (kind.group === "" ? `${kind.plural}.` : `${kind.plural}.${kind.group}`);
  const content = left.map(({ kind, objects }) => `${resource(kind)} has ${objects.length} resource instances`).sort();
  const perFinalizer = new Map<string, number>();
  for (const { objects } of left)
    for (const object of objects)
      for (const each of object.metadata.finalizers ?? []) perFinalizer.set(each, (perFinalizer.get(each) ?? 0) + 1);
  const held = [...perFinalizer].map(([name, count]) => `${name} in ${count} resource instances`).sort();
  const facts: readonly Omit<NamespaceCondition, "lastTransitionTime">[] = [
    {
      type: "NamespaceDeletionDiscoveryFailure",
      status: "False",
      reason: "ResourcesDiscovered",
      message: "All resources successfully discovered",
    },
    {
      type: "NamespaceDeletionGroupVersionParsingFailure",
      status: "False",
      reason: "ParsedGroupVersions",
      message: "All legacy kube types successfully parsed",
    },
    {
      type: "NamespaceDeletionContentFailure",
      status: "False",
      reason: "ContentDeleted",
      message: "All content successfully deleted, may be waiting on finalization",
    },
    content.length > 0
      ? {
          type: "NamespaceContentRemaining",
          status: "True",
          reason: "SomeResourcesRemain",
          message: `Some resources are remaining: ${content.join(", ")}`,
        }
      : { type: "NamespaceContentRemaining", status: "False", reason: "ContentRemoved", message: "All content successfully removed" },
    held.length > 0
      ? {
          type: "NamespaceFinalizersRemaining",
          status: "True",
          reason: "SomeFinalizersRemain",
          message: `Some content in the namespace has finalizers remaining: ${held.join(", ")}`,
        }
      : {
          type: "NamespaceFinalizersRemaining",
          status: "False",
          reason: "ContentHasNoFinalizers",
          message: "All content-preserving finalizers finished",
        },
  ];
  return facts.map((fact) => {
    const known = findCondition(namespace.status?.conditions, fact.type);
    return { ...fact, lastTransitionTime: known?.status === fact.status ? (known.lastTransitionTime ?? now) : now };
  });
}
