/** Probes of simulated containers. */
import type { Clock } from "../../base/clock.ts";
import type { Prober, ProbeSubject } from "../runtime.ts";
import type { SimulatedContainer } from "./simulated-container.ts";

/**
 * Readiness and startup probes succeed from `ready-after-ms` on, unless `fail` says `unready`. Liveness probes and hooks
 * succeed, unless it says `unhealthy`: a release that never becomes ready is not to be restarted for it.
 */
export function simulatedProber(clock: Clock, running: (podUid: string, name: string) => SimulatedContainer | undefined): Prober {
  const refusal = ({ podUid, containerName, probe }: ProbeSubject): string | undefined => {
    const container = running(podUid, containerName);
    if (!container) return "connect: connection refused";
    const { fail, readyAfterMs } = container.behaviour;
    const isUp = clock.now() - (container.startedAt as number) >= readyAfterMs;
    if (fail === "unhealthy" && isUp) return "simulated: unhealthy";
    if (probe !== "readiness" && probe !== "startup") return undefined;
    if (fail === "unready") return "simulated: never ready";
    return isUp ? undefined : "simulated: not ready yet";
  };
  return {
    async http(request) {
      const why = refusal(request);
      return why === undefined ? { status: 200, body: "ok" } : { status: 503, body: why };
    },
    async tcp(request) {
      const why = refusal(request);
      if (why !== undefined) throw new Error(why);
    },
    async grpc(request) {
      return refusal(request) === undefined ? "SERVING" : "NOT_SERVING";
    },
    exec(request) {
      const why = refusal(request);
      return why === undefined ? { exitCode: 0, output: "" } : { exitCode: 1, output: why };
    },
    steadyForMs(podUid, containerName) {
      const container = running(podUid, containerName);
      if (!container) return 0;
      const { fail, readyAfterMs } = container.behaviour;
      const left = (container.startedAt as number) + readyAfterMs - clock.now();
      return left > 0 && fail !== "unready" ? left : Number.POSITIVE_INFINITY;
    },
  };
}
