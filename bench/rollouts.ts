/** Workloads rolled over the wire, as kubectl would: written, and watched until they are complete. */
import { setTimeout as sleep } from "node:timers/promises";
import type { DaemonSet, Deployment, Pod, PodTemplateSpec, StatefulSet } from "../src/api/types.ts";
import type { Access } from "./load/access.ts";
import { type Connection, headers, openConnection } from "./load/http2-connection.ts";

const patienceMs = 300_000;

/** What rolls Pods. */
export type Workload = Deployment | StatefulSet | DaemonSet;

/** A kind of workload, as far as its rollouts are measured. */
export interface Rolled<T extends Workload> {
  readonly path: string;
  /** Whether all Pods are as the spec says, and there are no others. */
  isComplete(workload: T): boolean;
}

/** Deployments of the default namespace. */
export const deployments: Rolled<Deployment> = {
  path: "/apis/apps/v1/namespaces/default/deployments",
  isComplete({ spec, status }) {
    const wanted = spec?.replicas ?? 1;
    return status?.replicas === wanted && status.updatedReplicas === wanted && status.availableReplicas === wanted;
  },
};

/** StatefulSets of the default namespace. */
export const statefulSets: Rolled<StatefulSet> = {
  path: "/apis/apps/v1/namespaces/default/statefulsets",
  isComplete({ spec, status }) {
    const wanted = spec?.replicas ?? 1;
    return status?.replicas === wanted && status.updatedReplicas === wanted && status.readyReplicas === wanted;
  },
};

/** DaemonSets of the default namespace. */
export const daemonSets: Rolled<DaemonSet> = {
  path: "/apis/apps/v1/namespaces/default/daemonsets",
  isComplete({ status }) {
    const wanted = status?.desiredNumberScheduled ?? 0;
    return wanted > 0 && status?.updatedNumberScheduled === wanted && status.numberAvailable === wanted;
  },
};

/** A template whose simulated Pods end at once. */
export const templateOf = (name: string, version: number): PodTemplateSpec => ({
  metadata: { labels: { app: name } },
  spec: { terminationGracePeriodSeconds: 0, containers: [{ name: "app", image: `app:${version}` }] },
});

/** A Deployment of simulated Pods, with the surge and unavailability that Kubernetes chooses by itself. */
export const deploymentOf = (name: string, replicas: number, version: number): Deployment =>
  ({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, namespace: "default" },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: "25%", maxUnavailable: "25%" } },
      template: templateOf(name, version),
    },
  }) as Deployment;

/** Sends one request; resolves with the parsed answer. Throws when it is no success. */
export function send(connection: Connection, access: Access, method: string, path: string, body?: unknown): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let code = 0;
    const type = method === "PATCH" ? "application/merge-patch+json" : "application/json";
    const block = headers(access, method, path, body === undefined ? {} : { "content-type": type });
    connection.request(block, body === undefined ? undefined : Buffer.from(JSON.stringify(body)), {
      status: (value) => (code = value),
      data: (chunk) => void parts.push(Buffer.from(chunk)),
      end(error) {
        const text = Buffer.concat(parts).toString("utf8");
        if (error) reject(error);
        else if (code > 299) reject(new Error(`${method} ${path} was answered with ${code}: ${text.slice(0, 300)}`));
        else resolve(JSON.parse(text));
      },
    });
  });
}

interface WatchLine<T> {
  readonly type: string;
  readonly object: T;
}

/**
 * Watches a path and hands over every event; resolves when the watch has begun. A server may end a watch at any time;
 * then it goes on from the last version that was seen.
 */
export function watch<T extends { metadata: { resourceVersion?: string } }>(
  connection: Connection,
  access: Access,
  path: string,
  event: (event: WatchLine<T>) => void,
): Promise<void> {
  let last = "0";
  const begin = (): Promise<void> =>
    new Promise((resolve, reject) => {
      let rest: Buffer[] = [];
      const query = `${path.includes("?") ? "&" : "?"}watch=true&resourceVersion=${last}`;
      connection.request(headers(access, "GET", path + query), undefined, {
        status: (code) => (code === 200 ? resolve() : reject(new Error(`a watch was answered with ${code}`))),
        data(chunk) {
          let from = 0;
          for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
            const line = JSON.parse(Buffer.concat([...rest, chunk.subarray(from, end)]).toString("utf8")) as WatchLine<T>;
            rest = [];
            from = end + 1;
            if (line.type === "ERROR") throw new Error(`a watch ended: ${JSON.stringify(line.object)}`);
            last = line.object.metadata.resourceVersion ?? last;
            event(line);
          }
          if (from < chunk.length) rest.push(Buffer.from(chunk.subarray(from)));
        },
        end(error) {
          if (!error) void begin();
        },
      });
    });
  return begin();
}

