/**
 * What configuration revisions promise (docs/reference/configuration-revisions.md): templates name immutable copies that are there,
 * an edit reaches who follows it and nothing else makes a revision, and copies live as long as anything needs them and no longer.
 */
import { ConfigMap } from "../../api/kinds/config-map/index.ts";
import { ControllerRevision } from "../../api/kinds/controller-revision/index.ts";
import { Pod } from "../../api/kinds/pod/index.ts";
import { ReplicaSet } from "../../api/kinds/replica-set/index.ts";
import { Secret } from "../../api/kinds/secret/index.ts";
import type { KindRef } from "../../api/kind.ts";
import type { AnyObject } from "../../api/meta/object.ts";
import { parseTime } from "../../base/time.ts";
import { contentKey } from "../fates.ts";
import { between, type Commit, type History, type ObjectRecord } from "../history.ts";
import { undoing } from "../spec.ts";
import type { Checker, Scene } from "./checker.ts";
import { isEnded, namedConfiguration } from "./pod-states.ts";
import { annotationOf, isWorkload, liveWorkloads, recordOf, templateMark, tenuresOf } from "./workloads.ts";

const component = "configuration";
/** A copy is kept for a minute in any case; times of objects are whole seconds. */
const youngestMs = 59_000;
const kinds = { ConfigMap, Secret } as unknown as Readonly<Record<string, KindRef<AnyObject>>>;
const namers = [Pod, ReplicaSet, ControllerRevision] as unknown as readonly KindRef<AnyObject>[];

interface Named {
  readonly kind: string;
  readonly name: string;
}

const isCopy = ({ metadata }: AnyObject): boolean => metadata.labels?.["windlass.dev/config-copy"] !== undefined;
const sourceOf = ({ metadata }: AnyObject): string => metadata.annotations?.["windlass.dev/config-source"] ?? "";
const contentOf = ({ data }: AnyObject): string => JSON.stringify(data?.[contentKey]);

/** Which of the sources a workload follows. */
function follows(object: AnyObject, source: string): boolean {
  const value = annotationOf(object, "config-revisions");
  return value === "true" || (value ?? "").split(",").includes(source);
}

/** What an object names in its template, whichever kind of namer it is. */
const namesOf = (object: AnyObject): Named[] =>
  object.kind === "Pod"
    ? isEnded(object as any)
      ? []
      : namedConfiguration(object as any)
    : namedConfiguration(object.spec?.template ?? object.data?.spec?.template);

const get = (history: History, { kind, name }: Named, beside: AnyObject): AnyObject | undefined =>
  history.get(kinds[kind] as KindRef<AnyObject>, { namespace: beside.metadata.namespace as string, name });

/** The references of a workload's template, seen through their copies. */
function lookedThrough(history: History, object: AnyObject) {
  return namedConfiguration(object.spec.template).map((named) => {
    const found = get(history, named, object);
    const sourceName = found && isCopy(found) ? sourceOf(found) : named.name;
    const source = get(history, { kind: named.kind, name: sourceName }, object);
    return { named, found, source: source && !isCopy(source) ? source : undefined, sourceName };
  });
}

