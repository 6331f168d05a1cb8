/** Probes over the network, worded as Go's client words its failures: that is what users search for. */
import { request as httpRequest } from "node:http";
import { connect as http2Connect } from "node:http2";
import { request as httpsRequest } from "node:https";
import { connect } from "node:net";
import { systemClock } from "../../base/system-world.node.ts";
import type { Prober } from "../runtime.ts";

const bodyMax = 10_240;
const redirectsMax = 10;
const userAgent = "kube-probe/1.35";

/** A prober that reaches Pods by their addresses. Certificates are not verified, as in Kubernetes. */
export const networkProber: Prober = { http: probeHttp, tcp: probeTcp, grpc: probeGrpc };

const endpoint = (host: string, port: number): string => `${host.includes(":") ? `[${host}]` : host}:${port}`;

/** The text of a failed connection. */
function dialError(error: NodeJS.ErrnoException, address: string): string {
  switch (error.code) {
    case "ECONNREFUSED":
      return `dial tcp ${address}: connect: connection refused`;
    case "EHOSTUNREACH":
      return `dial tcp ${address}: connect: no route to host`;
    case "ENETUNREACH":
      return `dial tcp ${address}: connect: network is unreachable`;
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return `dial tcp: lookup ${address.replace(/:\d+$/, "")}: no such host`;
    case "ECONNRESET":
      return error.message === "socket hang up" ? "EOF" : `read tcp ${address}: read: connection reset by peer`;
    default:
      return error.message;
  }
}

async function probeHttp(target: Parameters<Prober["http"]>[0]): Promise<{ status: number; body: string }> {
  const { scheme, host, port, path, timeoutMs } = target;
  const headers: Record<string, string> = { "user-agent": userAgent, accept: "*/*", connection: "close" };
  for (const { name, value } of target.headers) headers[name.toLowerCase()] = value;
  const deadline = systemClock.monotonic() + timeoutMs;
  const origin = new URL(`${scheme.toLowerCase()}://${endpoint(host, port)}`);
  let url = new URL(path.startsWith("/") ? path : `/${path}`, origin);
  for (let redirects = 0; ; redirects++) {
    const answer = await fetchOnce(url, headers, deadline - systemClock.monotonic());
    const { location } = answer;
    if (answer.status < 300 || answer.status >= 400 || location === undefined) return { status: answer.status, body: answer.body };
    const next = new URL(location, url);
    // Elsewhere is not this container's answer; that it answered at all counts as success.
    if (next.hostname !== url.hostname) return { status: answer.status, body: answer.body };
    if (redirects === redirectsMax) throw new Error(`Get "${url}": stopped after ${redirectsMax} redirects`);
    url = next;
  }
}

function fetchOnce(
  url: URL,
  headers: Record<string, string>,
  timeoutMs: number,
): Promise<{ status: number; body: string; location?: string }> {
  return new Promise((resolve, reject) => {
    const fail = (why: string): void => reject(new Error(`Get "${url}": ${why}`));
    const send = url.protocol === "https:" ? httpsRequest : httpRequest;
    const request = send(url, { headers, agent: false, rejectUnauthorized: false }, (response) => {
      const pieces: Buffer[] = [];
      let size = 0;
      const done = (): void => {
        timer.cancel();
        const { location } = response.headers;
        resolve({
          status: response.statusCode ?? 0,
          body: Buffer.concat(pieces).toString("utf8").slice(0, bodyMax),
          ...(location !== undefined && { location }),
        });
        request.destroy();
      };
      response.on("data", (piece: Buffer) => {
        pieces.push(piece);
        size += piece.length;
        if (size >= bodyMax) done();
      });
      response.on("end", done);
      response.on("error", (error) => fail(error.message));
    });
    const timer = systemClock.setTimer(Math.max(1, timeoutMs), () => {
      fail("context deadline exceeded (Client.Timeout exceeded while awaiting headers)");
      request.destroy();
    });
    request.on("error", (error: NodeJS.ErrnoException) => {
      timer.cancel();
      fail(dialError(error, url.host));
    });
    request.end();
  });
}

