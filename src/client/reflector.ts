/**
 * Keeps a picture of one kind: everything there is, then every change, over broken connections and forgotten
 * versions. Starts with one watch that sends the initial objects; where that is refused, with a list and a watch.
 */
import { isExpired, isTooManyRequests } from "../api/errors.ts";
import type { KindRef } from "../api/kind.ts";
import type { KubeObject, WatchEvent } from "../api/meta/object.ts";
import type { Timer } from "../base/clock.ts";
import { randomFloat, randomInt } from "../base/random.ts";
import type { World } from "../base/world.ts";
import { type Client, ConnectionError, type Watch } from "./client.ts";

const backOffBaseMs = 200;
const backOffCapMs = 30_000;
/** How long one watch lasts; picked at random so that many clients do not come back at the same instant. */
const watchSecondsMin = 300;
const watchSecondsMax = 600;
/** A watch that ends sooner than this, without an event, has failed. */
const shortestWatchMs = 1000;
/** A server that knows nothing of initial events never ends them: after this long, list instead (API-30). */
const initialEventsLimitMs = 15_000;
/** Annotation of the bookmark that ends the initial events (API-30). */
const initialEventsEnd = "k8s.io/initial-events-end";

export interface ReflectorOptions<T extends KubeObject> {
  readonly client: Client;
  readonly kind: KindRef<T>;
  readonly world: World;
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** This is all there is, as of now. Whatever else was known is gone. */
  replace(objects: readonly T[]): void;
  /** One change after that; never a BOOKMARK. */
  change(event: WatchEvent<T>): void;
}

export interface Reflector {
  /** Nothing is delivered after this. */
  close(): void;
}

/** Starts at once. Never fails: what goes wrong is logged and tried again. */
export function startReflector<T extends KubeObject>(options: ReflectorOptions<T>): Reflector {
  const { client, kind, world } = options;
  const { clock, random, log } = world;
  const where = {
    ...(options.namespace !== undefined && { namespace: options.namespace }),
    ...(options.labelSelector !== undefined && { labelSelector: options.labelSelector }),
    ...(options.fieldSelector !== undefined && { fieldSelector: options.fieldSelector }),
  };
  let closed = false;
  let watch: Watch | undefined;
  let timer: Timer | undefined;
  let failures = 0;
  /** Where to go on watching; undefined: start over. */
  let version: string | undefined;
  let initialEvents = true;
  /** When the present watch was opened, and whether it has brought anything. */
  let openedMs = 0;
  let isFruitful = false;

  const close = (): void => {
    closed = true;
    watch?.close();
    timer?.cancel();
  };

  const later = (error: unknown, what: string): void => {
    if (closed) return;
    const delayMs = Math.min(backOffBaseMs * 2 ** Math.min(failures, 10), backOffCapMs) * (1 + randomFloat(random));
    failures++;
    log.warn(`${what} ${kind.plural} failed`, { error: String(error), retryMs: Math.round(delayMs) });
    timer = clock.setTimer(delayMs, next);
  };

  function next(): void {
    if (closed) return;
    timer = undefined;
    if (version !== undefined) follow(version);
    else if (initialEvents) start();
    else void list();
  }

  /** Everything by one watch. */
  function start(): void {
    let pending: Map<string, T> | undefined = new Map();
    // `close` cancels it, for no other timer is set while a watch is open.
    const limit = clock.setTimer(initialEventsLimitMs, () => {
      watch?.close();
      initialEvents = false;
      next();
    });
    timer = limit;
    open({ sendInitialEvents: true }, "watching", {
      event(event) {
        if (!pending) return deliver(event);
        const { metadata } = event.object;
        if (event.type === "BOOKMARK") {
          if (metadata.annotations?.[initialEventsEnd] !== "true") return;
          limit.cancel();
          const objects = [...pending.values()];
          pending = undefined;
          failures = 0;
          version = metadata.resourceVersion;
          options.replace(objects);
          return;
        }
        const key = `${metadata.namespace ?? ""}/${metadata.name}`;
        if (event.type === "DELETED") pending.delete(key);
        else pending.set(key, event.object);
      },
      end(error) {
        limit.cancel();
        if (!pending) return ended(error);
        const passing = error === undefined || error instanceof ConnectionError || isTooManyRequests(error) || isExpired(error);
        if (passing) return later(error ?? "the stream ended before the initial events did", "watching");
        initialEvents = false; // API-31: any other refusal means that the server does not offer this.
        next();
      },
    });
  }

  async function list(): Promise<void> {
    try {
      const objects: T[] = [];
      let token: string | undefined;
      let listVersion = "";
      do {
        const page = await client.list(kind, { ...where, limit: 500, ...(token !== undefined && { continue: token }) });
        for (const object of page.items) objects.push(object);
        listVersion = page.resourceVersion;
        token = page.continue;
      } while (token !== undefined && token !== "");
      if (closed) return;
      failures = 0;
      version = listVersion;
      options.replace(objects);
    } catch (error) {
      return later(error, "listing");
    }
    next();
  }

  /** Changes after a version. */
  function follow(from: string): void {
    open({ resourceVersion: from }, "watching", { event: deliver, end: ended });
  }

  function open(
    how: { readonly resourceVersion?: string; readonly sendInitialEvents?: boolean },
    what: string,
    handler: { event(event: WatchEvent<T>): void; end(error?: Error): void },
  ): void {
    const timeoutSeconds = randomInt(random, watchSecondsMin, watchSecondsMax);
    openedMs = clock.monotonic();
    isFruitful = false;
    try {
      // A watch may deliver, and even end, before `watch` has returned it.
      let over = false;
      const opened = client.watch(
        kind,
        { ...where, ...how, allowWatchBookmarks: true, timeoutSeconds },
        {
          event(event) {
            if (closed || over) return;
            isFruitful = true;
            handler.event(event);
          },
          end(error) {
            if (closed || over) return;
            over = true;
            handler.end(error);
          },
        },
      );
      if (closed) opened.close();
      else if (!over) watch = opened;
    } catch (error) {
      if (how.sendInitialEvents) handler.end(error as Error);
      else later(error, what);
    }
  }

  function deliver(event: WatchEvent<T>): void {
    failures = 0;
    version = event.object.metadata.resourceVersion ?? version;
    if (event.type !== "BOOKMARK") options.change(event);
  }

  function ended(error?: Error): void {
    if (isExpired(error)) version = undefined; // The version is forgotten: start over.
    // A server, or a proxy before it, that ends every watch at once must not be asked again at once.
    if (error === undefined && !isFruitful && clock.monotonic() - openedMs < shortestWatchMs)
      later("the stream ended as soon as it began", "watching");
    else if (error === undefined || (isExpired(error) && failures++ === 0)) next();
    else later(error, "watching");
  }

  next();
  return { close };
}
