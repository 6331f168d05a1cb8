/** The whole server on its port: front, security, streams, discovery and health around an `Api`. */
import { createHash } from "node:crypto";
import { badRequest } from "../../api/errors.ts";
import type { KindDefinition } from "../../api/kind.ts";
import type { NodeDirectory } from "../../api/node-api.ts";
import { openApiDocuments } from "../../api/openapi/documents.ts";
import type { World } from "../../base/world.ts";
import type { Api } from "../api.ts";
import type { Auth } from "../auth/auth.ts";
import type { Pki } from "../auth/pki.node.ts";
import { podLogs } from "../streams/logs.ts";
import { podTargets } from "../streams/pod-target.ts";
import { podProxy, serviceProxy } from "../streams/proxy.node.ts";
import { podUpgrades } from "../streams/upgrade.node.ts";
import { utf8 } from "./answer.ts";
import { createFront } from "./front.ts";
import { type HttpServer, startHttpServer } from "./listen.node.ts";
import { serverMetrics } from "./metrics.node.ts";
import { type Document, type HealthCheck, pathHandlers, type VersionInfo } from "./paths.ts";
import type { SubresourceHandler } from "./resources.ts";

export interface ApiServerOptions {
  readonly api: Api;
  readonly kinds: readonly KindDefinition[];
  readonly world: World;
  /** Started already: `auth.start(api)` has resolved. */
  readonly auth: Auth;
  /** The public key of the tokens' signer, for /openid/v1/jwks. */
  readonly publicJwk: Readonly<Record<string, unknown>>;
  readonly pki: Pki;
  /** Finds the agents that logs and streams come from. */
  readonly nodes: NodeDirectory;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default 0: the system chooses. */
  readonly port?: number;
  readonly version: VersionInfo;
  /** Beside `ping`. The server answers 500 on /readyz while one of them fails. */
  readonly checks?: Readonly<Record<string, HealthCheck>>;
  /** For /metrics. */
  storeVersion?(): number;
}

export interface ApiServer extends HttpServer {
  /** Ends watches and streams, lets requests finish, then closes every connection. */
  close(): Promise<void>;
}

/** Listens and serves. Rejects when the port can't be had. */
export async function startApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const { api, kinds, world, auth, pki, nodes } = options;
  const targets = podTargets(api, nodes);
  const subresources = new Map<string, SubresourceHandler>([
    ["pods/log", podLogs(targets)],
    ["pods/proxy", podProxy(targets)],
    ["services/proxy", serviceProxy(api, targets, world.random)],
    ["pods/exec", needsUpgrade],
    ["pods/attach", needsUpgrade],
    ["pods/portforward", needsUpgrade],
  ]);
  let server: HttpServer | undefined;
  let ready = true;
  const metrics = serverMetrics(() => ({
    front: front.metrics,
    connections: () => server?.connections ?? 0,
    streams: () => upgrades.open,
    storeVersion: () => options.storeVersion?.() ?? 0,
  }));
  const openApi = openApiDocuments(kinds, digest);
  const documents = issuerDocuments(auth.issuer, options.publicJwk);
  const front = createFront({
    api,
    kinds,
    world,
    authenticate: auth.authenticate,
    impersonate: auth.impersonate,
    authorize: auth.authorize,
    subresources,
    path: pathHandlers({
      kinds,
      version: options.version,
      serverAddress: () => new URL(server?.address ?? "https://127.0.0.1").host,
      checks: { ping: () => undefined, shutdown: () => (ready ? undefined : "process is shutting down"), ...options.checks },
      metrics: metrics.text,
      digest,
      document: (path, accept) => documents.get(path) ?? openApi(path, accept),
    }),
  });
  const upgrades = podUpgrades({ api, nodes, log: world.log, admit: front.admit });
  server = await startHttpServer({
    ...(options.host !== undefined && { host: options.host }),
    ...(options.port !== undefined && { port: options.port }),
    tls: { key: pki.server.key, cert: pki.server.certificate, clientCa: pki.ca },
    log: world.log,
    handle: front.handle,
    upgrade: upgrades.handle,
    onClose() {
      ready = false;
      front.close();
      upgrades.close();
    },
  });
  const listening = server;
  return {
    port: listening.port,
    address: listening.address,
    renew: listening.renew,
    listenAlso: listening.listenAlso,
    listenOnSocket: listening.listenOnSocket,
    get connections() {
      return listening.connections;
    },
    async close() {
      await listening.close();
      metrics.close();
    },
  };
}

const digest = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex").slice(0, 32).toUpperCase();

const needsUpgrade: SubresourceHandler = async () => {
  throw badRequest("Upgrade request required");
};

/** What verifiers of service account tokens outside of the cluster read. */
function issuerDocuments(issuer: string, publicJwk: Readonly<Record<string, unknown>>): ReadonlyMap<string, Document> {
  const json = (contentType: string, value: unknown): Document => ({ contentType, bytes: () => utf8(JSON.stringify(value)) });
  return new Map([
    [
      "/.well-known/openid-configuration",
      json("application/json", {
        issuer,
        jwks_uri: `${issuer}/openid/v1/jwks`,
        response_types_supported: ["id_token"],
        subject_types_supported: ["public"],
        id_token_signing_alg_values_supported: ["ES256"],
      }),
    ],
    ["/openid/v1/jwks", json("application/jwk-set+json", { keys: [publicJwk] })],
  ]);
}
