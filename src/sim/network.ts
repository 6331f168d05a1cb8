/**
 * What stands between the controllers and the server: requests take time, caches hear late, writes fail before or after they
 * took effect, watches break, and the controllers' process dies at any write. All of it follows from the seed.
 *
 * Everybody's writes go one after another through `exclusive`, so that each commit is known to be somebody's.
 */
import { expired, internal } from "../api/errors.ts";
import type { KindRef } from "../api/kind.ts";
import { type AnyObject, type KubeObject, keyOf, keyText, type ObjectKey } from "../api/meta/object.ts";
import type { Clock } from "../base/clock.ts";
import { type Random, randomInt } from "../base/random.ts";
import { type Client, ConnectionError, type Watch, type WatchHandler } from "../client/client.ts";
import type { WriteFault } from "./spec.ts";

export interface NetworkOptions {
  /** Straight to the server, nothing in between. */
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  readonly watchDelayMaxMs: number;
  readonly latencyMaxMs: number;
  /** A fault is about to strike, in one sentence. */
  note(sentence: string): void;
}

/** A process that may die and begin anew; its writes are counted through all its lives. */
export interface LineOptions {
  readonly writeFaults: readonly WriteFault[];
  /** It has died at one of its writes; `downMs` later the next one may begin. */
  crashed(downMs: number): void;
}

/** The requests of one process. */
export interface Connection {
  /** The client of one component of the process. */
  clientOf(component: string): Client;
  /** Nothing is answered or delivered any more, and nothing is sent. */
  cut(): void;
}

export interface Network {
  /** What a process reaches the server by: each life of it connects once. */
  line(options: LineOptions): () => Connection;
  /** A client without any faults, whose commits are known to be `actor`'s. */
  directly(actor: string): Client;
  /** Whose commit is being made now. */
  readonly writer: { readonly actor: string; readonly byController: boolean } | undefined;
  /** Breaks every watch of every connection. */
  breakWatches(how: { readonly expired: boolean }): void;
  /** From now on everything works and nothing takes time. */
  calm(): void;
  /** How many writes were done whose answer was lost: whoever made them can't know. */
  readonly unanswered: readonly { readonly atMs: number; readonly verb: string; readonly kind: string }[];
}

/** Methods of `Client` that write. */
const writing = ["create", "update", "patch", "delete", "deleteCollection", "createSubresource"] as const;
type WriteVerb = (typeof writing)[number];

const never = <T>(): Promise<T> => new Promise<T>(() => {});

