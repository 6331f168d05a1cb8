/** Makes one attempt of a probe or a hook in a container, and words what came of it as Kubernetes does. */
import type { Container, ExecAction, GRPCAction, HTTPGetAction, IntOrString, TCPSocketAction } from "../../api/types.ts";
import type { Prober, Runtime } from "../runtime.ts";
import { ExecTimeoutError } from "../runtime.ts";
import type { ProbeKind, ProbeOutcome } from "./probe-run.ts";

/** Where a probe is aimed. */
export interface ProbeTarget {
  readonly runtime: Runtime;
  readonly prober: Prober;
  readonly podUid: string;
  readonly podIp: string;
  readonly container: Pick<Container, "name" | "ports">;
  readonly containerId: string;
}

export interface Handler {
  readonly exec?: ExecAction;
  readonly httpGet?: HTTPGetAction;
  readonly tcpSocket?: TCPSocketAction;
  readonly grpc?: GRPCAction;
}

const messageMax = 10_240;

/** KUB-25. Never throws. */
export async function probeOnce(target: ProbeTarget, handler: Handler, kind: ProbeKind, timeoutMs: number): Promise<ProbeOutcome> {
  const { prober } = target;
  const names = { podUid: target.podUid, containerName: target.container.name, probe: kind };
  const success = (message: string): ProbeOutcome => ({ result: "success", message });
  const failure = (message: string): ProbeOutcome => ({ result: "failure", message });
  try {
    if (handler.exec) {
      const command = handler.exec.command ?? [];
      const { exitCode, output } = prober.exec ? prober.exec(names) : await target.runtime.execSync(target.containerId, command, timeoutMs);
      return exitCode === 0 ? success(output) : failure(output.slice(0, messageMax));
    }
    if (handler.httpGet) {
      const request = { ...httpRequest(target, handler.httpGet, timeoutMs), probe: kind };
      const { status, body } = await prober.http(request);
      return status >= 200 && status < 400 ? success(body) : failure(`HTTP probe failed with statuscode: ${status}`);
    }
    if (handler.tcpSocket) {
      const port = portNumber(target.container, handler.tcpSocket.port);
      await prober.tcp({ ...names, host: handler.tcpSocket.host || target.podIp, port, timeoutMs });
      return success("");
    }
    if (handler.grpc) {
      const { port, service } = handler.grpc;
      const status = await prober.grpc({ ...names, host: target.podIp, port, service: service ?? "", timeoutMs });
      return status === "SERVING" ? success("") : failure(`service unhealthy (responded with "${status}")`);
    }
    return { result: "error", message: "missing probe handler" };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    if (error instanceof UnknownPortError) return { result: "error", message };
    // A command that could not be run at all says nothing of the container; a connection that fails does.
    return handler.exec && !(error instanceof ExecTimeoutError) ? { result: "error", message } : failure(message);
  }
}

/** Runs a hook's exec or httpGet. Throws with the reason when it fails. */
export async function runHandler(target: ProbeTarget, handler: Handler, timeoutMs: number): Promise<void> {
  if (handler.exec) {
    const command = handler.exec.command ?? [];
    const { exitCode, output } = await target.runtime.execSync(target.containerId, command, timeoutMs);
    if (exitCode !== 0) throw new Error(`command '${command.join(" ")}' exited with ${exitCode}: ${output}`);
    return;
  }
  if (handler.httpGet) {
    const { status, body } = await target.prober.http(httpRequest(target, handler.httpGet, timeoutMs));
    if (status >= 400) throw new Error(`HTTP hook failed with statuscode: ${status}: ${body}`);
    return;
  }
  if (handler.tcpSocket) throw new Error("tcpSocket hooks are not supported");
}

function httpRequest(target: ProbeTarget, action: HTTPGetAction, timeoutMs: number): Parameters<Prober["http"]>[0] {
  return {
    podUid: target.podUid,
    containerName: target.container.name,
    scheme: action.scheme?.toUpperCase() === "HTTPS" ? "HTTPS" : "HTTP",
    host: action.host || target.podIp,
    port: portNumber(target.container, action.port),
    path: action.path || "/",
    headers: action.httpHeaders ?? [],
    timeoutMs,
  };
}

class UnknownPortError extends Error {}

function portNumber(container: Pick<Container, "ports">, port: IntOrString): number {
  if (typeof port === "number") return port;
  const named = (container.ports ?? []).find((candidate) => candidate.name === port);
  if (named) return named.containerPort;
  const parsed = Number(port);
  if (Number.isInteger(parsed) && parsed > 0 && parsed < 65536) return parsed;
  throw new UnknownPortError(`couldn't find port: "${port}"`);
}
