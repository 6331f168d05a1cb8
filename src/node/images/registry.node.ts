/** Speaks with one registry (OCI distribution specification): manifests and blobs of one repository, with whatever proof it asks for. */
import { Agent, request as httpsRequest } from "node:https";
import { type IncomingMessage, request as httpRequest } from "node:http";
import { systemClock } from "../../base/system-world.node.ts";
import type { RegistryAuth } from "../runtime.ts";
import { manifestTypes } from "./manifest.ts";

/** What went wrong, in the registry's or the network's words. `status` is 0 when no answer came. */
export class RegistryError extends Error {
  readonly status: number;
  constructor(status: number, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "RegistryError";
    this.status = status;
  }
}

export interface RepositoryClient {
  /** The manifest or index of a tag or digest. */
  manifest(reference: string): Promise<{ readonly bytes: Uint8Array; readonly mediaType: string }>;
  /** A blob from a byte offset on. `offset` of the answer tells where it really begins: a registry may not know ranges. */
  blob(digest: string, offset: number): Promise<{ readonly body: IncomingMessage; readonly offset: number }>;
}

export interface RepositoryAddress {
  /** E.g. `https://registry-1.docker.io`. */
  readonly base: string;
  readonly repository: string;
  readonly insecure: boolean;
  readonly auth: RegistryAuth | undefined;
  readonly signal: AbortSignal | undefined;
}

const manifestBytesMax = 8 * 1024 * 1024;
const redirectsMax = 8;
/** No sign of life from the other side for so long, and the request is given up. */
const silenceMs = 30_000;
const connectMs = 10_000;
const uncheckedAgent = new Agent({ rejectUnauthorized: false });

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: IncomingMessage;
}

/** A client for one repository. A token, once got, is used again. */
export function repositoryClient(address: RepositoryAddress): RepositoryClient {
  let authorization: string | undefined;

  async function get(path: string, headers: Record<string, string>): Promise<Answer> {
    const url = new URL(`${address.base.replace(/\/$/, "")}/v2/${address.repository}/${path}`);
    let answer = await send(url, headers, authorization);
    if (answer.status === 401) {
      answer.body.resume();
      authorization = await authorize(String(answer.headers["www-authenticate"] ?? ""), address);
      answer = await send(url, headers, authorization);
    }
    if (answer.status >= 200 && answer.status < 300) return answer;
    throw new RegistryError(answer.status, await complaint(answer));
  }

  /** Follows redirects; to another host no proof is sent along. */
  async function send(first: URL, headers: Record<string, string>, proof: string | undefined): Promise<Answer> {
    let url = first;
    for (let i = 0; i < redirectsMax; i++) {
      const own = url.host === first.host && url.protocol === first.protocol;
      const answer = await once(url, { ...headers, ...(proof !== undefined && own ? { authorization: proof } : {}) }, address);
      if (![301, 302, 303, 307, 308].includes(answer.status) || !answer.headers.location) return answer;
      answer.body.resume();
      url = new URL(answer.headers.location, url);
      if (url.protocol !== "https:" && first.protocol === "https:" && !address.insecure) {
        throw new RegistryError(0, `${first.host} sends on to an insecure address`);
      }
    }
    throw new RegistryError(0, `${first.host} sends in circles`);
  }

  return {
    async manifest(reference) {
      const answer = await get(`manifests/${reference}`, { accept: manifestTypes.join(", ") });
      const bytes = await whole(answer.body, manifestBytesMax);
      return { bytes, mediaType: String(answer.headers["content-type"] ?? "").split(";")[0] ?? "" };
    },
    async blob(digest, offset) {
      const answer = await get(`blobs/${digest}`, offset > 0 ? { range: `bytes=${offset}-` } : {});
      return { body: answer.body, offset: answer.status === 206 ? offset : 0 };
    },
  };
}

function once(url: URL, headers: Record<string, string>, address: Pick<RepositoryAddress, "insecure" | "signal">): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const secure = url.protocol === "https:";
    const request = (secure ? httpsRequest : httpRequest)(url, {
      headers: { "user-agent": "windlass", ...headers },
      ...(secure && address.insecure ? { agent: uncheckedAgent } : {}),
      ...(address.signal ? { signal: address.signal } : {}),
    });
    const connecting = systemClock.setTimer(connectMs, () => request.destroy(new Error(`dial ${url.host}: i/o timeout`)));
    request.on("response", (body) => {
      connecting.cancel();
      body.setTimeout(silenceMs, () => body.destroy(new Error(`${url.host} has fallen silent`)));
      resolve({ status: body.statusCode ?? 0, headers: body.headers, body });
    });
    request.on("error", (cause: NodeJS.ErrnoException) => {
      connecting.cancel();
      reject(new RegistryError(0, networkWords(cause, url), { cause }));
    });
    request.end();
  });
}