export interface Watching<T extends Workload> {
  readonly kind: Rolled<T>;
  /** Resolves when the workload, seen at `generation` or later, is rolled out whole. */
  complete(name: string, generation: number): Promise<void>;
  close(): void;
}

/** Follows all workloads of a kind on a connection of its own. */
export async function watchRollouts<T extends Workload>(access: Access, kind: Rolled<T>): Promise<Watching<T>> {
  const connection = await openConnection(access);
  const seen = new Map<string, T>();
  let waiting: (() => void)[] = [];
  await watch<T>(connection, access, kind.path, ({ object }) => {
    seen.set(object.metadata.name as string, object);
    const ready = waiting;
    waiting = [];
    for (const look of ready) look();
  });
  return {
    kind,
    complete(name, generation) {
      return new Promise((resolve, reject) => {
        const deadline = setTimeout(
          () => reject(new Error(`${name} is not complete: ${JSON.stringify(seen.get(name)?.status)}`)),
          patienceMs,
        );
        // A rollout that nobody waits for any more, because its engine was killed, must not keep the process.
        deadline.unref();
        const look = (): void => {
          const workload = seen.get(name);
          if (workload && (workload.status?.observedGeneration ?? 0) >= generation && kind.isComplete(workload)) {
            clearTimeout(deadline);
            resolve();
          } else waiting.push(look);
        };
        look();
      });
    },
    close: () => connection.close(),
  };
}

/** Writes a workload (POST: a new one; PATCH: its containers) and waits until it is rolled out. Returns the milliseconds. */
export async function rollout<T extends Workload>(
  access: Access,
  watching: Watching<T>,
  method: "POST" | "PATCH",
  workload: T,
): Promise<number> {
  const connection = await openConnection(access);
  const { path } = watching.kind;
  const name = workload.metadata.name as string;
  const containers = workload.spec?.template?.spec?.containers;
  const start = performance.now();
  const written = (
    method === "POST"
      ? await send(connection, access, "POST", path, workload)
      : await send(connection, access, "PATCH", `${path}/${name}`, { spec: { template: { spec: { containers } } } })
  ) as T;
  await watching.complete(name, written.metadata.generation as number);
  const ms = performance.now() - start;
  connection.close();
  return ms;
}

/** Deletes a workload; resolves when its Pods are gone. */
export async function remove(access: Access, kind: Rolled<never>, name: string): Promise<void> {
  const connection = await openConnection(access);
  await send(connection, access, "DELETE", `${kind.path}/${name}`);
  const pods = `/api/v1/namespaces/default/pods?limit=1&labelSelector=app%3D${name}`;
  while (((await send(connection, access, "GET", pods)) as { items: unknown[] }).items.length > 0) await sleep(10);
  connection.close();
}

export interface Budget {
  /** How many events were looked at. */
  readonly events: number;
  /** Events after which fewer Pods were available, or more existed, than the workload promises. */
  readonly broken: number;
  readonly fewestAvailable: number;
  readonly mostPods: number;
}

/** Counts the Pods of a workload after every event of a watch; call it when all of them are there. */
export async function watchBudget(access: Access, name: string, fewest: number, most: number): Promise<() => Budget> {
  const connection = await openConnection(access);
  const available = new Set<string>();
  const alive = new Set<string>();
  let complete = false;
  let events = 0;
  let broken = 0;
  let fewestAvailable = Number.POSITIVE_INFINITY;
  let mostPods = 0;
  await watch<Pod>(connection, access, `/api/v1/namespaces/default/pods?labelSelector=app%3D${name}`, ({ type, object }) => {
    const { uid, deletionTimestamp } = object.metadata as { uid: string; deletionTimestamp?: string };
    const gone = type === "DELETED" || deletionTimestamp !== undefined;
    if (gone) alive.delete(uid);
    else alive.add(uid);
    if (!gone && object.status?.conditions?.some((condition) => condition.type === "Ready" && condition.status === "True"))
      available.add(uid);
    else available.delete(uid);
    complete ||= available.size >= fewest;
    if (!complete) return;
    events++;
    fewestAvailable = Math.min(fewestAvailable, available.size);
    mostPods = Math.max(mostPods, alive.size);
    if (available.size < fewest || alive.size > most) broken++;
  });
  return () => {
    connection.close();
    return { events, broken, fewestAvailable, mostPods };
  };
}
