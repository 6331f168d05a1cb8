/**
 * What automatic rollback promises to those who ask for it (docs/reference/automatic-rollback.md): to what was proven good and to
 * nothing else, once per template, not too early, touching nothing but the template, and no Pod that serves.
 */
import { ConfigMap } from "../../api/kinds/config-map/index.ts";
import { Node } from "../../api/kinds/node/index.ts";
import { Secret } from "../../api/kinds/secret/index.ts";
import type { KindRef } from "../../api/kind.ts";
import type { AnyObject } from "../../api/meta/object.ts";
import type { Pod as PodObject, PodTemplateSpec } from "../../api/types.ts";
import { parseGoDuration } from "../../machinery/go-duration.ts";
import { contentKey, isGoodContent, isGoodImage } from "../fates.ts";
import type { Commit, History, ObjectRecord } from "../history.ts";
import type { Checker, Scene } from "./checker.ts";
import { controllerUid, isAvailable, isReady, markOf, namedConfiguration } from "./pod-states.ts";
import {
  annotationOf,
  isSurelyProven,
  isWorkload,
  liveWorkloads,
  mayBeProven,
  podRecordsOf,
  recordOf,
  templateMark,
  tenuresOf,
  type Proof,
  type Tenure,
} from "./workloads.ts";

const component = "rollback";
/** Times of objects are whole seconds. */
const wholeSecondMs = 1000;
const provenAfterDefaultMs = 10_000;
const deadlineDefaultMs = 600_000;
const changeCauseKey = "kubernetes.io/change-cause";
/** The server itself counts the templates of a DaemonSet here. */
const countedKey = "deprecated.daemonset.template.generation";
/** Who makes and unmakes Pods. */
const podOwners = new Set(["replicaset-controller", "statefulset-controller", "daemonset-controller"]);

/** One rollback, as it was seen. */
interface Deed {
  readonly atMs: number;
  readonly uid: string;
  readonly from: string;
  readonly to: string;
  readonly generation: number | undefined;
  /** Uids of Pods that served, and were of the template that came back. */
  readonly serving: ReadonlySet<string>;
}

