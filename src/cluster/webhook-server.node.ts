/** The webhooks, for configuration revisions and for users: HTTPS, a path each, an AdmissionReview in and one out. */
import { readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import { createSecureContext } from "node:tls";
import { sleep } from "../base/clock.ts";
import type { World } from "../base/world.ts";
import type { Client } from "../client/client.ts";
import { reviewWorkload } from "../release/configuration/webhook.ts";
import { recordUserPath, webhookPath } from "../release/controller/manifest.ts";
import { reviewUser } from "../release/records/user-webhook.ts";
import { closeServer, listenOn } from "./listen-on.node.ts";
import { keepServing, type SeenCertificate, sharedCertificate } from "./serve-certificate.node.ts";

const reviewMaxBytes = 8 * 1024 * 1024;
/** Servers and proxies hear of a Pod's end a moment after the Pod itself, and a review that finds nobody is a write that is refused. */
const lingerMs = 3000;
/** Longer than callers keep an idle connection (Go: 90 s): whoever closes first must not be the one that is about to be asked. */
const idleMs = 120_000;
const tls = { minVersion: "TLSv1.2" } as const;

export interface WebhookOptions {
  readonly client: Client;
  readonly world: World;
  /** `:9443`. */
  readonly address: string;
  /** Where the controller lives, and with it the certificate that its replicas share. */
  readonly namespace: string;
  /** A certificate of one's own and its key, in files that may be replaced at any time. */
  readonly files?: { readonly certificate: string; readonly key: string };
}

/** The webhook as it is served. */
export interface Webhook {
  readonly port: number;
  /** Reviews that were answered, and those that failed. */
  counts(): { readonly answered: number; readonly failed: number };
  /** Whether it has a certificate, without which nobody is answered. */
  isReady(): boolean;
  /** Answers for three more seconds, each time asking for the connection to be given up, then ends. */
  close(): Promise<void>;
}

/** Serves it. Throws for files that hold no certificate with its key, and for an address that can't be had. */
export async function serveWebhook({ client, world, address, namespace, files }: WebhookOptions): Promise<Webhook> {
  if (files) mustServe(files);
  let ready = false;
  let leaving = false;
  const counts = { answered: 0, failed: 0 };
  const server = createServer(tls, (request, response) => {
    // Who keeps its connection would go on asking the one that leaves.
    if (leaving) response.setHeader("connection", "close");
    review(request, response, client).then(
      () => counts.answered++,
      (error: unknown) => {
        const isTheirs = error instanceof TypeError || error instanceof SyntaxError;
        counts.failed++;
        if (!isTheirs) world.log.error("a review failed", { error: error instanceof Error ? error.message : String(error) });
        if (!response.headersSent) response.writeHead(isTheirs ? 400 : 500, { "content-type": "text/plain" });
        response.end(isTheirs ? error.message : "the review failed");
      },
    );
  });
  server.keepAliveTimeout = idleMs;
  const port = await listenOn(server, address);
  const keeping = keepServing({
    world,
    look: files ? async () => readFiles(files) : () => sharedCertificate({ client, world, namespace }),
    serve({ cert, key }) {
      server.setSecureContext({ ...tls, cert, key });
      if (!ready) world.log.info("serves the webhook", { port, path: webhookPath });
      ready = true;
    },
  });
  return {
    port,
    counts: () => counts,
    isReady: () => ready,
    async close() {
      keeping.cancel();
      leaving = true;
      await sleep(world.clock, lingerMs);
      await closeServer(server);
    },
  };
}

/** Before anything is begun: files that can't be served are a mistake of whoever named them. Later it is waited for better ones. */
function mustServe(files: NonNullable<WebhookOptions["files"]>): void {
  try {
    createSecureContext(readFiles(files));
  } catch (error) {
    throw new Error(`--webhook-cert and --webhook-key can't be served: ${(error as Error).message}`, { cause: error });
  }
}

/** Throws where one of them can't be read. */
function readFiles({ certificate, key }: NonNullable<WebhookOptions["files"]>): SeenCertificate {
  return { cert: readFileSync(certificate, "utf8"), key: readFileSync(key, "utf8"), isFresh: false };
}

/** By path: who answers reviews. */
const reviewers = new Map<string, (review: unknown, client: Client) => unknown>([
  [webhookPath, reviewWorkload],
  [recordUserPath, reviewUser],
]);

async function review(request: IncomingMessage, response: ServerResponse, client: Client): Promise<void> {
  const reviewer = request.method === "POST" ? reviewers.get(request.url?.split("?")[0] ?? "") : undefined;
  if (!reviewer) {
    response.writeHead(404).end();
    return;
  }
  const answer = await reviewer(JSON.parse(await bodyOf(request)), client);
  response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer));
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > reviewMaxBytes) throw new TypeError(`the body has more than ${reviewMaxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
