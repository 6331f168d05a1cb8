/**
 * A workload's history as a ConfigMap beside it: `web.deployment.releases`, owned by the workload so that it goes with it.
 * `data.releases` is the list, one release a line; every other key is a template or a content under its digest, written once
 * however many releases share it. docs/reference/history.md describes it to users.
 */
import { ConfigMap } from "../../api/kinds/config-map/index.ts";
import type { KubeObject, ObjectKey } from "../../api/meta/object.ts";
import type { ConfigMap as ConfigMapObject } from "../../api/types.ts";
import { formatMicroTime, parseTime } from "../../base/time.ts";
import { canonicalJson } from "../../machinery/canonical-json.ts";
import { fnv1a32, safeEncode } from "../../machinery/hash.ts";
import { ownerReference } from "../../machinery/owners.ts";
import { hexText, sha256 } from "../../machinery/sha256.ts";
import { emptyHistory, type Release, type ReleaseHistory } from "./release.ts";

/** Label of every history; its value is the kind, in lower case. */
export const historyLabel = "windlass.dev/history-of";

const releasesKey = "releases";
const nameMaxChars = 253;
/** A ConfigMap may have 1 MiB; etcd refuses requests of 1.5 MiB. */
const historyMaxBytes = 900_000;
/** The list itself, without templates and contents. */
const releasesMaxBytes = 450_000;
/** A sentence that others wrote, such as a change cause, which may be as long as an annotation: 256 KiB. */
const sentenceMaxChars = 4096;
/** A content beyond this is remembered by its digest alone. */
const contentMaxChars = 256 * 1024;
/** Digests of this many hexadecimal digits: 128 bits. */
const digestChars = 32;

/** Times stand in the object as text that people can read. */
const timeFields = ["startedMs", "completedMs", "failedMs", "provenMs", "leftMs"] as const;

/** Sentences and names, which are text or are not there. */
const textFields = ["user", "impersonatedBy", "onBehalfOf", "manager", "changeCause", "reason"] as const;

/** The digest under which a text is remembered. */
export const digestOf = (text: string): string => hexText(sha256(new TextEncoder().encode(text))).slice(0, digestChars);

/** The key of the ConfigMap that holds a workload's history. */
export function historyKeyOf(workload: KubeObject): ObjectKey {
  const { name = "", namespace } = workload.metadata;
  const suffix = `.${workload.kind.toLowerCase()}.releases`;
  const room = nameMaxChars - suffix.length;
  const hash = safeEncode(String(fnv1a32(new TextEncoder().encode(name))));
  const short = name.length <= room ? name : `${name.slice(0, room - 1 - hash.length)}-${hash}`;
  return { ...(namespace !== undefined && { namespace }), name: `${short}${suffix}` };
}

/** Whether a history is this very workload's, and not that of one which had its name before. */
export const isHistoryOf = (configMap: ConfigMapObject, workload: KubeObject): boolean =>
  configMap.metadata.ownerReferences?.some(({ uid }) => uid === workload.metadata.uid) ?? false;

/** Reads a history. What can't be read is as if it were not there: histories are objects that anybody may edit. */
export function decodeHistory({ data = {} }: ConfigMapObject): ReleaseHistory {
  const { [releasesKey]: text = "[]", ...texts } = data;
  let entries: unknown;
  try {
    entries = JSON.parse(text);
  } catch {
    return emptyHistory;
  }
  if (!Array.isArray(entries)) return emptyHistory;
  return { releases: entries.map(decodeRelease).filter((release) => release !== undefined), texts };
}

function decodeRelease(entry: any): Release | undefined {
  if (typeof entry !== "object" || entry === null) return undefined;
  const release: Record<string, unknown> = { images: {}, configuration: [], outcome: "unknown", ...entry };
  for (const field of timeFields) {
    const { [nameOf(field)]: text } = entry;
    delete release[nameOf(field)];
    const ms = parseTime(text);
    if (ms !== undefined) release[field] = ms;
  }
  for (const field of textFields) if (typeof release[field] !== "string") delete release[field];
  const isWhole = Number.isInteger(release.number) && typeof release.template === "string" && release.startedMs !== undefined;
  return isWhole ? (release as unknown as Release) : undefined;
}

