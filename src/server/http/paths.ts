/** The paths that are no resources: discovery, version, health, metrics, OpenAPI and the token issuer's documents. */
import type { KindDefinition } from "../../api/kind.ts";
import { utf8 } from "./answer.ts";
import { aggregatedDiscovery, coreVersions, groupList, groupOf, resourceList } from "./discovery.ts";
import type { Exchange } from "./exchange.ts";
import type { PathHandler } from "./front.ts";
import { negotiate } from "./media-types.ts";
import type { PathRequest } from "./request-info.ts";

/** What /version says. Major and minor are plain integers (API-10). */
export interface VersionInfo {
  readonly major: string;
  readonly minor: string;
  readonly gitVersion: string;
  readonly gitCommit: string;
  readonly gitTreeState: string;
  readonly buildDate: string;
  readonly goVersion: string;
  readonly compiler: string;
  readonly platform: string;
}

/** One health check: returns what is wrong, or undefined. */
export type HealthCheck = () => string | undefined;

/** A document that is built when first asked for and kept as bytes. */
export interface Document {
  readonly contentType: string;
  bytes(): Uint8Array;
}

export interface PathsOptions {
  readonly kinds: readonly KindDefinition[];
  readonly version: VersionInfo;
  /** `host:port`, as told to clients. */
  serverAddress(): string;
  readonly checks: Readonly<Record<string, HealthCheck>>;
  /** The text of /metrics. */
  metrics(): string;
  /** A digest for entity tags. */
  digest(bytes: Uint8Array): string;
  /** By exact path. Undefined where there is none; several forms are told apart by `accept`. */
  document(path: string, accept: string | undefined, query: URLSearchParams): Document | undefined;
}

/** Finds who serves a path. */
export function pathHandlers(options: PathsOptions): (request: PathRequest) => PathHandler | undefined {
  const cached = new Map<string, { bytes: Uint8Array; tag: string }>();
  const keep = (key: string, build: () => Uint8Array): { bytes: Uint8Array; tag: string } => {
    const known = cached.get(key);
    if (known) return known;
    const bytes = build();
    const made = { bytes, tag: `"${options.digest(bytes)}"` };
    cached.set(key, made);
    return made;
  };
  /** Answers a document that does not change while the server runs; 304 when the client has it (API-3). */
  const fixed = (exchange: Exchange, key: string, contentType: string, build: () => Uint8Array, hash: string | null = null): void => {
    const { bytes, tag } = keep(key, build);
    // A document asked for by its hash never changes under that address (API-6).
    const lasting = hash !== null && `"${hash}"` === tag;
    const caching = lasting ? "public, immutable, max-age=31536000" : "no-cache, private";
    const headers = { "content-type": contentType, etag: tag, vary: "Accept", "cache-control": caching };
    if ((exchange.header("if-none-match") ?? "").split(",").some((given) => given.trim() === tag)) exchange.respond(304, headers);
    else exchange.respond(200, headers, bytes);
  };
  const fixedJson = (exchange: Exchange, path: string, build: () => unknown): void => {
    negotiate(exchange.header("accept"), {});
    fixed(exchange, path, "application/json", () => utf8(JSON.stringify(build())));
  };
  const discovery =
    (which: "core" | "groups", path: string, plain: () => unknown): PathHandler =>
    (exchange) => {
      const form = negotiate(exchange.header("accept"), { discovery: true });
      if (form.as === "discovery")
        fixed(exchange, `${path} aggregated`, form.contentType, () => utf8(JSON.stringify(aggregatedDiscovery(options.kinds, which))));
      else fixedJson(exchange, path, plain);
    };

  return ({ segments, path, query }) => {
    const [first, second, third] = segments;
    switch (first) {
      case undefined:
        return (exchange) => fixedJson(exchange, "/", () => ({ paths: rootPaths }));
      case "api":
        if (segments.length === 1) return discovery("core", "/api", () => coreVersions(options.kinds, options.serverAddress()));
        if (segments.length === 2) return documentOrNothing(`/api/${second}`, () => resourceList(options.kinds, "", second as string));
        return undefined;
      case "apis":
        if (segments.length === 1) return discovery("groups", "/apis", () => groupList(options.kinds));
        if (segments.length === 2) return documentOrNothing(`/apis/${second}`, () => groupOf(options.kinds, second as string));
        if (segments.length === 3) {
          return documentOrNothing(`/apis/${second}/${third}`, () => resourceList(options.kinds, second as string, third as string));
        }
        return undefined;
      case "version":
        return segments.length === 1 ? (exchange) => fixedJson(exchange, "/version", () => options.version) : undefined;
      case "healthz":
      case "livez":
      case "readyz":
        return health(segments);
      case "metrics":
        return segments.length === 1
          ? (exchange) => exchange.respond(200, { "content-type": "text/plain; version=0.0.4; charset=utf-8" }, utf8(options.metrics()))
          : undefined;
      default: {
        if (!options.document(path, undefined, query)) return undefined;
        return (exchange) => {
          const accept = exchange.header("accept");
          const document = options.document(path, accept, query) as Document;
          fixed(exchange, `${path} ${document.contentType}`, document.contentType, () => document.bytes(), query.get("hash"));
        };
      }
    }
  };

  function documentOrNothing(path: string, build: () => unknown): PathHandler | undefined {
    // Built once to know whether it exists: unknown paths must not fill the cache.
    return cached.has(path) || build() !== undefined ? (exchange) => fixedJson(exchange, path, build) : undefined;
  }

  function health(segments: readonly string[]): PathHandler | undefined {
    const [endpoint, name] = segments;
    if (segments.length > 2) return undefined;
    if (name !== undefined && !Object.hasOwn(options.checks, name)) return undefined;
    return (exchange, { query }) => {
      const excluded = new Set(query.getAll("exclude"));
      const names = name === undefined ? Object.keys(options.checks).filter((check) => !excluded.has(check)) : [name];
      const lines: string[] = [];
      let failed = false;
      for (const check of names) {
        const wrong = options.checks[check]?.();
        if (wrong !== undefined) failed = true;
        lines.push(wrong === undefined ? `[+]${check} ok` : `[-]${check} failed: ${wrong}`);
      }
      const verbose = query.has("verbose");
      const text = failed || verbose ? `${lines.join("\n")}\n${endpoint} check ${failed ? "failed" : "passed"}\n` : "ok";
      exchange.respond(
        failed ? 500 : 200,
        { "content-type": "text/plain; charset=utf-8", "cache-control": "no-cache, private" },
        utf8(text),
      );
    };
  }
}

const rootPaths = ["/api", "/apis", "/healthz", "/livez", "/metrics", "/openapi/v2", "/openapi/v3", "/readyz", "/version"];