function probeTcp({ host, port, timeoutMs }: Parameters<Prober["tcp"]>[0]): Promise<void> {
  return new Promise((resolve, reject) => {
    const address = endpoint(host, port);
    const socket = connect({ host, port });
    const timer = systemClock.setTimer(timeoutMs, () => {
      socket.destroy();
      reject(new Error(`dial tcp ${address}: i/o timeout`));
    });
    socket.on("connect", () => {
      timer.cancel();
      socket.destroy();
      resolve();
    });
    socket.on("error", (error: NodeJS.ErrnoException) => {
      timer.cancel();
      reject(new Error(dialError(error, address)));
    });
  });
}

const servingStatuses = ["UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"] as const;
const grpcUnimplemented = "12";
const grpcNotFound = "5";

/** grpc.health.v1.Health/Check by hand: one HTTP/2 request with one length-prefixed message each way. */
function probeGrpc({ host, port, service, timeoutMs }: Parameters<Prober["grpc"]>[0]): Promise<string> {
  return new Promise((resolve, reject) => {
    const address = endpoint(host, port);
    const session = http2Connect(`http://${address}`);
    let settled = false;
    const settle = (act: () => void): void => {
      if (settled) return;
      settled = true;
      timer.cancel();
      session.destroy();
      act();
    };
    const fail = (why: string): void => settle(() => reject(new Error(why)));
    const timer = systemClock.setTimer(timeoutMs, () => {
      const seconds = timeoutMs / 1000;
      fail(
        session.connecting
          ? `timeout: failed to connect service "${address}" within ${seconds}s: context deadline exceeded`
          : `timeout: health rpc did not complete within ${seconds}s`,
      );
    });
    session.on("error", (error: NodeJS.ErrnoException) => fail(`error: health rpc failed: ${dialError(error, address)}`));

    const stream = session.request({
      ":method": "POST",
      ":path": "/grpc.health.v1.Health/Check",
      "content-type": "application/grpc",
      te: "trailers",
      "user-agent": userAgent,
    });
    const pieces: Buffer[] = [];
    let grpcStatus = "0";
    let grpcMessage = "";
    const note = (headers: Record<string, unknown>): void => {
      if (typeof headers["grpc-status"] === "string") grpcStatus = headers["grpc-status"];
      if (typeof headers["grpc-message"] === "string") grpcMessage = decodeURIComponent(headers["grpc-message"]);
    };
    stream.on("response", note);
    stream.on("trailers", note);
    stream.on("data", (piece: Buffer) => pieces.push(piece));
    stream.on("error", (error: Error) => fail(`error: health rpc failed: ${error.message}`));
    stream.on("end", () => {
      if (grpcStatus === grpcUnimplemented)
        return fail("error: this server does not implement the grpc health protocol (grpc.health.v1.Health)");
      if (grpcStatus === grpcNotFound) return fail(`error: health rpc failed: service "${service}" is unknown`);
      if (grpcStatus !== "0") return fail(`error: health rpc failed: code ${grpcStatus}: ${grpcMessage}`);
      const message = Buffer.concat(pieces).subarray(5);
      // Field 1, varint; an absent field is the enum's zero.
      const status = message[0] === 0x08 ? (message[1] ?? 0) : 0;
      settle(() => resolve(servingStatuses[status] ?? "UNKNOWN"));
    });
    stream.end(healthRequest(service));
  });
}

/** HealthCheckRequest { service = 1 } with gRPC's five-byte prefix. */
function healthRequest(service: string): Buffer {
  const name = Buffer.from(service, "utf8").subarray(0, 127);
  const message = name.length === 0 ? Buffer.alloc(0) : Buffer.concat([Buffer.from([0x0a, name.length]), name]);
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}
