/** Finds out what an undo must know of the cluster. What the user may not read is unknown, and never an error. */
import { isForbidden, isNotFound } from "../../api/errors.ts";
import { ConfigMap } from "../../api/kinds/config-map/index.ts";
import { HorizontalPodAutoscaler } from "../../api/kinds/horizontal-pod-autoscaler/index.ts";
import { Node } from "../../api/kinds/node/index.ts";
import { PersistentVolumeClaim } from "../../api/kinds/persistent-volume-claim/index.ts";
import { PriorityClass } from "../../api/kinds/priority-class/index.ts";
import { RuntimeClass } from "../../api/kinds/runtime-class/index.ts";
import { Secret } from "../../api/kinds/secret/index.ts";
import { ServiceAccount } from "../../api/kinds/service-account/index.ts";
import type { KindRef } from "../../api/kind.ts";
import type { AnyObject, KubeObject } from "../../api/meta/object.ts";
import type { Client } from "../../client/client.ts";
import { configurationReferences } from "../configuration/references.ts";
import type { ConfigurationState } from "../history/changes.ts";
import { listAll } from "../observe.ts";
import { digestKeyIn, digestKeyName, liveConfiguration } from "../records/live-configuration.ts";
import { workloadKinds } from "../workload-kinds.ts";
import type { WorkloadObject, WorkloadSnapshot } from "../workload.ts";
import type { Presence } from "./check.ts";
import type { UndoPlan } from "./plan.ts";
import { type Requirement, type RequirementKind, requirementsOf } from "./requirements.ts";

/** What was found. */
export interface Facts {
  readonly requirements: readonly Requirement[];
  presenceOf(requirement: Requirement): Presence;
  /** What is in the ConfigMaps and Secrets now that the template to come names. */
  readonly configuration: readonly ConfigurationState[];
  /** ConfigMaps as they are now, by name. */
  readonly configMaps: ReadonlyMap<string, AnyObject>;
  /** Other workloads that use a ConfigMap, by its name: `deployment/other`. */
  readonly sharedWith: ReadonlyMap<string, readonly string[]>;
  /** The autoscaler that sets the number of replicas. */
  readonly autoscaler?: string;
}

/** Kinds that are asked for by name. */
const named: Readonly<Partial<Record<RequirementKind, KindRef<any>>>> = {
  ConfigMap,
  Secret,
  PersistentVolumeClaim,
  ServiceAccount,
  PriorityClass,
  RuntimeClass,
};

type Answer = { readonly object: AnyObject } | { readonly missing: true } | { readonly why: string };

/** Reads what the plan's template needs, all at once. Throws only where the server can't be reached. */
export async function gatherFacts(client: Client, snapshot: WorkloadSnapshot, plan: UndoPlan): Promise<Facts> {
  const { namespace } = snapshot.key;
  const requirements = requirementsOf(plan.template);
  const references = configurationReferences(plan.template);
  const answers = new Map<string, Answer>();
  const ask = async (kind: string, ref: KindRef<any>, name: string): Promise<void> => {
    const text = `${kind}/${name}`;
    if (answers.has(text)) return;
    answers.set(text, { why: "it was not asked for" });
    const place = ref.scope === "Cluster" || namespace === undefined ? {} : { namespace };
    answers.set(text, await answerOf(client.get(ref, { ...place, name })));
  };
  const needsKey = references.some(({ kind }) => kind === "Secret");
  const [images, others, autoscaler] = await Promise.all([
    imagesOnNodes(client, snapshot),
    otherUsers(client, snapshot),
    autoscalerOf(client, snapshot),
    needsKey ? ask("Secret", Secret, digestKeyName) : undefined,
    ...requirements.map(({ kind, name }) => {
      const ref = named[kind];
      return ref && ask(kind, ref, name);
    }),
  ]);
  const objectOf = (kind: string, name: string): AnyObject | undefined => {
    const answer = answers.get(`${kind}/${name}`);
    return answer && "object" in answer ? answer.object : undefined;
  };
  const key = digestKeyIn(objectOf("Secret", digestKeyName) as never);
  const configMaps = new Map<string, AnyObject>();
  const configuration = references.map((reference): ConfigurationState => {
    const object = objectOf(reference.kind, reference.name);
    if (object && reference.kind === "ConfigMap") configMaps.set(reference.name, object);
    return { ...reference, ...(object && liveConfiguration(reference.kind, object, key)) };
  });
  const claimTemplates = new Set(
    ((snapshot.object.spec as { volumeClaimTemplates?: readonly KubeObject[] } | undefined)?.volumeClaimTemplates ?? []).map(
      ({ metadata }) => metadata.name,
    ),
  );
  return {
    requirements,
    configuration,
    configMaps,
    sharedWith: others,
    ...(autoscaler !== undefined && { autoscaler }),
    presenceOf({ kind, name }) {
      if (kind === "ClaimTemplate") return claimTemplates.has(name) ? { state: "there" } : { state: "missing" };
      // Without a list of images nothing can be said, and most people may not list nodes.
      if (kind === "Image") return !images || images.has(canonicalImage(name)) ? { state: "there" } : { state: "missing" };
      return presence(answers.get(`${kind}/${name}`));
    },
  };
}

