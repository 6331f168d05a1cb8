/**
 * One leader among several processes that want to be it, by a Lease that the leader keeps renewing. Clocks need not
 * agree: a candidate measures, on its own clock, how long the Lease has not changed.
 */
import { isAlreadyExists, isConflict, isNotFound } from "../api/errors.ts";
import { Lease } from "../api/kinds/lease/index.ts";
import type { ObjectKey } from "../api/meta/object.ts";
import type { Lease as LeaseObject } from "../api/types.ts";
import type { Timer } from "../base/clock.ts";
import { randomFloat } from "../base/random.ts";
import { formatMicroTime } from "../base/time.ts";
import type { World } from "../base/world.ts";
import type { Client } from "./client.ts";

export interface LeaderElectionOptions {
  readonly client: Client;
  readonly world: World;
  readonly lease: ObjectKey;
  /** Unique among the candidates. */
  readonly identity: string;
  /** How long the others wait for a silent leader. Default 15 s. */
  readonly leaseMs?: number;
  /** A leader that could not renew for this long gives up; less than `leaseMs`. Default 10 s. */
  readonly renewDeadlineMs?: number;
  /** Between two attempts, with up to a fifth more at random. Default 2 s. */
  readonly retryMs?: number;
  onStarted(): void;
  /** Leading is over, for whatever reason; what `onStarted` began must stop at once. */
  onStopped(): void;
}

export interface LeaderElection {
  readonly isLeader: boolean;
  /** Stops, and lets go of the Lease so that another need not wait for it to run out. */
  close(): Promise<void>;
}

/** Takes part from now on; tries again after leading has ended. */
export function startLeaderElection(options: LeaderElectionOptions): LeaderElection {
  const { client, world, lease: key, identity } = options;
  const { clock, random, log } = world;
  const leaseMs = options.leaseMs ?? 15_000;
  const renewDeadlineMs = options.renewDeadlineMs ?? 10_000;
  const retryMs = options.retryMs ?? 2000;
  let isLeader = false;
  let closed = false;
  let timer: Timer | undefined;
  /** The Lease as last seen, and when it was first seen so. */
  let seen: { readonly version: string; readonly atMs: number } | undefined;
  let renewedMs = 0;
  /** An attempt takes longer than its turn where the server is slow: never two at once. */
  let attempt: Promise<void> | undefined;

  /** `askedMs` is when the renewal was sent: the others count from when it arrives, so from then on at the earliest. */
  const lead = (askedMs: number): void => {
    if (closed) return;
    renewedMs = askedMs;
    // The answer took so long that somebody else may lead by now.
    if (clock.monotonic() - askedMs >= renewDeadlineMs) return;
    if (isLeader) return;
    isLeader = true;
    log.info("became the leader", { lease: key.name, identity });
    options.onStarted();
  };
  const cease = (why: string): void => {
    if (!isLeader) return;
    isLeader = false;
    log.warn("no longer the leader", { lease: key.name, identity, why });
    options.onStopped();
  };

  async function acquireOrRenew(): Promise<void> {
    const present = await client.get(Lease, key).catch((error: unknown) => {
      if (isNotFound(error)) return undefined;
      throw error;
    });
    const now = formatMicroTime(clock.now());
    const held = { holderIdentity: identity, leaseDurationSeconds: Math.ceil(leaseMs / 1000), renewTime: now };
    if (!present) {
      const spec = { ...held, acquireTime: now, leaseTransitions: 0 };
      const askedMs = clock.monotonic();
      await client.create(Lease, { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: { ...key }, spec });
      lead(askedMs);
      return;
    }
    const version = present.metadata.resourceVersion ?? "";
    if (seen?.version !== version) seen = { version, atMs: clock.monotonic() };
    const holder = present.spec?.holderIdentity ?? "";
    const patienceMs = (present.spec?.leaseDurationSeconds ?? 0) * 1000;
    if (holder !== identity && holder !== "" && seen.atMs + patienceMs > clock.monotonic()) {
      cease(`${holder} holds the lease`);
      return;
    }
    const mine = holder === identity;
    const spec: NonNullable<LeaseObject["spec"]> = {
      ...present.spec,
      ...held,
      acquireTime: mine ? (present.spec?.acquireTime ?? now) : now,
      leaseTransitions: (present.spec?.leaseTransitions ?? 0) + (mine ? 0 : 1),
    };
    const askedMs = clock.monotonic();
    await client.update(Lease, { ...present, spec }); // The version that was read is a precondition: of two only one succeeds.
    lead(askedMs);
  }

  function turn(): void {
    if (closed) return;
    timer = clock.setTimer(retryMs * (1 + randomFloat(random) / 5), turn);
    attempt ??= acquireOrRenew()
      .catch((error: unknown) => {
        // That another was faster is everyday life.
        const level = isConflict(error) || isAlreadyExists(error) ? "debug" : "warn";
        log[level]("the lease could not be had", { lease: key.name, error: String(error) });
      })
      .finally(() => {
        attempt = undefined;
      });
    // Judged by the clock and not by the answer: a server that never answers must not keep a leader in office.
    if (isLeader && clock.monotonic() - renewedMs >= renewDeadlineMs) cease("the lease could not be renewed in time");
  }

  turn();
  return {
    get isLeader() {
      return isLeader;
    },
    async close() {
      closed = true;
      timer?.cancel();
      const led = isLeader;
      cease("it was stopped");
      if (!led) return;
      try {
        await attempt;
        const present = await client.get(Lease, key);
        if (present.spec?.holderIdentity !== identity) return;
        await client.update(Lease, { ...present, spec: { ...present.spec, holderIdentity: "", leaseDurationSeconds: 1 } });
      } catch (error) {
        log.debug("the lease could not be let go; it will run out", { lease: key.name, error: String(error) });
      }
    },
  };
}
