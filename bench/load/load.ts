/** Hands a job to a load generator in a process of its own, so that what it costs is not counted as the engine's. */
import { type ChildProcess, fork } from "node:child_process";
import { join } from "node:path";
import type { Access } from "./access.ts";

interface Common {
  readonly access: Access;
  readonly connections: number;
  readonly namespace: string;
}

/** Clients that send their next request when the last one is answered. */
export interface RequestJob extends Common {
  readonly job: "create" | "update" | "get" | "list" | "page";
  readonly clients: number;
  /** The load lasts so long. */
  readonly seconds: number;
  /** Objects that are there to be read: `object-0` and so on. */
  readonly count?: number;
  /** Instead of by answers, requests start at this rate. */
  readonly perSecond?: number;
}

/** Creates `object-0` to `object-(count-1)`. */
export interface FillJob extends Common {
  readonly job: "fill";
  readonly clients: number;
  readonly count: number;
}

/** Watches ConfigMaps until it is told to stop. */
export interface WatchJob extends Common {
  readonly job: "watch";
  readonly watchers: number;
  /** One more watcher that stops to read. */
  readonly stalled?: boolean;
}

export type Job = RequestJob | FillJob | WatchJob;

export interface RequestOutcome {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** To the first byte of the body. */
  readonly firstByteP50Ms: number;
  readonly answered: number;
  readonly failed: number;
  readonly bytes: number;
}

export interface WatchOutcome {
  readonly events: number;
  /** Of the events of the watchers whose events are read: the smallest and the largest number, and what was out of order. */
  readonly fewest: number;
  readonly most: number;
  readonly disorder: number;
  readonly ended: number;
  /** From the moment at which the writer sent the object. */
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Runs a job to its end. */
export async function load(job: RequestJob | FillJob): Promise<RequestOutcome> {
  const child = start(job);
  try {
    return (await message(child)) as RequestOutcome;
  } finally {
    child.kill();
  }
}

/** Starts watchers; resolves when all of them watch. `stop` gives what they saw. */
export async function watchers(job: WatchJob): Promise<{ reset(): Promise<void>; stop(): Promise<WatchOutcome> }> {
  const child = start(job);
  await message(child);
  return {
    async reset() {
      child.send("reset");
      await message(child);
    },
    async stop() {
      child.send("stop");
      const outcome = (await message(child)) as WatchOutcome;
      child.kill();
      return outcome;
    },
  };
}

function start(job: Job): ChildProcess {
  const child = fork(join(import.meta.dirname, "main.ts"), { execArgv: ["--disable-warning=ExperimentalWarning"] });
  child.send(job);
  return child;
}

function message(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const gone = (): void => reject(new Error("the load generator ended early"));
    child.once("exit", gone);
    child.once("message", (value) => {
      child.off("exit", gone);
      resolve(value);
    });
  });
}
