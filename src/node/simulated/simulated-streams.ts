/** What streams from and to simulated containers: a few commands, a few lines of log, and nothing behind any port. */
import { badRequest } from "../../api/errors.ts";
import type { Clock } from "../../base/clock.ts";
import { formatMicroTime, parseTime } from "../../base/time.ts";
import type { Runtime } from "../runtime.ts";
import type { SimulatedContainer } from "./simulated-container.ts";
import { whenEnded } from "./simulated-container.ts";

const encoder = new TextEncoder();

interface LogLine {
  readonly at: number;
  readonly text: string;
}

/** The streams of containers that `required` finds, or throws for. */
export function simulatedStreams(
  clock: Clock,
  required: (id: string) => SimulatedContainer,
): Pick<Runtime, "exec" | "execSync" | "attach" | "portForward" | "logs"> {
  return {
    async exec(id, request, streams) {
      const { sandbox } = required(id);
      const { exitCode, output } = simulatedCommand(request.command, sandbox.spec.hostname);
      if (output !== "") await streams.stdout?.write(encoder.encode(output));
      return { exitCode };
    },
    async execSync(id, command) {
      return simulatedCommand(command, required(id).sandbox.spec.hostname);
    },
    async attach(id, _request, streams, signal) {
      const container = required(id);
      await streams.stdout?.write(encoder.encode("simulated container: nothing is attached\n"));
      if (container.state === "running") await whenEnded(container, signal);
    },
    async portForward() {
      throw badRequest("a simulated Pod listens on no port");
    },
    async logs(id, request, sink, signal) {
      const container = required(id);
      const since = sinceMs(request, clock.now());
      let left = request.limitBytes ?? Number.POSITIVE_INFINITY;
      const write = async (lines: readonly LogLine[]): Promise<void> => {
        for (const line of lines) {
          const bytes = encoder.encode(request.timestamps ? `${formatMicroTime(line.at)} ${line.text}\n` : `${line.text}\n`);
          if (left > 0) await sink(bytes.subarray(0, left));
          left -= bytes.length;
        }
      };
      const before = logLines(container).filter((line) => since === undefined || line.at >= since);
      await write(request.tailLines === undefined ? before : request.tailLines === 0 ? [] : before.slice(-request.tailLines));
      if (!request.follow || container.state !== "running") return;
      await whenEnded(container, signal);
      if (!signal.aborted) await write(logLines(container).slice(-1));
    },
  };
}

function sinceMs({ sinceTime, sinceSeconds }: Parameters<Runtime["logs"]>[1], nowMs: number): number | undefined {
  if (sinceTime !== undefined) return parseTime(sinceTime);
  return sinceSeconds === undefined ? undefined : nowMs - sinceSeconds * 1000;
}

function logLines(container: SimulatedContainer): LogLine[] {
  if (container.startedAt === undefined) return [];
  const { podNamespace, podName } = container.sandbox.spec;
  const lines = [
    { at: container.startedAt, text: `simulated container ${container.name} of ${podNamespace}/${podName} (${container.image}) started` },
  ];
  if (container.behaviour.log !== undefined) {
    for (const text of container.behaviour.log.split("\n")) lines.push({ at: container.startedAt, text });
  }
  if (container.finishedAt !== undefined)
    lines.push({ at: container.finishedAt, text: `simulated container ended with exit code ${container.exitCode}` });
  return lines;
}

/** Answers the few commands that scripts try first; everything else succeeds and says that nothing ran. */
function simulatedCommand(command: readonly string[], hostname: string): { readonly exitCode: number; readonly output: string } {
  const [name, ...args] = command;
  if (name === "true") return { exitCode: 0, output: "" };
  if (name === "false") return { exitCode: 1, output: "" };
  if (name === "echo") return { exitCode: 0, output: `${args.join(" ")}\n` };
  if (name === "hostname") return { exitCode: 0, output: `${hostname}\n` };
  const exit = /^exit (\d+)$/.exec(args[args.length - 1] ?? "");
  if (exit) return { exitCode: Number(exit[1]), output: "" };
  return { exitCode: 0, output: `simulated container: ${command.join(" ")} was not run\n` };
}