export function automaticRollback(scene: Scene): Checker {
  const { history, nowMs } = scene;
  const deeds: Deed[] = [];
  /** By workload: rollbacks, and rollouts of configuration, since somebody outside last wrote anything. */
  const since = new Map<string, { rollbacks: number; rollouts: number }>();

  function rolledBack({ atMs, before, after }: Commit): string | undefined {
    const [old, object] = [before as AnyObject, after as AnyObject];
    const [from, to] = [templateMark(old), templateMark(object)];
    const uid = object.metadata.uid as string;
    const why = touched(old, object) ?? unasked(old);
    if (why !== undefined) return why;
    const own = deeds.filter((deed) => deed.uid === uid);
    if (own.some((deed) => deed.from === from)) return `${from} is given up for the second time`;
    const record = recordOf(history, uid);
    const tenures = record ? tenuresOf(record) : [];
    const current = tenures.at(-2);
    if (!record || !current) return `it goes from ${from} to ${to}, and there was nothing before`;
    const lastGivenUpMs = Math.max(0, ...own.filter((deed) => deed.from === to).map((deed) => deed.atMs));
    const proof: Omit<Proof, "mark" | "fromMs" | "graceMs"> = { record, toMs: atMs, provenAfterMs: provenAfterMs(old) };
    const firstMs = record.versions[0]?.atMs ?? 0;
    if (!mayBeProven(history, { ...proof, mark: to, fromMs: Math.max(firstMs, lastGivenUpMs), graceMs: scene.chainMs + wholeSecondMs }))
      return `it goes to ${to}, which was not proven`;
    if (isSurelyProven(history, { ...proof, mark: from, fromMs: current.fromMs, graceMs: scene.lagMs }))
      return `${from} was proven good, and is given up`;
    const former = tenures.at(-3);
    if (former && former.mark !== to && isProvenTenure(former, own))
      return `it goes to ${to}, and ${former.mark} was the last one that was proven`;
    deeds.push({ atMs, uid, from, to, generation: object.metadata.generation, serving: servingOf(uid, to) });
    return tooEarly(old, current) ?? tooOften(uid, "rollbacks");
  }

  /** Whether a template that is gone was surely proven, and was left for no fault of its own. */
  function isProvenTenure({ mark, fromMs, toMs = nowMs(), object }: Tenure, own: readonly Deed[]): boolean {
    const record = recordOf(history, object.metadata.uid);
    if (!record || own.some((deed) => deed.from === mark)) return false;
    return isSurelyProven(history, { record, mark, fromMs, toMs, provenAfterMs: provenAfterMs(object), graceMs: scene.lagMs });
  }

  const servingOf = (uid: string, mark: string): Set<string> =>
    new Set(
      podRecordsOf(history, uid)
        .filter(({ versions }) => {
          const pod = versions.at(-1)?.object;
          return pod && markOf(pod) === mark && isAvailable(pod, 0, nowMs());
        })
        .map((record) => record.uid),
    );

  /** Nothing is certain: then a release has until its deadline. */
  function tooEarly(object: AnyObject, { mark, fromMs }: Tenure): string | undefined {
    const stoodMs = nowMs() - fromMs + 2 * wholeSecondMs;
    const isCertain =
      annotationOf(object, "auto-rollback") === "on-certain-failure" && showsFailure(history, object.metadata.uid as string, mark);
    return isCertain || stoodMs >= deadlineMs(object)
      ? undefined
      : `${mark} is given up after ${stoodMs} ms, and has ${deadlineMs(object)}`;
  }

  function tooOften(uid: string, what: "rollbacks" | "rollouts"): string | undefined {
    const counts = since.get(uid) ?? { rollbacks: 0, rollouts: 0 };
    counts[what]++;
    since.set(uid, counts);
    if (counts.rollouts > 2) return `configuration is rolled out for the ${counts.rollouts}rd time, and nobody has changed anything`;
    return counts.rollbacks > 1 + counts.rollouts
      ? `it goes back for the ${counts.rollbacks}nd time, and nobody has changed anything`
      : undefined;
  }

  /** A Pod that keeps others waiting may go; one that is ready, or is of a release that worked, may not. */
  function freed({ before }: Commit): string | undefined {
    const pod = before as PodObject;
    const { name } = pod.metadata;
    if (isReady(pod)) return `${name} is deleted, and it is ready`;
    const uid = controllerUid(pod) as string;
    const record = recordOf(history, uid);
    const owner = record?.versions.at(-1)?.object;
    if (!record || owner?.kind !== "StatefulSet") return `${name} is deleted, and keeps nobody waiting`;
    const mark = markOf(pod);
    const tenures = tenuresOf(record);
    if (templateMark(owner) === mark) return `${name} is deleted, and it is of the present template`;
    if (deeds.some((deed) => deed.uid === uid && deed.from === mark)) return undefined;
    const worked = tenures.find((tenure) => tenure.mark === mark && isProvenTenure(tenure, []));
    return worked ? `${name} is deleted, and its release was complete` : undefined;
  }

  /** After a rollback the Pods that served stay, unless somebody asks for something else. */
  function replaced({ actor, atMs, before, after }: Commit): string | undefined {
    const pod = before as PodObject | undefined;
    if (!pod || !podOwners.has(actor) || pod.metadata.deletionTimestamp !== undefined) return undefined;
    if (after && after.metadata.deletionTimestamp === undefined) return undefined;
    const deed = deeds.findLast(({ serving }) => serving.has(pod.metadata.uid as string));
    const owner = deed && recordOf(history, deed.uid)?.versions.at(-1)?.object;
    if (!deed || !owner || owner.metadata.generation !== deed.generation || atMs - deed.atMs <= scene.chainMs) return undefined;
    if (!isReady(pod) || scene.unanswered("create", "Pod") > 0) return undefined;
    const node = history.record(Node, { name: pod.spec?.nodeName ?? "" });
    if (!node || node.versions.some((version) => version.atMs >= deed.atMs - scene.chainMs)) return undefined;
    return `${pod.metadata.name} served when ${deed.from} was given up for ${deed.to}, and is replaced`;
  }

  return {
    name: "a rollback keeps its promises",
    commit(commit) {
      const { actor, byController, kind, before, after } = commit;
      if (isWorkload(commit) && before && after && templateMark(before) !== templateMark(after)) {
        if (actor === component) return rolledBack(commit);
        if (actor === "configuration") return tooOften(after.metadata.uid as string, "rollouts");
      }
      if (!byController && actor !== "fault" && (isWorkload(commit) || kind === "ConfigMap" || kind === "Secret")) since.clear();
      if (kind === "Pod" && actor === component) return freed(commit);
      if (kind === "Pod") return replaced(commit);
      return undefined;
    },
  };
}

/** Only the template is written, and why it was. */
function touched(before: AnyObject, after: AnyObject): string | undefined {
  const rest = ({ spec, metadata }: AnyObject): string => {
    const { template: _, ...others } = spec;
    const { [changeCauseKey]: _cause, [countedKey]: _count, ...annotations } = metadata.annotations ?? {};
    return JSON.stringify([others, annotations, metadata.labels ?? {}]);
  };
  return rest(before) === rest(after) ? undefined : `a rollback makes ${rest(after)} of ${rest(before)}`;
}

