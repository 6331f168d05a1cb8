/**
 * Reads one answer of HTTP/1.1 from bytes that come in pieces. Knows no sockets, so that any cut between two pieces can be
 * tried. What is not HTTP, or is without an end, is refused: nothing here grows without a bound but the body.
 */
import type { Headers } from "./transport.ts";

/** As much as Node's own parser takes, and more than any API server sends. */
const headMax = 64 * 1024;
/** A line with the size of a chunk, and with extensions that nobody uses. */
const sizeLineMax = 1024;

/** The bytes are no answer of HTTP/1.1. */
export class HttpFormatError extends Error {
  constructor(message: string) {
    super(`the server does not speak HTTP: ${message}`);
    this.name = "HttpFormatError";
  }
}

export interface ResponseHead {
  readonly status: number;
  readonly reason: string;
  /** Names in lower case; what is given several times is joined by commas. */
  readonly headers: Headers;
}

export interface ResponseReader {
  /** Takes the next bytes, and says whether the answer is whole. Throws `HttpFormatError`. Not to be called afterwards. */
  push(bytes: Uint8Array): boolean;
  /** There will be no more bytes; says whether the answer is whole by that. */
  end(): boolean;
  /** Once it has come. */
  readonly head: ResponseHead | undefined;
  /** What has come of it; all of it when the answer is whole. */
  body(): Uint8Array;
  /** Another request may follow on the same connection: the end was where the server said it would be. */
  readonly isReusable: boolean;
}

/** Where the body ends. */
type Framing =
  | { readonly by: "length"; left: number }
  | { readonly by: "chunks"; left: number; at: "size" | "data" | "after data" | "trailer" }
  | { readonly by: "close" };

/** `hasBody: false` for answers to HEAD, which are all head. */
export function responseReader({ hasBody = true }: { readonly hasBody?: boolean } = {}): ResponseReader {
  let head: ResponseHead | undefined;
  let framing: Framing | undefined;
  let version = "";
  let isWhole = false;
  let isExact = true;
  /** Of a head or of a line between chunks: what has come of it so far. */
  let pending: Uint8Array | undefined;
  const pieces: Uint8Array[] = [];

  /** Takes up to an end mark off the bytes; undefined, and everything kept, while there is none. */
  function upTo(mark: "\n" | "\r\n\r\n", bytes: Uint8Array, max: number): { readonly text: string; readonly rest: Uint8Array } | undefined {
    const all = pending ? concat([pending, bytes]) : bytes;
    // Only the end of what was there before may complete a mark.
    const from = Math.max(0, (pending?.length ?? 0) - mark.length + 1);
    const end = mark === "\n" ? endOfLine(all, from) : endOfHead(all, from);
    if ((end < 0 ? all.length : end) > max) throw new HttpFormatError("a line or a head of it has no end");
    pending = end < 0 ? all : undefined;
    return end < 0 ? undefined : { text: latin1(all.subarray(0, end - mark.length)), rest: all.subarray(end) };
  }

  function readHead(bytes: Uint8Array): Uint8Array | undefined {
    const found = upTo("\r\n\r\n", bytes, headMax);
    if (!found) return undefined;
    const parsed = parseHead(found.text);
    // An interim answer: the one that counts comes after it.
    if (parsed.head.status < 200 && parsed.head.status !== 101) return found.rest;
    ({ head, version } = parsed);
    framing = framingOf(parsed.head, hasBody);
    if (framing.by === "length" && framing.left === 0) isWhole = true;
    return found.rest;
  }

  function readChunks(chunks: Framing & { by: "chunks" }, bytes: Uint8Array): Uint8Array | undefined {
    if (chunks.at === "data") {
      const taken = bytes.subarray(0, chunks.left);
      pieces.push(taken);
      chunks.left -= taken.length;
      if (chunks.left === 0) chunks.at = "after data";
      return bytes.subarray(taken.length);
    }
    const line = upTo("\n", bytes, chunks.at === "trailer" ? headMax : sizeLineMax);
    if (!line) return undefined;
    const text = line.text.replace(/\r$/, "");
    if (chunks.at === "after data") {
      if (text !== "") throw new HttpFormatError("a chunk is longer than it says");
      chunks.at = "size";
    } else if (chunks.at === "size") {
      const size = /^([0-9a-f]{1,13})\s*(?:;.*)?$/i.exec(text)?.[1];
      if (size === undefined) throw new HttpFormatError("a chunk does not say its size");
      chunks.left = Number.parseInt(size, 16);
      chunks.at = chunks.left === 0 ? "trailer" : "data";
    } else if (text === "") isWhole = true;
    return line.rest;
  }

  return {
    push(bytes) {
      let rest: Uint8Array | undefined = bytes;
      while (!isWhole && rest && rest.length > 0) {
        if (!framing) rest = readHead(rest);
        else if (framing.by === "chunks") rest = readChunks(framing, rest);
        else if (framing.by === "length") {
          const taken: Uint8Array = rest.subarray(0, framing.left);
          pieces.push(taken);
          framing.left -= taken.length;
          isWhole = framing.left === 0;
          rest = rest.subarray(taken.length);
        } else {
          pieces.push(rest);
          rest = undefined;
        }
      }
      // Bytes that nobody asked for: whatever they are, the next answer is not to begin with them.
      if (rest && rest.length > 0) isExact = false;
      return isWhole;
    },
    end() {
      isWhole ||= framing?.by === "close";
      return isWhole;
    },
    get head() {
      return head;
    },
    body: () => (pieces.length === 1 ? (pieces[0] as Uint8Array) : concat(pieces)),
    get isReusable() {
      if (!isWhole || !isExact || !head || framing?.by === "close") return false;
      const connection = String(head.headers["connection"] ?? "").toLowerCase();
      return version === "1.1" ? !/\bclose\b/.test(connection) : /\bkeep-alive\b/.test(connection);
    },
  };
}

