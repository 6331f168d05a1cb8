/** Waits until one object is as somebody wants it, by a watch that is begun anew when it ends. */
import { ApiError, isNotFound } from "../../api/errors.ts";
import type { AnyObject, ObjectKey } from "../../api/meta/object.ts";
import { type Clock, sleep } from "../../base/clock.ts";
import type { Connection } from "../connection.ts";
import type { Found } from "./selection.ts";

/** Between a watch that ended and the next look. */
const againMs = 200;

export interface FollowOptions {
  readonly clock: Clock;
  /** How long; undefined: without end. 0: look once. */
  readonly withinMs: number | undefined;
  readonly signal: AbortSignal;
}

/** The time was over first. */
export class FollowTimeout extends Error {
  constructor() {
    super("timed out waiting for the condition");
    this.name = "FollowTimeout";
  }
}

/**
 * Resolves with the object, or undefined for one that is not there, as soon as `test` says yes to it. Throws `FollowTimeout`,
 * what the server refuses, and the signal's reason.
 */
export async function followObject(
  { client }: Pick<Connection, "client">,
  { resource, namespace, name }: Pick<Found, "resource" | "namespace" | "name">,
  test: (object: AnyObject | undefined) => boolean,
  { clock, withinMs, signal }: FollowOptions,
): Promise<AnyObject | undefined> {
  const key: ObjectKey = namespace === undefined ? { name } : { namespace, name };
  const deadline = withinMs === undefined ? Number.POSITIVE_INFINITY : clock.monotonic() + withinMs;
  for (;;) {
    const object = await client.get(resource, key).catch((error: unknown) => {
      if (isNotFound(error)) return undefined;
      throw error;
    });
    if (test(object)) return object;
    const leftMs = deadline - clock.monotonic();
    if (leftMs <= 0) throw new FollowTimeout();
    // Of an object that is not there yet nothing says from which version on to watch.
    const seen = object && (await nextMatch(object, leftMs));
    if (seen) return seen.object;
    await sleep(clock, Math.min(againMs, Math.max(0, deadline - clock.monotonic())), signal);
  }

  /** undefined when the watch or the time ended first. */
  function nextMatch(from: AnyObject, leftMs: number): Promise<{ object: AnyObject | undefined } | undefined> {
    return new Promise((resolve, reject) => {
      const over = (finish: () => void): void => {
        timer?.cancel();
        watch.close();
        signal.removeEventListener("abort", aborted);
        finish();
      };
      const aborted = (): void => over(() => reject(signal.reason));
      const timer = Number.isFinite(leftMs) ? clock.setTimer(leftMs, () => over(() => resolve(undefined))) : undefined;
      const watch = client.watch(
        resource,
        {
          ...(namespace !== undefined && { namespace }),
          fieldSelector: `metadata.name=${name}`,
          resourceVersion: from.metadata.resourceVersion ?? "",
        },
        {
          event({ type, object }) {
            if (type === "BOOKMARK") return;
            const now = type === "DELETED" ? undefined : object;
            if (test(now)) over(() => resolve({ object: now }));
          },
          end: (error) => over(() => (error instanceof ApiError && error.code !== 410 ? reject(error) : resolve(undefined))),
        },
      );
      if (signal.aborted) aborted();
      else signal.addEventListener("abort", aborted, { once: true });
    });
  }
}