async function answerOf(asked: Promise<AnyObject>): Promise<Answer> {
  try {
    return { object: await asked };
  } catch (error) {
    if (isNotFound(error)) return { missing: true };
    if (isForbidden(error)) return { why: "you may not read it" };
    throw error;
  }
}

function presence(answer: Answer | undefined): Presence {
  if (!answer || "why" in answer) return { state: "unknown", why: answer?.why ?? "it was not asked for" };
  if ("missing" in answer) return { state: "missing" };
  const { object } = answer;
  if (object.metadata.deletionTimestamp !== undefined) return { state: "leaving" };
  return { state: "there", keys: new Set([...Object.keys(object.data ?? {}), ...Object.keys(object.binaryData ?? {})]) };
}

/** `nginx` and `docker.io/library/nginx:latest` are one. */
function canonicalImage(image: string): string {
  const [name = "", digest] = image.split("@");
  const parts = name.split("/");
  const hasRegistry = parts.length > 1 && /[.:]|^localhost$/.test(parts[0] as string);
  const full = hasRegistry ? name : parts.length === 1 ? `docker.io/library/${name}` : `docker.io/${name}`;
  if (digest !== undefined) return `${full.replace(/:[^:/]*$/, "")}@${digest}`;
  return /:[^:/]*$/.test(full) ? full : `${full}:latest`;
}

/** What nodes say they have, and what Pods of this workload run; undefined where it can't be known. */
async function imagesOnNodes(client: Client, { pods }: WorkloadSnapshot): Promise<ReadonlySet<string> | undefined> {
  const answer = await tolerant(listAll(client, Node, {}));
  if (!answer) return undefined;
  const images = new Set<string>();
  for (const { status } of answer)
    for (const { names = [] } of status?.images ?? []) for (const name of names) images.add(canonicalImage(name));
  // Nodes may be told to list no images, and some have none.
  if (images.size === 0) return undefined;
  for (const { containers } of pods) for (const { image, imageId } of containers) if (imageId) images.add(canonicalImage(image));
  return images;
}

async function otherUsers(client: Client, { key, object }: WorkloadSnapshot): Promise<ReadonlyMap<string, readonly string[]>> {
  const where = key.namespace === undefined ? {} : { namespace: key.namespace };
  const lists = await Promise.all(workloadKinds.map(({ ref }) => tolerant(listAll<WorkloadObject>(client, ref, where))));
  const users = new Map<string, string[]>();
  for (const [index, list] of lists.entries())
    for (const other of list ?? []) {
      if (other.metadata.uid === object.metadata.uid) continue;
      for (const { kind, name } of configurationReferences(other.spec?.template ?? {})) {
        if (kind !== "ConfigMap") continue;
        users.set(name, [...(users.get(name) ?? []), `${workloadKinds[index]?.ref.kind.toLowerCase()}/${other.metadata.name}`]);
      }
    }
  return users;
}

async function autoscalerOf(client: Client, { key, object }: WorkloadSnapshot): Promise<string | undefined> {
  const where = key.namespace === undefined ? {} : { namespace: key.namespace };
  const list = await tolerant(listAll(client, HorizontalPodAutoscaler, where));
  const found = list?.find(({ spec }) => spec?.scaleTargetRef.kind === object.kind && spec.scaleTargetRef.name === key.name);
  return found?.metadata.name;
}

/** Undefined where the user may not read it, or the cluster does not have it. */
async function tolerant<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (isNotFound(error) || isForbidden(error)) return undefined;
    throw error;
  }
}
