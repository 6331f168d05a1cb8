/** How `windlass controller` says how it is: `/healthz`, `/readyz` and, for Prometheus, `/metrics`. */
import { createServer } from "node:http";
import type { Controller } from "../client/controller.ts";
import { closeServer, listenOn } from "./listen-on.node.ts";
import type { Webhook } from "./webhook-server.node.ts";

/** What is asked about at each request. */
export interface HealthSubject {
  readonly version: string;
  /** Absent while another replica leads. */
  leading(): { readonly controllers: readonly Controller[]; isSynced(): boolean } | undefined;
  /** Absent: none is served. */
  webhook(): Webhook | undefined;
}

/** The health of it, served. */
export interface Health {
  readonly port: number;
  close(): Promise<void>;
}

/** Serves on an address such as `:8080`. Rejects where that can't be had. */
export async function serveHealth(address: string, subject: HealthSubject): Promise<Health> {
  const answers: Record<string, () => readonly [number, string]> = {
    "/healthz": () => [200, "ok\n"],
    "/readyz": () => readiness(subject),
    "/metrics": () => [200, metricsText(subject)],
  };
  const server = createServer((request, response) => {
    const [status, text] = answers[request.url?.split("?")[0] ?? ""]?.() ?? [404, "not found\n"];
    response.writeHead(status, { "content-type": "text/plain; charset=utf-8" }).end(text);
  });
  const port = await listenOn(server, address);
  return { port, close: () => closeServer(server) };
}

/**
 * Who serves the webhook is ready when it has a certificate: reviews do without caches, and must be answered while another leader is
 * still filling its own. Who does not is ready when its caches are complete, or while it waits for its turn.
 */
function readiness({ leading, webhook }: HealthSubject): readonly [number, string] {
  const served = webhook();
  if (served) return served.isReady() ? [200, "ok\n"] : [503, "the webhook has no certificate\n"];
  return leading()?.isSynced() === false ? [503, "caches are not complete\n"] : [200, "ok\n"];
}

interface Metric {
  readonly name: string;
  readonly type: "counter" | "gauge";
  readonly help: string;
}

const ofControllers = [
  { name: "passes", type: "counter", help: "Passes over a key." },
  { name: "failures", type: "counter", help: "Passes that failed; they are tried again." },
  { name: "dropped", type: "counter", help: "Keys that were given up until something changes." },
  { name: "queued", type: "gauge", help: "Keys that wait for a pass." },
] as const satisfies readonly Metric[];

function metricsText({ version, leading, webhook }: HealthSubject): string {
  const term = leading();
  const reviews = webhook()?.counts();
  const lines: string[] = [];
  const write = ({ name, type, help }: Metric, samples: Readonly<Record<string, number>>): void => {
    const full = `windlass_${name}`;
    lines.push(`# HELP ${full} ${help}`, `# TYPE ${full} ${type}`);
    for (const [labels, value] of Object.entries(samples)) lines.push(`${full}${labels === "" ? "" : `{${labels}}`} ${value}`);
  };
  write({ name: "build_info", type: "gauge", help: "Always 1." }, { [`version=${JSON.stringify(version)}`]: 1 });
  write({ name: "controller_leader", type: "gauge", help: "1 where this replica leads." }, { "": term ? 1 : 0 });
  for (const metric of ofControllers) {
    const samples = (term?.controllers ?? []).map(({ name, metrics }) => [`controller=${JSON.stringify(name)}`, metrics()[metric.name]]);
    write({ ...metric, name: `controller_${metric.name}${metric.type === "counter" ? "_total" : ""}` }, Object.fromEntries(samples));
  }
  if (reviews) {
    const samples = { 'outcome="answered"': reviews.answered, 'outcome="failed"': reviews.failed };
    write({ name: "webhook_reviews_total", type: "counter", help: "Reviews of the webhook." }, samples);
  }
  return `${lines.join("\n")}\n`;
}
