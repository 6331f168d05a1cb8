/**
 * Writes Events about objects without ever blocking or failing its caller: repeated events become a count, many
 * similar ones become one, and a component that shouts about one object is cut short (API-110, API-111).
 */
import { isAlreadyExists, isNotFound } from "../api/errors.ts";
import { Event } from "../api/kinds/event/index.ts";
import type { KubeObject } from "../api/meta/object.ts";
import type { Event as EventObject, ObjectReference } from "../api/types.ts";
import { formatTime } from "../base/time.ts";
import type { World } from "../base/world.ts";
import type { Client } from "./client.ts";

/** So many different messages of one reason about one object within the interval stand alone; the tenth and all later ones share one event. */
const similarMax = 9;
const similarIntervalMs = 600_000;
const combinedPrefix = "(combined from similar events): ";
/** What one component may say about one object: a burst, then one event in five minutes. */
const spamBurst = 25;
const spamRefillMs = 300_000;
/** How many groups of events are remembered; the least recently used are forgotten first. */
const rememberedMax = 4096;
/** Events that wait to be written; more are dropped. */
const pendingMax = 5000;
/** A message longer than this is cut: the API takes no more. */
const messageMax = 1024;

export type EventType = "Normal" | "Warning";

export interface EventOptions {
  /** The part of the object that it is about, such as `spec.containers{app}`. */
  readonly fieldPath?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface EventRecorder {
  /** Records that something happened to an object. Returns at once. */
  event(object: KubeObject, type: EventType, reason: string, message: string, options?: EventOptions): void;
}

/** Makes recorders that share one queue of writes and one memory. */
export interface EventBroadcaster {
  /** A recorder that speaks as a component; `host` is the node it runs on, if that matters. */
  recorderFor(component: string, host?: string): EventRecorder;
  /** Resolves when everything recorded so far is written or given up. */
  flushed(): Promise<void>;
}

interface Similar {
  messages: Set<string>;
  lastMs: number;
}

interface Written {
  name: string;
  count: number;
  firstTimestamp: string;
}

interface Budget {
  tokens: number;
  refilledMs: number;
}

interface Pending {
  readonly event: EventObject;
  /** Events of one key are one object with a count. */
  readonly key: string;
}

/** Writes go through `client` one after another, in the order in which they were recorded. */
export function eventBroadcaster(options: { readonly client: Client; readonly world: World }): EventBroadcaster {
  const { client, world } = options;
  const { clock, log } = world;
  const similar = new Map<string, Similar>();
  const written = new Map<string, Written>();
  const budgets = new Map<string, Budget>();
  let pending: Pending[] = [];
  let writing: Promise<void> | undefined;
  let sequence = 0;

  /** Names are unique: the time in nanoseconds, as Kubernetes has it, with a counter in the last digits. */
  const nameFor = (object: string): string => {
    sequence = (sequence + 1) % 1_000_000;
    const stamp = BigInt(clock.now()) * 1_000_000n + BigInt(sequence);
    return `${object.slice(0, 236)}.${stamp.toString(16).padStart(16, "0")}`;
  };

  const hasBudget = (key: string, nowMs: number): boolean => {
    const budget = recall(budgets, key, () => ({ tokens: spamBurst, refilledMs: nowMs }));
    const refill = Math.floor((nowMs - budget.refilledMs) / spamRefillMs);
    if (refill > 0) {
      budget.tokens = Math.min(spamBurst, budget.tokens + refill);
      budget.refilledMs += refill * spamRefillMs;
    }
    if (budget.tokens === 0) return false;
    budget.tokens--;
    return true;
  };

  async function write({ event, key }: Pending): Promise<void> {
    const namespace = event.metadata.namespace as string;
    const known = written.get(key);
    if (known) {
      const count = known.count + 1;
      const patch = {
        count,
        lastTimestamp: event.lastTimestamp,
        message: event.message,
        ...(event.metadata.annotations && { metadata: { annotations: event.metadata.annotations } }),
      };
      try {
        await client.patch(Event, { namespace, name: known.name }, "strategic", patch);
        known.count = count;
        return;
      } catch (error) {
        if (!isNotFound(error)) throw error; // It has expired: begin a new one that goes on counting.
        event.count = count;
        event.firstTimestamp = known.firstTimestamp;
      }
    }
    try {
      await client.create(Event, event);
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      event.metadata.name = nameFor(event.involvedObject.name ?? "");
      await client.create(Event, event);
    }
    remember(written, key, {
      name: event.metadata.name as string,
      count: event.count as number,
      firstTimestamp: event.firstTimestamp as string,
    });
  }

  async function drain(): Promise<void> {
    while (pending.length > 0) {
      const batch = pending;
      pending = [];
      for (const item of batch) {
        try {
          await write(item);
        } catch (error) {
          log.debug("an event could not be written", { reason: item.event.reason, error: String(error) });
        }
      }
    }
    writing = undefined;
  }

  return {
    recorderFor: (component, host) => ({
      event(object, type, reason, message, eventOptions = {}) {
        const nowMs = clock.now();
        const regarding = referenceTo(object, eventOptions.fieldPath);
        const source = { component, ...(host !== undefined && { host }) };
        const objectKey = [component, host, regarding.kind, regarding.namespace, regarding.name, regarding.uid, regarding.apiVersion].join(
          " ",
        );
        if (!hasBudget(objectKey, nowMs) || pending.length >= pendingMax) return;
        const groupKey = [objectKey, regarding.fieldPath, type, reason].join(" ");
        const group = recall(similar, groupKey, () => ({ messages: new Set<string>(), lastMs: nowMs }));
        if (nowMs - group.lastMs > similarIntervalMs) group.messages.clear();
        group.lastMs = nowMs;
        let text = message.length > messageMax ? message.slice(0, messageMax) : message;
        let key = `${groupKey} ${text}`;
        if (group.messages.size < similarMax || group.messages.has(text)) group.messages.add(text);
        if (!group.messages.has(text)) {
          key = groupKey;
          text = `${combinedPrefix}${text}`.slice(0, messageMax);
        }
        const time = formatTime(nowMs);
        pending.push({
          key,
          event: {
            apiVersion: "v1",
            kind: "Event",
            metadata: {
              name: nameFor(regarding.name ?? ""),
              namespace: regarding.namespace ?? "default",
              ...(eventOptions.annotations && { annotations: { ...eventOptions.annotations } }),
            },
            involvedObject: regarding,
            reason,
            message: text,
            source,
            firstTimestamp: time,
            lastTimestamp: time,
            count: 1,
            type,
            reportingComponent: component,
            reportingInstance: host ?? "",
          },
        });
        writing ??= drain();
      },
    }),
    async flushed() {
      while (writing) await writing;
    },
  };
}

/** A reference to an object, as `involvedObject` has it. */
function referenceTo(object: KubeObject, fieldPath: string | undefined): ObjectReference {
  const { name, namespace, uid, resourceVersion } = object.metadata;
  return {
    apiVersion: object.apiVersion,
    kind: object.kind,
    ...(name !== undefined && { name }),
    ...(namespace !== undefined && { namespace }),
    ...(uid !== undefined && { uid }),
    ...(resourceVersion !== undefined && { resourceVersion }),
    ...(fieldPath !== undefined && { fieldPath }),
  };
}

/** The entry of a key, made when absent, and now the most recently used one. */
function recall<V>(memory: Map<string, V>, key: string, make: () => V): V {
  const value = memory.get(key) ?? make();
  memory.delete(key);
  remember(memory, key, value);
  return value;
}

function remember<V>(memory: Map<string, V>, key: string, value: V): void {
  memory.set(key, value);
  if (memory.size <= rememberedMax) return;
  for (const oldest of memory.keys()) {
    memory.delete(oldest);
    break;
  }
}
