/**
 * pods/NAME/proxy and services/NAME/proxy: an HTTP request handed on to a port inside a Pod, through the agent of its
 * node, and the answer handed back. NAME is `[SCHEME:]NAME[:PORT]`.
 */
import { request as httpRequest, type IncomingMessage } from "node:http";
import { Duplex } from "node:stream";
import { connect as tlsConnect } from "node:tls";
import { badRequest, notFound, serviceUnavailable } from "../../api/errors.ts";
import type { KindDefinition } from "../../api/kind.ts";
import { EndpointSlice } from "../../api/kinds/endpoint-slice/index.ts";
import { Service } from "../../api/kinds/service/index.ts";
import type { ByteStream } from "../../api/node-api.ts";
import type { EndpointSlice as EndpointSliceObject, Service as ServiceObject } from "../../api/types.ts";
import { type Random, randomPick } from "../../base/random.ts";
import { systemClock } from "../../base/system-world.node.ts";
import type { Api } from "../api.ts";
import type { AnswerHeaders, Exchange } from "../http/exchange.ts";
import { bodyMaxBytes, type SubresourceHandler } from "../http/resources.ts";
import type { PodTargets } from "./pod-target.ts";
import { portOf } from "./port-forward.ts";

/** Where a request goes. */
interface Destination {
  readonly secure: boolean;
  readonly stream: ByteStream;
}

/** Headers that belong to one connection and go no further; host is the destination's own, and credentials are for us alone. */
const notPassedOn = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "http2-settings",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "host",
  "authorization",
  "content-length",
]);
/** A destination that has not begun to answer within this time is taken for dead. */
const answerDeadlineMs = 60_000;

/** Splits `[SCHEME:]NAME[:PORT]`. Throws 400. */
function readName(text: string): { readonly secure: boolean; readonly name: string; readonly port: string } {
  const parts = text.split(":");
  const [first = "", second = "", third = ""] = parts;
  if (parts.length === 1) return { secure: false, name: first, port: "" };
  if (parts.length === 2) return { secure: false, name: first, port: second };
  if (parts.length === 3 && (first === "" || first === "http" || first === "https"))
    return { secure: first === "https", name: second, port: third };
  throw badRequest(`invalid proxy request ${JSON.stringify(text)}`);
}

/** Serves pods/proxy. */
export const podProxy =
  (targets: PodTargets): SubresourceHandler =>
  async ({ exchange, info, key }) => {
    const { secure, name, port } = readName(key.name);
    const target = await targets.find({ ...key, name });
    const number =
      port === "" ? target.pod.spec?.containers?.flatMap((container) => container.ports ?? [])[0]?.containerPort : portOf(port);
    if (number === undefined) throw badRequest(`invalid port for pod ${JSON.stringify(name)}: ${JSON.stringify(port)}`);
    await handOn(exchange, info.rest, async () => ({ secure, stream: await target.node.portForward(target.ref, number) }));
  };

/** Serves services/proxy: any ready endpoint will do. */
export const serviceProxy =
  (api: Api, targets: PodTargets, random: Random): SubresourceHandler =>
  async ({ exchange, info, key }) => {
    const { secure, name, port } = readName(key.name);
    const namespace = key.namespace as string;
    const service = (await api.get(Service as unknown as KindDefinition, { namespace, name })).object as unknown as ServiceObject;
    const ports = service.spec?.ports ?? [];
    const chosen =
      port === "" ? (ports.length === 1 ? ports[0] : undefined) : ports.find((each) => each.name === port || String(each.port) === port);
    if (!chosen) throw notFound({ group: "", resource: "services", name: key.name });
    const slices = await api.list(EndpointSlice as unknown as KindDefinition, {
      namespace,
      labelSelector: `kubernetes.io/service-name=${name}`,
    });
    const candidates = slices.items.flatMap(({ object }) => {
      const slice = object as unknown as EndpointSliceObject;
      const number = slice.ports?.find((each) => (each.name ?? "") === (chosen.name ?? ""))?.port;
      const ready = (slice.endpoints ?? []).filter(
        (endpoint) => endpoint.conditions?.ready !== false && endpoint.targetRef?.kind === "Pod",
      );
      return number === undefined ? [] : ready.map((endpoint) => ({ pod: endpoint.targetRef?.name as string, number }));
    });
    if (candidates.length === 0) throw serviceUnavailable(`no endpoints available for service ${JSON.stringify(key.name)}`);
    const { pod, number } = randomPick(random, candidates);
    const target = await targets.find({ namespace, name: pod });
    await handOn(exchange, info.rest, async () => ({ secure, stream: await target.node.portForward(target.ref, number) }));
  };

