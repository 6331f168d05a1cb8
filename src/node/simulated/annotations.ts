/** What the annotations of a Pod ask of the simulated node that it runs on. See docs/reference/simulated-nodes.md. */

/** The prefix of every annotation that a simulated node reads. */
export const simulatedPrefix = "simulated.windlass.dev/";

/** Where a simulated container fails. */
export type SimulatedFailure = "image" | "sandbox" | "create" | "start" | "crash" | "unready" | "unhealthy";

const failures: ReadonlySet<string> = new Set<SimulatedFailure>(["image", "sandbox", "create", "start", "crash", "unready", "unhealthy"]);

/** How one simulated container behaves. All times are in milliseconds. */
export interface SimulatedBehaviour {
  /** From the order to start until the container runs. */
  readonly startMs: number;
  /** From running until its probes succeed. */
  readonly readyAfterMs: number;
  /** How long a pull of its image takes. */
  readonly pullMs: number;
  /** From running until it ends by itself; undefined: never. */
  readonly exitAfterMs: number | undefined;
  readonly exitCode: number;
  /** From the stop signal until it ends; Infinity: it waits to be killed. */
  readonly stopMs: number;
  /** Its exit code when it ends after the stop signal. */
  readonly stopExitCode: number;
  readonly fail: SimulatedFailure | undefined;
  /** Lines for `kubectl logs`, beside the one that says it is simulated. */
  readonly log: string | undefined;
}

/** What holds where no annotation says otherwise. */
export const defaultBehaviour: SimulatedBehaviour = {
  startMs: 0,
  readyAfterMs: 0,
  pullMs: 0,
  exitAfterMs: undefined,
  exitCode: 0,
  stopMs: 0,
  stopExitCode: 0,
  fail: undefined,
  log: undefined,
};

/** How long a container with `fail: crash` lives unless `exit-after-ms` says. */
const crashAfterMs = 1000;

/**
 * The behaviour of one container. `NAME.CONTAINER` goes before `NAME`, an annotation before `base`. Values that can't be
 * read are passed over: a simulation must not fall over a typing error that a real node would not even look at.
 */
export function behaviourOf(
  annotations: Readonly<Record<string, string>>,
  container: string,
  base: SimulatedBehaviour,
): SimulatedBehaviour {
  let told = false;
  for (const key in annotations) {
    if (key.startsWith(simulatedPrefix)) {
      told = true;
      break;
    }
  }
  if (!told) return base;

  const text = (name: string): string | undefined =>
    annotations[`${simulatedPrefix}${name}.${container}`] ?? annotations[`${simulatedPrefix}${name}`];
  const number = (name: string, otherwise: number): number => {
    const value = text(name);
    if (value === undefined) return otherwise;
    if (value === "never") return Number.POSITIVE_INFINITY;
    const parsed = Number(value);
    return Number.isFinite(parsed) && parsed >= 0 && value !== "" ? parsed : otherwise;
  };

  const failText = text("fail");
  const fail = failText === undefined ? base.fail : failures.has(failText) ? (failText as SimulatedFailure) : undefined;
  const exitAfterMs = number("exit-after-ms", base.exitAfterMs ?? (fail === "crash" ? crashAfterMs : Number.POSITIVE_INFINITY));
  return {
    startMs: number("start-ms", base.startMs),
    readyAfterMs: number("ready-after-ms", base.readyAfterMs),
    pullMs: number("pull-ms", base.pullMs),
    exitAfterMs: exitAfterMs === Number.POSITIVE_INFINITY ? undefined : exitAfterMs,
    exitCode: number("exit-code", fail === "crash" && base.exitCode === 0 ? 1 : base.exitCode),
    stopMs: number("stop-ms", base.stopMs),
    stopExitCode: number("stop-exit-code", base.stopExitCode),
    fail,
    log: text("log") ?? base.log,
  };
}
