/** From flags, variables and kubeconfigs to a connection. */
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../base/system-world.node.ts";
import { httpClient } from "../client/http-client.node.ts";
import { httpTransport } from "../client/http-transport.node.ts";
import { type ClusterAccess, KubeconfigError, NoContextError } from "../client/kubeconfig.ts";
import { type AccessOptions, findAccess } from "../client/load-kubeconfig.node.ts";
import { fnv1a32 } from "../machinery/hash.ts";
import type { Transport } from "../client/transport.ts";
import type { Connection } from "./connection.ts";
import { discover } from "./discovery/discover.ts";
import { type DiscoverySource, resourceMapper, type Served } from "./discovery/mapper.ts";
import type { Flags } from "./flags.ts";
import { kubeconfigPaths } from "./kubeconfig-paths.node.ts";
import { parseTimeout } from "./timeout.ts";

/** How long discovery is believed. A name that it does not know is asked for afresh. */
const cacheMs = 6 * 60 * 60 * 1000;

/** The value of -v from which on every request is shown. */
const requestsLevel = 6;

export interface ConnectOptions {
  readonly version: string;
  readonly isPlugin: boolean;
  /** Told of every warning of the server. */
  readonly onWarning?: (text: string) => void;
}

/** Throws `KubeconfigError`. Nothing is sent yet. */
export async function connectWith(flags: Flags, { version, isPlugin, onWarning }: ConnectOptions): Promise<Connection> {
  const access = await accessWith(flags, isPlugin);
  const transport = httpTransport({
    access,
    clock: systemClock,
    userAgent: `windlass/${version} (${process.platform}/${process.arch})`,
    ...limit(flags.string("request-timeout")),
    ...(onWarning && { onWarning }),
    ...(flags.int("v") >= requestsLevel && {
      onAnswer: (text: string, ms: number) => process.stderr.write(`${text} in ${Math.round(ms)} milliseconds\n`),
    }),
  });
  const namespace = flags.string("namespace");
  return {
    client: httpClient({ transport, fieldManager: "windlass" }),
    transport,
    resources: resourceMapper(cachedDiscovery(transport, cacheFile(access, flags.string("cache-dir")))),
    namespace: namespace || access.namespace || "default",
    isNamespaceGiven: namespace !== "",
    // Most commands do without WebSockets.
    openChannels: async (...how) => (await import("../client/channels.node.ts")).channelsOver(transport)(...how),
    close: () => transport.close(),
  };
}

function limit(text: string): { timeoutMs?: number } {
  const timeoutMs = parseTimeout(text);
  if (timeoutMs === undefined)
    throw new KubeconfigError(
      `Invalid timeout value. Timeout must be a single integer in seconds, or an integer followed by a corresponding time unit (e.g. 1s | 2m | 3h)`,
    );
  return timeoutMs === 0 ? {} : { timeoutMs };
}

async function accessWith(flags: Flags, isPlugin: boolean): Promise<ClusterAccess> {
  const text = (name: string): string | undefined => flags.string(name) || undefined;
  const overrides: { -readonly [K in keyof ClusterAccess]?: ClusterAccess[K] } = {};
  const set = <K extends keyof ClusterAccess>(field: K, value: ClusterAccess[K] | undefined): void => {
    if (value !== undefined) overrides[field] = value;
  };
  set("token", text("token"));
  set("username", text("username"));
  set("password", text("password"));
  set("clientCertificateFile", text("client-certificate"));
  set("clientKeyFile", text("client-key"));
  set("tlsServerName", text("tls-server-name"));
  if (flags.bool("insecure-skip-tls-verify")) set("insecureSkipTlsVerify", true);
  const access = await named({
    ...(flags.given("kubeconfig") ? { kubeconfig: flags.string("kubeconfig") } : { paths: kubeconfigPaths({ isPlugin }) }),
    choice: {
      context: text("context"),
      cluster: text("cluster"),
      user: text("user"),
      server: text("server"),
      certificateAuthorityFile: text("certificate-authority"),
      overrides,
    },
  });
  const user = text("as");
  const groups = flags.list("as-group");
  if (user === undefined) {
    if (groups.length > 0 || text("as-uid") || flags.given("as-user-extra"))
      throw new KubeconfigError(
        `requesting uid, groups or user-extra for ${isPlugin ? "kubectl windlass" : "windlass"} without impersonating a user`,
      );
    return access;
  }
  const extra: Record<string, string[]> = {};
  for (const pair of flags.list("as-user-extra")) {
    const at = pair.indexOf("=");
    if (at < 1) throw new KubeconfigError(`--as-user-extra takes KEY=VALUE, not ${JSON.stringify(pair)}`);
    const key = pair.slice(0, at);
    extra[key] = [...(extra[key] ?? []), pair.slice(at + 1)];
  }
  return { ...access, impersonate: { user, groups, extra, ...(text("as-uid") && { uid: flags.string("as-uid") }) } };
}

async function named(options: AccessOptions): Promise<ClusterAccess> {
  try {
    return await findAccess(options);
  } catch (error) {
    if (!(error instanceof NoContextError)) throw error;
    throw new KubeconfigError(
      "no cluster is named: start the embedded engine with `windlass up`, or name a cluster by --context, --kubeconfig or $KUBECONFIG",
      { cause: error },
    );
  }
}

/** One file per server and authority: engines come and go on one port. */
function cacheFile({ server, certificateAuthority = "" }: ClusterAccess, folder: string): string {
  const base = folder || process.env["KUBECACHEDIR"] || join(process.env["HOME"] ?? homedir(), ".kube", "cache");
  const authority = fnv1a32(new TextEncoder().encode(certificateAuthority)).toString(16);
  const host = server.replace(/^https?:\/\//, "").replace(/[^\w.-]/g, "_");
  return join(base, "windlass", `${host}-${authority}.json`);
}

function cachedDiscovery(transport: Transport, file: string): DiscoverySource {
  return {
    async read({ fresh }) {
      const known = fresh ? undefined : readCache(file);
      if (known) return { served: known, isFresh: false };
      const served = await discover(transport);
      writeCache(file, served);
      return { served, isFresh: true };
    },
  };
}

function readCache(file: string): Served | undefined {
  try {
    if (systemClock.now() - statSync(file).mtimeMs > cacheMs) return undefined;
    const served = JSON.parse(readFileSync(file, "utf8"));
    return Array.isArray(served) ? served : undefined;
  } catch {
    return undefined;
  }
}

function writeCache(file: string, served: Served): void {
  try {
    mkdirSync(join(file, ".."), { recursive: true, mode: 0o750 });
    writeFileSync(`${file}.${process.pid}`, JSON.stringify(served), { mode: 0o600 });
    renameSync(`${file}.${process.pid}`, file);
  } catch {
    // A home that can't be written to costs two requests per command, and nothing else.
  }
}
