/** Reaching a server through an HTTP proxy: which proxy, if any, and a tunnel through it (CONNECT). */
import http from "node:http";
import https from "node:https";
import type { Duplex } from "node:stream";
import tls from "node:tls";
import { KubeconfigError } from "./kubeconfig.ts";

/**
 * The proxy for a server: the kubeconfig's own, else HTTPS_PROXY unless NO_PROXY or a loopback address says otherwise.
 * Throws `KubeconfigError` for a proxy of a kind that is not spoken here.
 */
export function proxyFor(server: URL, proxyUrl: string | undefined, environment: NodeJS.ProcessEnv = process.env): URL | undefined {
  if (server.protocol !== "https:") return undefined;
  const fromEnvironment = environment["HTTPS_PROXY"] || environment["https_proxy"];
  const text = proxyUrl ?? (isExempt(server, environment["NO_PROXY"] || environment["no_proxy"]) ? undefined : fromEnvironment);
  if (!text) return undefined;
  let proxy: URL;
  try {
    proxy = new URL(text.includes("://") ? text : `http://${text}`);
  } catch (error) {
    throw new KubeconfigError(`the proxy "${text}" is no URL`, { cause: error });
  }
  if (proxy.protocol !== "http:" && proxy.protocol !== "https:")
    throw new KubeconfigError(`proxies of kind "${proxy.protocol.slice(0, -1)}" are not supported; use an http or https proxy`);
  return proxy;
}

function isExempt({ hostname, port }: URL, list: string | undefined): boolean {
  const host = hostname.replace(/^\[|\]$/g, "");
  if (host === "localhost" || host === "::1" || /^127\./.test(host)) return true;
  for (const entry of (list ?? "").split(",")) {
    const name = entry.trim().toLowerCase();
    if (name === "*" || name === host || name === `${host}:${port || "443"}`) return true;
    const suffix = name.replace(/^\*?\.?/, ".");
    if (suffix !== "." && host.endsWith(suffix)) return true;
  }
  return false;
}

/** An agent whose connections go through the proxy, encrypted from here to the server. */
export class TunnelAgent extends https.Agent {
  readonly #proxy: URL;

  constructor(proxy: URL, options: https.AgentOptions) {
    super(options);
    this.#proxy = proxy;
  }

  override createConnection(options: https.RequestOptions, callback?: (error: Error | null, stream: Duplex) => void): undefined {
    const target = `${options.host}:${options.port}`;
    const { hostname, port, protocol, username, password } = this.#proxy;
    const answer = callback as (error: Error | null, stream?: Duplex) => void;
    const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    const connect = (protocol === "https:" ? https : http).request({
      host: hostname.replace(/^\[|\]$/g, ""),
      port: port || (protocol === "https:" ? 443 : 80),
      method: "CONNECT",
      path: target,
      agent: false,
      headers: { host: target, ...(username !== "" && { "proxy-authorization": `Basic ${Buffer.from(credentials).toString("base64")}` }) },
    });
    connect.on("connect", (response, socket) => {
      if (response.statusCode === 200) {
        answer(null, tls.connect({ ...(options as tls.ConnectionOptions), socket, servername: options.servername ?? options.host ?? "" }));
        return;
      }
      socket.destroy();
      answer(new Error(`the proxy ${this.#proxy.host} refused to connect to ${target}: ${response.statusCode} ${response.statusMessage}`));
    });
    connect.on("error", (error) => answer(new Error(`the proxy ${this.#proxy.host} can't be reached: ${error.message}`, { cause: error })));
    connect.end();
    return undefined;
  }
}
