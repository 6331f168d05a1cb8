/**
 * Does what was planned. Configuration first, then the workload: an undo that ends half-way has brought content back that the next
 * call finds in place, and goes on from there. Every write says which version it is based on.
 */
import { isConflict } from "../../api/errors.ts";
import { ConfigMap } from "../../api/kinds/config-map/index.ts";
import type { AnyObject } from "../../api/meta/object.ts";
import type { ConfigMap as ConfigMapObject } from "../../api/types.ts";
import type { Client } from "../../client/client.ts";
import { deepEqual } from "../../machinery/equality.ts";
import { changedByKey } from "../records/writer.ts";
import type { WorkloadObject, WorkloadSnapshot } from "../workload.ts";
import { lastAppliedAfter, lastAppliedContent, lastAppliedKey } from "./last-applied.ts";
import { type Restoration, UndoError, type UndoPlan } from "./plan.ts";

const fieldManager = "windlass-undo";
const changeCauseKey = "kubernetes.io/change-cause";
/** A workload's status changes many times a second during a rollout, and each change is a new version. */
const attemptsMax = 20;

export interface CarryOutOptions {
  readonly client: Client;
  readonly snapshot: WorkloadSnapshot;
  readonly plan: UndoPlan;
  readonly restorations: readonly Restoration[];
  /** As they were when the plan was made. */
  readonly configMaps: ReadonlyMap<string, AnyObject>;
  /** The server checks everything and changes nothing. */
  readonly dryRun: boolean;
}

/** Throws what the server refuses, and `UndoError` where the template was changed since the plan was made. */
export async function carryOut({ client, snapshot, plan, restorations, configMaps, dryRun }: CarryOutOptions): Promise<void> {
  const options = { fieldManager, ...(dryRun && { dryRun }) };
  for (const restoration of restorations)
    await restore(client, snapshot, { restoration, present: configMaps.get(restoration.name) }, options);
  const { kind, key } = snapshot;
  let object = snapshot.object;
  for (let attempt = 1; ; attempt++) {
    try {
      await client.patch(kind.ref, key, "json", workloadPatch(object, plan), options);
      return;
    } catch (error) {
      if (!isConflict(error) || attempt === attemptsMax) throw error;
    }
    object = await client.get(kind.ref, key);
    // Its number of replicas is not what an undo is about, and its controller writes annotations.
    const sameTemplate = deepEqual(object.spec?.template, snapshot.object.spec?.template);
    if (object.metadata.uid !== snapshot.object.metadata.uid || !sameTemplate) {
      const what = `${object.kind.toLowerCase()} ${JSON.stringify(key.name)}`;
      throw new UndoError(`${what} was changed by somebody else meanwhile and was not rolled back; look at it and try again`);
    }
  }
}

/** As kubectl sends it (KR-20), but only the annotations that an undo is about; the version makes it a conflict where somebody was faster. */
function workloadPatch(object: WorkloadObject, plan: UndoPlan): unknown[] {
  // Whoever it names did not bring this template back.
  const { [changedByKey]: _, ...annotations } = object.metadata.annotations ?? {};
  if (plan.changeCause === undefined) delete annotations[changeCauseKey];
  else annotations[changeCauseKey] = plan.changeCause;
  const applied = lastAppliedAfter(object, plan.template, plan.applied);
  if (applied !== undefined) annotations[lastAppliedKey] = applied;
  return [
    { op: "replace", path: "/metadata/resourceVersion", value: object.metadata.resourceVersion },
    { op: "replace", path: "/spec/template", value: plan.template },
    { op: "add", path: "/metadata/annotations", value: annotations },
  ];
}

async function restore(
  client: Client,
  { key }: WorkloadSnapshot,
  { restoration, present }: { readonly restoration: Restoration; readonly present: AnyObject | undefined },
  options: { readonly fieldManager: string; readonly dryRun?: boolean },
): Promise<void> {
  const content = JSON.parse(restoration.text) as Pick<ConfigMapObject, "data" | "binaryData">;
  const place = { ...(key.namespace !== undefined && { namespace: key.namespace }), name: restoration.name };
  if (!present) {
    await client.create(ConfigMap, { apiVersion: "v1", kind: "ConfigMap", metadata: place, ...content }, options);
    return;
  }
  const { data: _, binaryData: __, ...rest } = present as ConfigMapObject;
  const applied = lastAppliedContent(present, content);
  const metadata =
    applied === undefined ? rest.metadata : { ...rest.metadata, annotations: { ...rest.metadata.annotations, [lastAppliedKey]: applied } };
  await client.update(ConfigMap, { ...rest, ...content, metadata }, options);
}
