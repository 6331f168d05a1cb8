/** `windlass status`: whether an engine runs in a home, where it listens and what it holds. */
import { readFileSync } from "node:fs";
import { request } from "node:https";
import type { HomeOptions } from "../cli/engine-commands.ts";
import { exportLine, type Home, homeAt, runningEngine } from "./home.node.ts";

interface Answer {
  readonly home: string;
  readonly up: boolean;
  readonly ready?: boolean;
  readonly pid?: number;
  readonly address?: string;
  readonly kubeconfig?: string;
  readonly runtime?: string;
  readonly why?: string;
  readonly version?: string;
  readonly startedAt?: string;
  readonly memoryMiB?: number;
}

const answerPatienceMs = 2000;

/** Resolves with 0 when the engine is up and ready, 1 when it is up but not ready, 3 when it is not up. */
export async function status(options: HomeOptions & { readonly output: string | undefined }): Promise<number> {
  const home = homeAt(options.home);
  const answer = await look(home);
  if (options.output === "json") console.log(JSON.stringify(answer, null, 2));
  else console.log(text(home, answer));
  return answer.up ? (answer.ready ? 0 : 1) : 3;
}

async function look(home: Home): Promise<Answer> {
  const engine = runningEngine(home);
  if (!engine) return { home: home.path, up: false };
  return {
    home: home.path,
    up: true,
    ready: await isReady(home, engine.port),
    pid: engine.pid,
    address: `https://127.0.0.1:${engine.port}`,
    kubeconfig: home.kubeconfig,
    runtime: engine.runtime,
    ...(engine.why !== undefined && { why: engine.why }),
    version: engine.version,
    startedAt: engine.startedAt,
    memoryMiB: residentMiB(engine.pid),
  };
}

function text(home: Home, answer: Answer): string {
  if (!answer.up) return `No engine is up in ${answer.home}.`;
  return [
    `Windlass ${answer.version} is up${answer.ready ? "" : ", but not ready"}: ${answer.address} (pid ${answer.pid}, ${answer.memoryMiB} MiB, since ${answer.startedAt}).`,
    answer.runtime === "simulated"
      ? `Pods are simulated${answer.why === undefined ? "" : `: ${answer.why}`}.`
      : "Pods run as real containers.",
    `  ${exportLine(home)}`,
  ].join("\n");
}

function isReady(home: Home, port: number): Promise<boolean> {
  let ca: Buffer;
  try {
    ca = readFileSync(`${home.pki}/ca.crt`);
  } catch {
    return Promise.resolve(false);
  }
  return new Promise((resolve) => {
    const asked = request({ host: "127.0.0.1", port, path: "/readyz", ca, timeout: answerPatienceMs }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    asked.on("timeout", () => asked.destroy());
    asked.on("error", () => resolve(false));
    asked.end();
  });
}

function residentMiB(pid: number): number {
  const match = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Math.round(Number(match?.[1] ?? 0) / 1024);
}