/** Proof as a challenge (RFC 7235) asks for it: a token from its realm, or name and password. */
async function authorize(challenge: string, address: RepositoryAddress): Promise<string | undefined> {
  const { auth } = address;
  const basic = auth?.username !== undefined ? `Basic ${btoa(`${auth.username}:${auth.password ?? ""}`)}` : undefined;
  if (!/^bearer\s/i.test(challenge)) return basic;
  const parameters = new Map([...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, value]) => [key, value] as [string, string]));
  const realm = parameters.get("realm");
  if (!realm || !URL.canParse(realm)) throw new RegistryError(401, "the registry asks for a token but does not say where to get it");
  const url = new URL(realm);
  if (auth && url.protocol !== "https:" && address.base.startsWith("https:") && !address.insecure) {
    throw new RegistryError(401, "the registry wants the password sent over an insecure connection");
  }
  const scope = parameters.get("scope") ?? `repository:${address.repository}:pull`;
  const service = parameters.get("service");
  if (service !== undefined) url.searchParams.set("service", service);
  url.searchParams.set("scope", scope);
  const answer = auth?.identityToken
    ? await refresh(realm, { service: service ?? "", scope, token: auth.identityToken }, address)
    : await once(url, basic === undefined ? {} : { authorization: basic }, address);
  if (answer.status !== 200) throw new RegistryError(answer.status, `failed to authorize: ${await complaint(answer)}`);
  const { token, access_token: accessToken } = JSON.parse(Buffer.from(await whole(answer.body, manifestBytesMax)).toString("utf8"));
  if (typeof (token ?? accessToken) !== "string") throw new RegistryError(401, "the registry's token service gave no token");
  return `Bearer ${token ?? accessToken}`;
}

function refresh(
  realm: string,
  { service, scope, token }: { service: string; scope: string; token: string },
  address: RepositoryAddress,
): Promise<Answer> {
  const body = new URLSearchParams({ grant_type: "refresh_token", service, scope, client_id: "windlass", refresh_token: token }).toString();
  return new Promise((resolve, reject) => {
    const url = new URL(realm);
    const request = (url.protocol === "https:" ? httpsRequest : httpRequest)(url, {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded", "content-length": Buffer.byteLength(body) },
      timeout: silenceMs,
      ...(address.signal ? { signal: address.signal } : {}),
    });
    request.on("response", (answer) => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: answer }));
    request.on("timeout", () => request.destroy(new Error("i/o timeout")));
    request.on("error", (cause) => reject(new RegistryError(0, networkWords(cause, url), { cause })));
    request.end(body);
  });
}

async function complaint({ status, body }: Answer): Promise<string> {
  const text = Buffer.from(await whole(body, 64 * 1024).catch(() => new Uint8Array(0))).toString("utf8");
  try {
    const { errors } = JSON.parse(text);
    const words = errors.map(({ code, message }: { code?: string; message?: string }) => message || code).join("; ");
    if (words) return words;
  } catch {
    // Not in the registry's own form; the number has to do.
  }
  return `unexpected status from the registry: ${status}`;
}

async function whole(body: AsyncIterable<Uint8Array>, bytesMax: number): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of body) {
    size += piece.length;
    if (size > bytesMax) throw new RegistryError(0, "the registry's answer is too large");
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

function networkWords(error: NodeJS.ErrnoException, url: URL): string {
  const inner = (error as { errors?: NodeJS.ErrnoException[] }).errors?.[0] ?? error;
  switch (inner.code) {
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return `dial tcp: lookup ${url.hostname}: no such host`;
    case "ECONNREFUSED":
      return `dial tcp ${url.host}: connect: connection refused`;
    case "ENETUNREACH":
    case "EHOSTUNREACH":
      return `dial tcp ${url.host}: connect: network is unreachable`;
    default:
      return inner.message || String(inner.code ?? inner);
  }
}