export function createNetwork(options: NetworkOptions): Network {
  const { client, clock, random, note } = options;
  const planned = new Set<Map<number, WriteFault>>();
  const unanswered: { atMs: number; verb: string; kind: string }[] = [];
  const open = new Set<(how: { readonly expired: boolean }) => void>();
  let { watchDelayMaxMs, latencyMaxMs } = options;
  let touches = 0;
  let writer: { readonly actor: string; readonly byController: boolean } | undefined;
  let tail: Promise<unknown> = Promise.resolve();

  function exclusive<T>(who: { readonly actor: string; readonly byController: boolean }, task: () => Promise<T>): Promise<T> {
    const run = tail.then(async () => {
      writer = who;
      try {
        return await task();
      } finally {
        writer = undefined;
      }
    });
    tail = run.catch(() => {});
    return run;
  }

  const pause = (maxMs: number): Promise<void> | undefined =>
    maxMs === 0 ? undefined : new Promise((resolve) => clock.setTimer(randomInt(random, 0, maxMs), resolve));

  function line({ writeFaults, crashed }: LineOptions): () => Connection {
    const faults = new Map(writeFaults.map((fault) => [fault.write, fault]));
    planned.add(faults);
    let writes = 0;
    return () => connect({ faultOfNext: () => faults.get(++writes), crashed });
  }

  function connect({ faultOfNext, crashed }: { faultOfNext(): WriteFault | undefined; crashed(downMs: number): void }): Connection {
    let isDead = false;
    const die = ({ downMs }: WriteFault): void => {
      if (isDead) return;
      isDead = true;
      crashed(downMs);
    };

    async function write<T>(component: string, verb: WriteVerb, what: Target, send: () => Promise<T>): Promise<T> {
      if (isDead) return never();
      await pause(latencyMaxMs);
      if (isDead) return never();
      const fault = faultOfNext();
      if (fault) note(`${fault.what} at write ${fault.write}, ${component}: ${verb} ${what.text}`);
      if (fault?.what === "crash-before") {
        die(fault);
        return never();
      }
      if (fault?.what === "refused") throw internal("the simulated server is out of order");
      if (fault?.what === "request-lost") throw new ConnectionError("the simulated request is lost");
      if (fault?.what === "outrun") await touch(what);
      const answer = await exclusive({ actor: component, byController: true }, send);
      if (fault?.what === "crash-after") die(fault);
      if (isDead) return never();
      await pause(latencyMaxMs);
      if (isDead) return never();
      if (fault?.what === "answer-lost") {
        unanswered.push({ atMs: clock.now(), verb, kind: what.kind.kind });
        throw new ConnectionError("the simulated answer is lost");
      }
      return answer;
    }

    async function read<T>(send: () => Promise<T>): Promise<T> {
      if (isDead) return never();
      await pause(latencyMaxMs);
      const answer = isDead ? await never<T>() : await send();
      await pause(latencyMaxMs);
      return isDead ? never() : answer;
    }

    return {
      clientOf: (component) => ({
        get: (kind, key, get) => read(() => client.get(kind, key, get)),
        list: (kind, list) => read(() => client.list(kind, list)),
        watch: (kind, watch, handler) =>
          lateWatch(
            handler,
            (inner) => client.watch(kind, watch, inner),
            () => isDead,
          ),
        ...(writersOf(client, (verb, what, send) => write(component, verb, what, send)) as Writers),
      }),
      cut() {
        isDead = true;
      },
    };
  }

  /** Changes an object as somebody would who has nothing to do with it. */
  async function touch({ kind, key }: Target): Promise<void> {
    if (!key?.name) return;
    const patch = { metadata: { annotations: { "simulation/touched": String(++touches) } } };
    await exclusive({ actor: "fault", byController: false }, () => client.patch(kind, key, "merge", patch)).catch(() => {});
  }

  /** Delivers in order, each event after a delay of its own, unless the watch is closed or broken before. */
  function lateWatch<T extends KubeObject>(
    handler: WatchHandler<T>,
    begin: (inner: WatchHandler<T>) => Watch,
    isDead: () => boolean,
  ): Watch {
    let isOver = false;
    let dueMs = 0;
    const later = (deliver: () => void): void => {
      if (watchDelayMaxMs === 0 && dueMs <= clock.now()) {
        deliver();
        return;
      }
      dueMs = Math.max(dueMs, clock.now() + (watchDelayMaxMs === 0 ? 0 : randomInt(random, 0, watchDelayMaxMs)));
      clock.setTimer(dueMs - clock.now(), deliver);
    };
    const end = (error?: Error): void => {
      if (isOver) return;
      isOver = true;
      open.delete(broken);
      if (!isDead()) handler.end(error);
    };
    const broken = (how: { readonly expired: boolean }): void => {
      inner?.close();
      end(how.expired ? expired("the simulated server has forgotten this version") : new ConnectionError("the simulated watch broke"));
    };
    open.add(broken);
    // A watch may deliver before `begin` returns.
    let inner: Watch | undefined;
    inner = begin({
      event: (event) =>
        later(() => {
          if (!isOver && !isDead()) handler.event(event);
        }),
      end: (error) => later(() => end(error)),
    });
    return {
      close() {
        isOver = true;
        open.delete(broken);
        inner?.close();
      },
    };
  }

  return {
    line,
    directly: (actor) => ({
      ...client,
      ...(writersOf(client, (_verb, _what, send) => exclusive({ actor, byController: false }, send)) as Writers),
    }),
    get writer() {
      return writer;
    },
    breakWatches(how) {
      for (const end of [...open]) end(how);
    },
    calm() {
      watchDelayMaxMs = 0;
      latencyMaxMs = 0;
      for (const faults of planned) faults.clear();
    },
    unanswered,
  };
}

/** What a write is about. */
interface Target {
  readonly kind: KindRef;
  readonly key: ObjectKey | undefined;
  readonly text: string;
}

type Writers = Pick<Client, WriteVerb>;
type Through = (verb: WriteVerb, what: Target, send: () => Promise<unknown>) => Promise<unknown>;

/** The writing half of a client, every call of which goes through `through`. */
function writersOf(client: Client, through: Through): Record<WriteVerb, (...args: any[]) => Promise<unknown>> {
  const wrapped = {} as Record<WriteVerb, (...args: any[]) => Promise<unknown>>;
  for (const verb of writing) {
    const call = client[verb] as (...args: any[]) => Promise<unknown>;
    wrapped[verb] = (...args) => through(verb, targetOf(args[0], args[1]), () => call(...args));
  }
  return wrapped;
}

/** Writers name their object by a key or hand it over. */
function targetOf(kind: KindRef, subject: ObjectKey | AnyObject): Target {
  const key = "metadata" in subject ? (subject.metadata.name ? keyOf(subject as AnyObject) : undefined) : (subject as ObjectKey);
  const name = key?.name ? keyText(key) : `${(subject as AnyObject).metadata?.generateName ?? ""}*`;
  return { kind, key, text: `${kind.kind} ${name}` };
}