function unasked(object: AnyObject): string | undefined {
  const { paused, replicas, updateStrategy } = object.spec;
  if (annotationOf(object, "auto-rollback") === undefined) return "a rollback that nobody asked for";
  if (paused === true) return "a rollback while it is paused";
  if (replicas === 0) return "a rollback of nothing: it is scaled to zero";
  return updateStrategy?.type === "OnDelete" ? "a rollback although the strategy is OnDelete" : undefined;
}

const provenAfterMs = (object: AnyObject): number => {
  const seconds = annotationOf(object, "proven-after-seconds");
  return seconds === undefined ? provenAfterDefaultMs : Number(seconds) * 1000;
};

function deadlineMs(object: AnyObject): number {
  const annotated = annotationOf(object, "progress-deadline");
  if (annotated !== undefined) return parseGoDuration(annotated) ?? 0;
  return object.kind === "Deployment" ? (object.spec.progressDeadlineSeconds ?? 600) * 1000 : deadlineDefaultMs;
}

/** Whether Pods of a template, or what they name, show that it can't succeed. */
function showsFailure(history: History, uid: string, mark: string): boolean {
  return podRecordsOf(history, uid).some(({ versions }) =>
    versions.some(({ object }) => object && markOf(object) === mark && !canSucceed(history, { spec: object.spec } as PodTemplateSpec)),
  );
}

/** Whether Pods of a template get ready, as far as image and configuration go. */
function canSucceed(history: History, template: PodTemplateSpec): boolean {
  const image = template.spec?.containers[0]?.image ?? "";
  if (!isGoodImage(image) && !image.endsWith("-sleepy")) return false;
  return namedConfiguration(template).every(({ kind, name }) => {
    const records: readonly ObjectRecord<any>[] = history.records((kind === "Secret" ? Secret : ConfigMap) as unknown as KindRef<any>);
    const versions = records.filter(({ key }) => key.endsWith(`/${name}`)).flatMap((record) => record.versions);
    return versions.every(({ object }) => object !== undefined && (kind === "Secret" || isGoodContent(object.data?.[contentKey] ?? "")));
  });
}

/**
 * When nothing goes wrong any more: a release that can't succeed is given up, where somebody asked for that and there is something
 * to go back to.
 */
export function rollbackVerdict({ history, nowMs, lagMs, chainMs }: Scene): Checker {
  function failing(object: AnyObject): string | undefined {
    const { spec, metadata, status } = object;
    const isJudged =
      annotationOf(object, "auto-rollback") !== undefined &&
      unasked(object) === undefined &&
      !spec.updateStrategy?.rollingUpdate?.partition &&
      (object.kind !== "DaemonSet" || status?.desiredNumberScheduled > 0);
    const record = recordOf(history, metadata.uid);
    const tenures = record ? tenuresOf(record) : [];
    const [former, current] = [tenures.at(-2), tenures.at(-1)];
    if (!isJudged || !record || !former || !current || current.actor === component) return undefined;
    const isGivenUp = tenures.some(
      ({ mark, toMs }, index) => mark === current.mark && toMs !== undefined && tenures[index + 1]?.actor === component,
    );
    const isFormerBad = tenures.some(({ mark }, index) => mark === former.mark && tenures[index + 1]?.actor === component);
    if (isGivenUp || isFormerBad || isReadyAtLast(object)) return undefined;
    const lasting = { record, provenAfterMs: provenAfterMs(object) };
    // What was proven once stays, whatever befalls it later.
    if (mayBeProven(history, { ...lasting, ...current, toMs: nowMs(), graceMs: chainMs + wholeSecondMs })) return undefined;
    return isSurelyProven(history, { ...lasting, ...former, toMs: former.toMs ?? nowMs(), graceMs: lagMs })
      ? `${metadata.name} fails with ${current.mark}, and nobody goes back to ${former.mark}`
      : undefined;
  }

  /** Whether the present template will do, or does: what changes under Pods that serve is no fault of it. */
  function isReadyAtLast({ spec, metadata }: AnyObject): boolean {
    const pods = podRecordsOf(history, metadata.uid as string).flatMap(({ versions }) => versions.at(-1)?.object ?? []);
    if (pods.length > 0 && pods.every((pod) => isReady(pod) && markOf(pod) === markOf(spec.template))) return true;
    const image = spec.template.spec.containers[0].image;
    return isGoodImage(image) && namedConfiguration(spec.template).every(({ kind, name }) => isServed(kind, name));
  }
  const isServed = (kind: string, name: string): boolean => {
    if (kind === "Secret") return history.list(Secret).some(({ metadata }) => metadata.name === name);
    const found = history.list(ConfigMap).find(({ metadata }) => metadata.name === name);
    return found !== undefined && isGoodContent(found.data?.[contentKey] ?? "");
  };

  return {
    name: "a release that fails is given up",
    unsettled() {
      for (const object of liveWorkloads(history)) {
        const why = failing(object);
        if (why !== undefined) return why;
      }
      return undefined;
    },
  };
}
