/**
 * Reads what explains a workload beside itself: events, the logs of containers that ended, claims and nodes of Pods that are stuck.
 * What may not be read, or is gone, is left out: an explanation with less evidence is better than none.
 */
import { Event } from "../../api/kinds/event/index.ts";
import { Node } from "../../api/kinds/node/index.ts";
import { PersistentVolumeClaim } from "../../api/kinds/persistent-volume-claim/index.ts";
import type { KindRef } from "../../api/kind.ts";
import type { KubeObject, ObjectKey } from "../../api/meta/object.ts";
import type { Event as EventObject, Node as NodeObject } from "../../api/types.ts";
import type { Client } from "../../client/client.ts";
import type { Transport } from "../../client/transport.ts";
import { listAll } from "../observe.ts";
import { safeText } from "../safe-text.ts";
import type { ContainerView, PodView, WorkloadSnapshot } from "../workload.ts";
import { type LogTail, logKey, type Related } from "./explanation.ts";

export interface LogRequest {
  readonly pod: ObjectKey;
  readonly container: string;
  /** Of the life before this one. */
  readonly previous: boolean;
  readonly linesMax: number;
  readonly bytesMax: number;
}

/** Reads the end of a log. Rejects where there is none. */
export type ReadLog = (request: LogRequest) => Promise<string>;

export interface GatherOptions {
  readonly client: Client;
  /** Absent: without logs. */
  readonly readLog?: ReadLog;
  /** Events that are known already, from a watch; absent: they are listed. */
  readonly events?: readonly EventObject[];
  /** Nodes that are known already; absent: they are read. */
  readonly nodes?: ReadonlyMap<string, NodeObject>;
  /** How many lines of a log are shown. */
  readonly logLines?: number;
}

const logLinesDefault = 10;
const logBytesMax = 4096;
const lineMaxChars = 500;
/** One log per cause is enough, and causes are few. */
const logsMax = 6;
const patienceMs = 5000;

/** What is known beside the workload, as far as it concerns what is not yet complete. */
export async function gather(snapshot: WorkloadSnapshot, options: GatherOptions): Promise<Related> {
  const { client } = options;
  const namespace = snapshot.key.namespace === undefined ? {} : { namespace: snapshot.key.namespace };
  const stuck = snapshot.pods.filter((pod) => !pod.available && !pod.ended);
  const claimNames = new Set(stuck.filter(({ node }) => node === undefined).flatMap(claimsOf));
  const nodeNames = new Set(stuck.map(({ node }) => node).filter((name) => name !== undefined));
  const [events, logs, claims, nodes] = await Promise.all([
    options.events ?? listAll(client, Event, namespace).catch(() => []),
    readLogs(snapshot, stuck, options),
    byName(client, PersistentVolumeClaim, claimNames, snapshot.key.namespace),
    options.nodes ?? (snapshot.kind.onePerNode ? allNodes(client) : byName(client, Node, nodeNames)),
  ]);
  return { events, logs, claims, nodes };
}

const claimsOf = (pod: PodView): string[] =>
  (pod.object.spec?.volumes ?? [])
    .map(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName)
    .filter((name) => name !== undefined);

/** Every node; none where they may not be read. */
async function allNodes(client: Client): Promise<Map<string, NodeObject>> {
  const nodes = await listAll(client, Node, {}).catch(() => []);
  return new Map(nodes.map((node) => [node.metadata.name as string, node]));
}

const namedMax = 10;

async function byName<T extends KubeObject>(
  client: Client,
  kind: KindRef<T>,
  names: ReadonlySet<string>,
  namespace?: string,
): Promise<Map<string, T>> {
  const found = new Map<string, T>();
  await Promise.all(
    [...names].slice(0, namedMax).map(async (name) => {
      const key = namespace === undefined ? { name } : { namespace, name };
      const object = await client.get(kind, key).catch(() => undefined);
      if (object) found.set(name, object);
    }),
  );
  return found;
}

/** Whose log says something: a container that ended badly, or runs and never gets ready. */
function tellingLog({ state, last, ready, role }: ContainerView): { readonly previous: boolean } | undefined {
  if (state.type === "terminated") return role === "init" && state.exitCode === 0 ? undefined : { previous: false };
  if (state.type === "running") {
    if (ready) return undefined;
    return { previous: last !== undefined };
  }
  return state.reason === "CrashLoopBackOff" ? { previous: false } : undefined;
}

async function readLogs(
  snapshot: WorkloadSnapshot,
  stuck: readonly PodView[],
  { readLog, logLines = logLinesDefault }: GatherOptions,
): Promise<Map<string, LogTail>> {
  const logs = new Map<string, LogTail>();
  if (!readLog || logLines <= 0) return logs;
  const seen = new Set<string>();
  const wanted: { readonly pod: PodView; readonly container: ContainerView; readonly previous: boolean }[] = [];
  for (const pod of stuck)
    for (const container of pod.containers) {
      const telling = pod.terminating ? undefined : tellingLog(container);
      const end = container.state.type === "terminated" ? container.state : container.last;
      const alike = [pod.revision, container.name, container.state.type, end?.reason, end?.exitCode].join("\n");
      if (!telling || seen.has(alike)) continue;
      seen.add(alike);
      wanted.push({ pod, container, ...telling });
    }
  await Promise.all(
    wanted.slice(0, logsMax).map(async ({ pod, container, previous }) => {
      const key = { ...snapshot.key, name: pod.name };
      const request = { pod: key, container: container.name, previous, linesMax: logLines + 1, bytesMax: logBytesMax };
      const text = await readLog(request).catch(() => "");
      const tail = logTail(text, logLines);
      if (tail.lines.length > 0) logs.set(logKey(pod.uid, container.name), tail);
    }),
  );
  return logs;
}

/** The last `linesMax` lines, harmless to a terminal, each of bounded length. */
export function logTail(text: string, linesMax: number): LogTail {
  const lines = safeText(text)
    .replace(/\n+$/, "")
    .split("\n")
    .map((line) => (line.length > lineMaxChars ? `${line.slice(0, lineMaxChars - 1)}…` : line));
  if (lines.length === 1 && lines[0] === "") return { lines: [], cut: false };
  return { lines: lines.slice(-linesMax), cut: lines.length > linesMax };
}

/** Logs over the wire, from any cluster. */
export const readLogOver =
  (transport: Transport): ReadLog =>
  async ({ pod, container, previous, linesMax, bytesMax }) => {
    const query = new URLSearchParams({
      container,
      tailLines: String(linesMax),
      limitBytes: String(bytesMax),
      ...(previous && { previous: "true" }),
    });
    const path = `/api/v1/namespaces/${pod.namespace}/pods/${pod.name}/log?${query}`;
    const { body } = await transport.must({ method: "GET", path, timeoutMs: patienceMs });
    return new TextDecoder().decode(body);
  };