function parseHead(text: string): { readonly head: ResponseHead; readonly version: string } {
  const [statusLine = "", ...lines] = text.split("\r\n");
  const status = /^HTTP\/(1\.[01]) (\d{3})(?: (.*))?$/.exec(statusLine);
  if (!status) throw new HttpFormatError("the answer begins with something else than a status");
  const headers: Record<string, string> = Object.create(null);
  for (const line of lines) {
    const at = line.indexOf(":");
    const name = line.slice(0, at).toLowerCase();
    if (at < 1 || /[\s\0]/.test(name)) throw new HttpFormatError("a header has no name");
    const value = line.slice(at + 1).trim();
    headers[name] = headers[name] === undefined ? value : `${headers[name]}, ${value}`;
  }
  return { head: { status: Number(status[2]), reason: status[3] ?? "", headers }, version: status[1] as string };
}

function framingOf({ status, headers }: ResponseHead, hasBody: boolean): Framing {
  if (!hasBody || status === 204 || status === 304 || status === 101) return { by: "length", left: 0 };
  const coding = headers["transfer-encoding"];
  if (coding !== undefined) {
    if (String(coding).toLowerCase() !== "chunked") throw new HttpFormatError(`the body is coded as ${coding}`);
    // Two that disagree about the end are how one answer is smuggled into another.
    if (headers["content-length"] !== undefined) throw new HttpFormatError("the body has two lengths");
    return { by: "chunks", left: 0, at: "size" };
  }
  const length = headers["content-length"];
  if (length === undefined) return { by: "close" };
  if (!/^\d{1,15}$/.test(String(length))) throw new HttpFormatError("the length of the body is no number");
  return { by: "length", left: Number(length) };
}

const lineFeed = 10;
const carriageReturn = 13;

/** Behind the next line feed; -1 without one. */
const endOfLine = (bytes: Uint8Array, from: number): number => bytes.indexOf(lineFeed, from) + 1 || -1;

/** Behind the empty line that ends a head; -1 without one. */
function endOfHead(bytes: Uint8Array, from: number): number {
  for (let at = bytes.indexOf(carriageReturn, from); at >= 0; at = bytes.indexOf(carriageReturn, at + 1))
    if (bytes[at + 1] === lineFeed && bytes[at + 2] === carriageReturn && bytes[at + 3] === lineFeed) return at + 4;
  return -1;
}

/** Bytes of a head as text, each a character. */
function latin1(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return text;
}

function concat(pieces: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}
