/**
 * One probe of one container, from its start until it is stopped (KUB-20 … KUB-27).
 *
 * A result changes only after as many equal outcomes in a row as its threshold says, counted at every period from one
 * second after the start (or from the initial delay, if that is later). Between those counted attempts a readiness or
 * startup probe that has not succeeded yet is tried again after 10 ms, then ever more slowly up to every 100 ms, for the
 * first ten seconds: there only success counts. A command, which costs a process each time, is tried every 100 ms.
 * So a container that listens after 300 ms is ready after 300 ms and not after ten seconds, while it still takes
 * failureThreshold whole periods to fail.
 */
import type { Probe } from "../../api/types.ts";
import type { Clock, Timer } from "../../base/clock.ts";

export type ProbeKind = "startup" | "liveness" | "readiness";

/** `error`: the probe could not be made at all, which is no verdict on the container. */
export interface ProbeOutcome {
  readonly result: "success" | "failure" | "error";
  readonly message: string;
}

export interface ProbeRunOptions {
  readonly clock: Clock;
  readonly kind: ProbeKind;
  readonly probe: Probe;
  /** The result that is in force already: adopted containers keep their readiness. */
  readonly initial: boolean;
  attempt(): Promise<ProbeOutcome>;
  /** The result in force has changed. */
  onChange(success: boolean): void;
  /** A counted attempt did not succeed. */
  onTrouble(outcome: ProbeOutcome): void;
  /** See `Prober.steadyForMs`. */
  steadyForMs?(): number;
}

export interface ProbeRun {
  stop(): void;
}

const quickFirstMs = 10;
const quickGrowth = 1.5;
const quickMaxMs = 100;
const quickForMs = 10_000;
const firstCountedMs = 1000;

/** Starts probing. `onChange` is never called after `stop`. */
export function runProbe(options: ProbeRunOptions): ProbeRun {
  const { clock, kind, probe } = options;
  const periodMs = Math.max(1, probe.periodSeconds ?? 10) * 1000;
  const delayMs = (probe.initialDelaySeconds ?? 0) * 1000;
  const successThreshold = Math.max(1, probe.successThreshold ?? 1);
  const failureThreshold = Math.max(1, probe.failureThreshold ?? 3);
  const startedAt = clock.monotonic();
  const quickUntil = startedAt + delayMs + quickForMs;
  let nextCounted = startedAt + Math.max(delayMs, kind === "liveness" ? 0 : firstCountedMs);
  let current = options.initial;
  let streak = 0;
  let streakOf: boolean | undefined;
  let quickMs = probe.exec ? quickMaxMs : quickFirstMs;
  let stopped = false;
  let timer: Timer | undefined;

  const mayBeQuick = kind !== "liveness" && successThreshold === 1;

  function schedule(afterMs: number): void {
    timer = clock.setTimer(Math.max(0, afterMs), () => void tick());
  }

  async function tick(): Promise<void> {
    const counted = clock.monotonic() >= nextCounted;
    const outcome = await options.attempt().catch((error: unknown): ProbeOutcome => ({ result: "error", message: String(error) }));
    if (stopped) return;
    if (counted) {
      const now = clock.monotonic();
      do nextCounted += periodMs;
      while (nextCounted <= now);
    }
    judge(outcome, counted);
    if (!stopped) plan();
  }

  function judge(outcome: ProbeOutcome, counted: boolean): void {
    if (outcome.result === "error") {
      if (counted) options.onTrouble(outcome);
      return;
    }
    const success = outcome.result === "success";
    if (!success && !counted) return;
    if (!success) options.onTrouble(outcome);
    streak = streakOf === success ? streak + 1 : 1;
    streakOf = success;
    const threshold = success ? successThreshold : failureThreshold;
    if (streak < threshold) return;
    const before = current;
    current = success;
    // A startup or liveness probe that fails again and again has already asked for the container's end.
    if (before !== success || (kind === "startup" && streak === threshold)) options.onChange(success);
  }

  function plan(): void {
    const now = clock.monotonic();
    const steady = options.steadyForMs?.() ?? 0;
    const settled = streakOf === current && (kind !== "startup" || current);
    if (settled && steady > 0) {
      if (steady !== Number.POSITIVE_INFINITY) schedule(steady);
      return;
    }
    const quick = mayBeQuick && !current && now < quickUntil;
    schedule(Math.min(nextCounted - now, quick ? Math.max(quickMs, steady) : Number.POSITIVE_INFINITY));
    quickMs = Math.min(quickMaxMs, Math.ceil(quickMs * quickGrowth));
  }

  schedule(mayBeQuick && !current ? delayMs : nextCounted - startedAt);
  return {
    stop() {
      stopped = true;
      timer?.cancel();
    },
  };
}
