/** Requests at a steady rate against an address, counted by what they brought. Whatever is not a whole answer with 200 is a failure. */
import { Agent, get } from "node:http";

const tickMs = 10;
const requestPatienceMs = 30_000;
/**
 * Requests under way at once. The example's server takes a connection in a process of its own and lets nine wait: a machine
 * that stands still for a second must not turn into a full queue, whose losses nobody but the kernel could prevent.
 */
const openMax = 8;

export interface LoadOptions {
  /** Requests per second, if the machine answers them as fast; default 220. */
  readonly perSecond?: number;
  /** Whether a connection serves more than one request. */
  readonly connections: "new" | "kept";
}

export interface Load {
  /** How many answers there have been so far. */
  answered(): number;
  /** Ends the load and resolves when the last answer is there. */
  stop(): Promise<LoadReport>;
}

export interface LoadReport {
  readonly sent: number;
  /** What went wrong, with the second in which it was sent. */
  readonly failures: readonly string[];
  /** How many answers there were with each body. */
  readonly bodies: Readonly<Record<string, number>>;
  /** Bodies in the order in which they were first seen. */
  readonly order: readonly string[];
}

/** Starts to ask `url` at a steady rate; slower where so many answers are outstanding that more would only wait in a queue. */
export function startLoad(url: string, options: LoadOptions): Load {
  const perSecond = options.perSecond ?? 220;
  const agent = options.connections === "kept" ? new Agent({ keepAlive: true, maxSockets: openMax }) : undefined;
  const bodies = new Map<string, number>();
  const failures: string[] = [];
  const started = performance.now();
  let sent = 0;
  let open = 0;
  let idle: (() => void) | undefined;

  function ask(): void {
    const number = sent++;
    const sentAt = performance.now();
    open++;
    let isSettled = false;
    const settle = (failure?: string): void => {
      if (isSettled) return;
      isSettled = true;
      open--;
      if (failure !== undefined) {
        const afterMs = Math.round(performance.now() - sentAt);
        failures.push(`request ${number}, sent at ${((sentAt - started) / 1000).toFixed(2)} s: ${failure} after ${afterMs} ms`);
      }
      if (open === 0) idle?.();
    };
    const request = get(url, { agent: agent ?? false, timeout: requestPatienceMs }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text: string) => {
        body += text;
      });
      response.on("error", (error) => settle(error.message));
      response.on("end", () => {
        if (response.statusCode !== 200) return settle(`status ${response.statusCode}`);
        bodies.set(body.trim(), (bodies.get(body.trim()) ?? 0) + 1);
        settle();
      });
    });
    request.on("timeout", () => request.destroy(new Error("no answer")));
    request.on("error", (error) => settle(error.message));
  }

  const timer = setInterval(() => {
    const due = ((performance.now() - started) / 1000) * perSecond;
    // A machine that is too busy to send on time catches up, but not with everything at once.
    while (sent < due && open < openMax) ask();
  }, tickMs);

  return {
    answered: () => sent - open,
    async stop() {
      clearInterval(timer);
      if (open > 0) await new Promise<void>((resolve) => (idle = resolve));
      agent?.destroy();
      return { sent, failures, bodies: Object.fromEntries(bodies), order: [...bodies.keys()] };
    },
  };
}
