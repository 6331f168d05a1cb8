/** Lifecycle hooks of a container (KUB-61, KUB-64). */
import type { LifecycleHandler } from "../../../api/types.ts";
import type { Clock } from "../../../base/clock.ts";
import type { ProbeTarget } from "../../probes/attempt.ts";
import { runHandler } from "../../probes/attempt.ts";

const timerMaxMs = 2 ** 31 - 1;

/** Runs a hook to its end, for at most `limitMs`; rejects when it fails. */
export async function runHook(clock: Clock, target: ProbeTarget, hook: LifecycleHandler, limitMs: number): Promise<void> {
  const { sleep } = hook;
  if (!sleep) return runHandler(target, hook, Math.min(limitMs, timerMaxMs));
  await new Promise<void>((resolve) => clock.setTimer(Math.max(0, Math.min(sleep.seconds * 1000, limitMs)), resolve));
}