export function configurationRevisions(scene: Scene): Checker {
  const { history, nowMs } = scene;
  /** Whether all that a workload names and follows holds what its sources hold. */
  const isCurrent = (object: AnyObject): boolean =>
    lookedThrough(history, object)
      .filter(({ sourceName }) => follows(object, sourceName))
      .every(({ found, source }) => found !== undefined && isCopy(found) && source !== undefined && contentOf(found) === contentOf(source));

  /** What a write of a workload may and must make of its template. */
  function written({ actor, before, after }: Commit): string | undefined {
    const [old, object] = [before as AnyObject | undefined, after as AnyObject];
    const seen = lookedThrough(history, object).filter(({ sourceName }) => follows(object, sourceName));
    const isChanged = old === undefined || templateMark(old) !== templateMark(object);
    for (const { named, found, source } of seen) {
      if (isChanged && !found && actor !== undoing && actor !== "rollback" && source)
        return `the template names ${named.name}, which is not there`;
      if (isChanged && source && found === source) return `the template names ${named.name} itself, and no copy`;
      if (actor === "user" && isChanged && found && source && contentOf(found) !== contentOf(source) && isApplied(old, object))
        return `what is applied gets ${named.name}, and that is not what ${source.metadata.name} says`;
    }
    if (!old || !isChanged) return undefined;
    if ((actor === "user" || actor === component) && isCurrent(old) && sameButConfiguration(old, object))
      return `${actor === "user" ? "the same was applied again" : "nothing was edited"}, and it became another revision`;
    return undefined;
  }

  /** A template that is written as a whole names its sources; a restart keeps what is named. */
  const isApplied = (old: AnyObject | undefined, object: AnyObject): boolean =>
    old === undefined || old.spec.template.spec.containers[0].image !== object.spec.template.spec.containers[0].image;

  /** A copy may go when each that might need it did not, for all that anybody could see of it. */
  function removed(copy: AnyObject): string | undefined {
    const [fromMs, toMs] = [nowMs() - scene.stalenessMs, nowMs()];
    const { name, namespace, creationTimestamp } = copy.metadata;
    const ageMs = toMs - (parseTime(creationTimestamp) ?? 0);
    if (ageMs < youngestMs) return `${copy.kind} ${name} goes after ${ageMs} ms`;
    const isNaming = (record: ObjectRecord<AnyObject>): boolean =>
      (record.versions[0]?.atMs ?? 0) <= fromMs &&
      [...between(record, fromMs, toMs)].every(
        ({ object }) => object && namesOf(object).some((named) => named.kind === copy.kind && named.name === name),
      );
    const workloads = liveWorkloads(history).map(({ metadata }) => recordOf(history, metadata.uid));
    const needing = [...namers.flatMap((kind) => history.records(kind)), ...workloads].find((record) => record && isNaming(record));
    if (needing) return `${copy.kind} ${name} goes, and ${needing.key} needs it`;
    const source = history.record(kinds[copy.kind as string] as KindRef<AnyObject>, {
      namespace: namespace as string,
      name: sourceOf(copy),
    });
    const isHeld = source && [...between(source, fromMs, toMs)].every(({ object }) => object && contentOf(object) === contentOf(copy));
    const follower =
      isHeld &&
      workloads.find(
        (record) =>
          record &&
          copy.metadata.ownerReferences?.some(({ uid }) => uid === record.uid) &&
          [...between(record, fromMs, toMs)].every(({ object }) => object && follows(object, sourceOf(copy))),
      );
    return follower ? `${copy.kind} ${name} goes, and is what ${sourceOf(copy)} says` : undefined;
  }

  function copyWritten({ actor, before, after }: Commit): string | undefined {
    const [old, copy] = [before as AnyObject | undefined, after as AnyObject | undefined];
    if (copy && isCopy(copy)) {
      if (copy.immutable !== true) return `${copy.kind} ${copy.metadata.name} may be changed`;
      if (old && contentOf(old) !== contentOf(copy))
        return `${copy.kind} ${copy.metadata.name} was ${contentOf(old)} and is ${contentOf(copy)}`;
    }
    if (!copy && old && actor === component) return isCopy(old) ? removed(old) : `${old.kind} ${old.metadata.name} goes, and is no copy`;
    if (copy && old && actor === component && !isCopy(copy)) return `${copy.kind} ${copy.metadata.name} is changed, and is no copy`;
    return undefined;
  }

  /** At rest: what runs names what is there. */
  function missing(): string | undefined {
    for (const pod of history.list(Pod) as unknown as AnyObject[]) {
      const named = namesOf(pod).find((each) => !get(history, each, pod));
      if (named) return `Pod ${pod.metadata.name} names ${named.kind} ${named.name}, which is not there`;
    }
    return undefined;
  }

  return {
    name: "configuration is kept with its revisions",
    commit(commit) {
      if (isWorkload(commit) && commit.after) return written(commit);
      return commit.kind in kinds ? copyWritten(commit) : undefined;
    },
    unsettled: () => missing() ?? left(scene),
  };
}

/** The same when nothing goes wrong any more and nobody has said anything yet: what people have deleted is missing then. */
export const configurationVerdict = (scene: Scene): Checker => ({
  name: "configuration comes to those who follow it",
  unsettled: () => left(scene),
});

/** Copies that nobody needs, and workloads that an edit has not reached. */
function left({ history }: Scene): string | undefined {
  const workloads = liveWorkloads(history);
  const needing = [...namers.flatMap((kind) => history.list(kind)), ...workloads];
  const copies = Object.values(kinds)
    .flatMap((kind) => history.list(kind))
    .filter(isCopy);
  for (const copy of copies) {
    const isNamed = needing.some((object) => namesOf(object).some(({ kind, name }) => kind === copy.kind && name === copy.metadata.name));
    const source = get(history, { kind: copy.kind as string, name: sourceOf(copy) }, copy);
    const isWanted = source && contentOf(source) === contentOf(copy) && workloads.some((object) => follows(object, sourceOf(copy)));
    if (!isNamed && !isWanted) return `${copy.kind} ${copy.metadata.name} is left, and nobody needs it`;
  }
  for (const object of workloads) {
    const record = recordOf(history, object.metadata.uid);
    const writer = record && tenuresOf(record).at(-1)?.actor;
    // What was brought back stays until the next edit.
    if (writer === undoing || writer === "rollback") continue;
    const stale = lookedThrough(history, object).find(
      ({ found, source, sourceName }) =>
        follows(object, sourceName) && source && (!found || !isCopy(found) || contentOf(found) !== contentOf(source)),
    );
    if (stale) return `${object.metadata.name} names ${stale.named.name}, and that is not what ${stale.sourceName} says`;
  }
  return undefined;
}

/** Whether nothing but names of configuration differs between two templates. */
function sameButConfiguration(a: AnyObject, b: AnyObject): boolean {
  const rest = ({ spec }: AnyObject): string => JSON.stringify([spec.template.metadata, spec.template.spec.containers[0].image]);
  return rest(a) === rest(b);
}