async function handOn(exchange: Exchange, rest: string, dial: () => Promise<Destination>): Promise<void> {
  const mark = exchange.target.indexOf("?");
  const query = mark < 0 ? "" : exchange.target.slice(mark);
  // Relative links of a page only work below a slash.
  if (rest === "" && (exchange.method === "GET" || exchange.method === "HEAD")) {
    const path = mark < 0 ? exchange.target : exchange.target.slice(0, mark);
    return exchange.respond(301, { location: `${path}/${query}` });
  }
  const body = await exchange.readBody(bodyMaxBytes);
  const headers: Record<string, string> = {};
  for (const name of exchange.headerNames) {
    if (name.startsWith(":") || name.startsWith("impersonate-") || notPassedOn.has(name)) continue;
    headers[name] = exchange.header(name) as string;
  }
  let destination: Destination;
  try {
    destination = await dial();
  } catch (error) {
    throw serviceUnavailable(`error trying to reach service: ${error instanceof Error ? error.message : String(error)}`);
  }
  const connection = duplexOf(destination.stream);
  exchange.onClose(() => connection.destroy());
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const options = {
      // A Pod's certificate is known to nobody here; Kubernetes does not check it either.
      createConnection: () => (destination.secure ? tlsConnect({ socket: connection, rejectUnauthorized: false }) : connection),
      host: "localhost",
      method: exchange.method,
      path: `${rest === "" ? "/" : rest}${query}`,
      headers: { ...headers, connection: "close", ...(body.length > 0 && { "content-length": body.length }) },
    };
    const failed = (why: string): void => {
      timer.cancel();
      connection.destroy();
      reject(serviceUnavailable(`error trying to reach service: ${why}`));
    };
    const timer = systemClock.setTimer(answerDeadlineMs, () => failed("it does not answer"));
    const request = httpRequest(options);
    request.on("response", (answer) => {
      timer.cancel();
      resolve(answer);
    });
    request.on("error", (error) => failed(error.message));
    request.end(body);
  });
  const answerHeaders: AnswerHeaders = {};
  const ofConnection = (response.headers.connection ?? "").split(",").map((name) => name.trim().toLowerCase());
  for (const [name, value] of Object.entries(response.headers))
    if (value !== undefined && !notPassedOn.has(name) && !ofConnection.includes(name)) answerHeaders[name] = value;
  const sink = exchange.open(response.statusCode ?? 502, answerHeaders);
  try {
    for await (const bytes of response) if (!sink.write(bytes as Buffer)) await sink.drained();
    sink.end();
  } catch {
    sink.destroy();
  }
}

/** A `ByteStream` as Node's own kind of stream. */
function duplexOf(stream: ByteStream): Duplex {
  let more: (() => void) | undefined;
  const duplex = new Duplex({
    read() {
      more?.();
      more = undefined;
    },
    write(bytes: Buffer, _encoding, done) {
      stream.write(bytes).then(() => done(), done);
    },
    final(done) {
      stream.end();
      done();
    },
    destroy(error, done) {
      more?.();
      stream.destroy();
      done(error);
    },
  });
  stream.read(
    (bytes) => {
      if (duplex.destroyed || duplex.push(bytes)) return undefined;
      return new Promise<void>((resolve) => {
        more = resolve;
      });
    },
    (error) => {
      if (error) duplex.destroy(error);
      else if (!duplex.destroyed) duplex.push(null);
    },
  );
  duplex.on("error", () => {});
  return duplex;
}
