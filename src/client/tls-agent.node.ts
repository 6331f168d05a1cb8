/**
 * Connections with TLS, straight or in a tunnel through an HTTP proxy (CONNECT). A file of its own because TLS takes
 * longer to load than everything else that a short command needs, and over the engine's socket it is not needed.
 */
import http from "node:http";
import https from "node:https";
import type { Duplex } from "node:stream";
import tls from "node:tls";

/** Keeps connections and hands them out again. */
export const tlsAgent = (options: https.AgentOptions, proxy: URL | undefined): http.Agent =>
  proxy ? new TunnelAgent(proxy, options) : new https.Agent(options);

/** An agent whose connections go through the proxy, encrypted from here to the server. */
class TunnelAgent extends https.Agent {
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
