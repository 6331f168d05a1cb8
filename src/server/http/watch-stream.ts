/**
 * One watch over the wire (API-28 … API-37). An event is encoded once for all who watch; what happens within one turn
 * of the event loop goes out as one write. A client that does not read is cut off once a mebibyte waits for it, and
 * slows nobody: the store never waits for a watcher, and what waits is the bytes that all watchers share.
 */
import { ApiError, expired } from "../../api/errors.ts";
import type { Clock } from "../../base/clock.ts";
import type { Random } from "../../base/random.ts";
import { randomInt } from "../../base/random.ts";
import type { ApiWatchEvent, ApiWatchHandler, Stored } from "../api.ts";
import { utf8 } from "./answer.ts";
import type { ByteSink, Exchange } from "./exchange.ts";

/** What may wait for a watcher that reads nothing before it is cut off. */
const stalledMaxBytes = 1024 * 1024;
/** A watcher is taken to read nothing after this long. */
const stalledMs = 1000;
/** What may wait for any watcher, in whatever burst it came: one that reads, but never catches up, is cut off too. */
const burstMaxBytes = 16 * 1024 * 1024;
/** A watch without a time-out of its own ends within this range, so that clients spread over restarts (API-34). */
const timeoutMinSeconds = 1800;
const timeoutMaxSeconds = 3600;

/** An event's line as sent: `{"type":"ADDED","object":…}` and a newline. */
type EncodeEvent = (event: ApiWatchEvent) => Uint8Array;

const lines = { ADDED: new WeakMap(), MODIFIED: new WeakMap(), DELETED: new WeakMap(), BOOKMARK: new WeakMap() } as Record<
  ApiWatchEvent["type"],
  WeakMap<Stored, Uint8Array>
>;
const heads = {
  ADDED: utf8('{"type":"ADDED","object":'),
  MODIFIED: utf8('{"type":"MODIFIED","object":'),
  DELETED: utf8('{"type":"DELETED","object":'),
  BOOKMARK: utf8('{"type":"BOOKMARK","object":'),
};

/** The line of an event whose object goes out as stored; the same bytes for every watcher. */
export const encodePlainEvent: EncodeEvent = ({ type, stored }) => {
  const known = lines[type].get(stored);
  if (known) return known;
  const head = heads[type];
  const line = new Uint8Array(head.length + stored.json.length + 2);
  line.set(head);
  line.set(stored.json, head.length);
  line[line.length - 2] = 0x7d;
  line[line.length - 1] = 0x0a;
  lines[type].set(stored, line);
  return line;
};

export interface WatchStreamOptions {
  readonly exchange: Exchange;
  readonly contentType: string;
  readonly encode: EncodeEvent;
  readonly timeoutSeconds: number | undefined;
  readonly clock: Clock;
  readonly random: Random;
  /** Starts the watch; returns what ends it. Throws for options that can't be served. */
  subscribe(handler: ApiWatchHandler): () => void;
  /** Called once, when the watch is over. */
  onEnd?(): void;
}

/** Serves a watch until the client leaves, its time is up or the server ends it. Returns what ends it from outside. */
export function streamWatch(options: WatchStreamOptions): () => void {
  const { exchange, encode, clock } = options;
  let sink: ByteSink | undefined;
  let over = false;
  let unsubscribe: (() => void) | undefined;
  /** Events that come before the answer's head is out: those of the past are delivered while `subscribe` runs. */
  const pending: Uint8Array[] = [];

  const finish = (how: "end" | "destroy"): void => {
    if (over) return;
    over = true;
    timer?.cancel();
    unsubscribe?.();
    if (how === "end") sink?.end();
    else sink?.destroy();
    options.onEnd?.();
  };
  const send = (line: Uint8Array): void => {
    if (over) return;
    if (!sink) {
      pending.push(line);
      return;
    }
    sink.write(line);
    const waiting = sink.buffered - allowance;
    if (waiting > burstMaxBytes || (waiting > stalledMaxBytes && sink.blockedMs > stalledMs)) finish("destroy");
  };
  /** The initial events, which the client asked for in one piece, until they are read. */
  let allowance = 0;
  let timer: { cancel(): void } | undefined;

  unsubscribe = options.subscribe({
    event: (event) => send(encode(event)),
    end: (error) => {
      if (error !== undefined) {
        const status = error instanceof ApiError ? error.status : expired(error.message).status;
        send(utf8(`${JSON.stringify({ type: "ERROR", object: status })}\n`));
      }
      finish("end");
    },
  });
  if (over) unsubscribe();
  sink = exchange.open(200, { "content-type": options.contentType, "cache-control": "no-cache, private" });
  const opened = sink;
  exchange.onClose(() => finish("destroy"));
  for (const line of pending) {
    allowance += line.length;
    opened.write(line);
  }
  pending.length = 0;
  if (over) {
    opened.end();
    return () => {};
  }
  const seconds = options.timeoutSeconds ?? randomInt(options.random, timeoutMinSeconds, timeoutMaxSeconds);
  timer = clock.setTimer(seconds * 1000, () => finish("end"));
  opened.drained().then(
    () => {
      allowance = 0;
    },
    () => finish("destroy"),
  );
  return () => finish("end");
}