const nameOf = (field: (typeof timeFields)[number]): string => field.slice(0, -2);

/** The ConfigMap of a workload's history; `present` is the one that it replaces. */
export function encodeHistory(workload: KubeObject, history: ReleaseHistory, present?: ConfigMapObject): ConfigMapObject {
  const { releases, texts } = history;
  const lines = releases.map((release) => canonicalJson(encodeRelease(release)));
  return {
    apiVersion: ConfigMap.version,
    kind: ConfigMap.kind,
    metadata: {
      ...(present?.metadata ?? historyKeyOf(workload)),
      labels: {
        ...present?.metadata.labels,
        "app.kubernetes.io/managed-by": "windlass",
        [historyLabel]: workload.kind.toLowerCase(),
      },
      ownerReferences: [ownerReference(workload)],
    },
    data: { [releasesKey]: `[\n${lines.join(",\n")}\n]\n`, ...texts },
  };
}

function encodeRelease(release: Release): Record<string, unknown> {
  const entry: Record<string, unknown> = { ...release };
  for (const field of timeFields) {
    delete entry[field];
    const ms = release[field];
    if (ms !== undefined) entry[nameOf(field)] = formatMicroTime(ms);
  }
  return entry;
}

/** A sentence as it is remembered: what is too long is cut. */
export const shortened = (text: string): string => (text.length <= sentenceMaxChars ? text : `${text.slice(0, sentenceMaxChars - 1)}…`);

/** The history with a further text, under its digest; without it where it is too long to be kept. */
export const withText = (history: ReleaseHistory, digest: string, text: string): ReleaseHistory =>
  text.length > contentMaxChars || history.texts[digest] !== undefined
    ? history
    : { ...history, texts: { ...history.texts, [digest]: text } };

/**
 * The history within its bounds: at most `keep` releases and what a ConfigMap holds. The oldest go first, but never the newest
 * and never the last that was proven good; of what stays, the oldest contents give way before templates do.
 */
export function bounded(history: ReleaseHistory, keep: number): ReleaseHistory {
  const { releases } = history;
  const proven = releases.findLast(({ provenMs }) => provenMs !== undefined);
  const first = Math.max(0, releases.length - Math.max(1, keep));
  let within = releases.filter((release, index) => index >= first || release === proven);
  while (sum(within, sizeOf) > releasesMaxBytes) {
    const oldest = within.find((release, index) => release !== proven && index < within.length - 1);
    if (!oldest) break;
    within = within.filter((release) => release !== oldest);
  }
  const kept = within.length === releases.length ? releases : within;
  const texts = textsWithin(kept, history.texts);
  return kept === releases && texts === history.texts ? history : { releases: kept, texts };
}

function textsWithin(releases: readonly Release[], texts: ReleaseHistory["texts"]): ReleaseHistory["texts"] {
  // What matters most comes first: templates from the newest back, then contents in the same order.
  const newestFirst = releases.toReversed();
  const wanted = new Set<string>();
  for (const { template } of newestFirst) wanted.add(template);
  for (const { applied, configuration } of newestFirst) {
    if (applied !== undefined) wanted.add(applied);
    for (const { digest } of configuration) if (digest !== undefined) wanted.add(digest);
  }
  let room = historyMaxBytes - sum(releases, sizeOf);
  const kept: Record<string, string> = {};
  for (const digest of wanted) {
    const text = texts[digest];
    const size = text === undefined ? 0 : bytesIn(text) + digest.length;
    if (text === undefined || size > room) continue;
    room -= size;
    kept[digest] = text;
  }
  return Object.keys(kept).length === Object.keys(texts).length ? texts : kept;
}

/** What a release takes up: its line. */
const sizeOf = (release: Release): number => bytesIn(canonicalJson(encodeRelease(release)));

const encoder = new TextEncoder();
const bytesIn = (text: string): number => encoder.encode(text).length;

const sum = <T>(list: readonly T[], size: (entry: T) => number): number => list.reduce((total, entry) => total + size(entry), 0);
