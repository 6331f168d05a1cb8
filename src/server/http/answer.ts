/**
 * Writes answers: objects whose bytes are at hand, lists joined from such bytes, and every error as a `Status` (API-82).
 */
import { stringify as yamlText } from "yaml";
import { ApiError, internal } from "../../api/errors.ts";
import type { AnyObject } from "../../api/meta/object.ts";
import { encodeProtobuf } from "../../api/protobuf/protobuf.ts";
import type { Status } from "../../api/types.ts";
import type { Log } from "../../base/log.ts";
import type { ApiList, Stored } from "../api.ts";
import type { AnswerHeaders, Exchange } from "./exchange.ts";
import type { AnswerForm } from "./media-types.ts";

const encoder = new TextEncoder();
export const utf8 = (text: string): Uint8Array => encoder.encode(text);

/** What every answer about resources carries: never kept by a cache. */
const noStore = "no-cache, private";

/** What shapes an answer beside its content. */
export interface AnswerOptions {
  readonly form: AnswerForm;
  readonly pretty: boolean;
  readonly warnings: readonly string[];
}

export function answerHeaders(contentType: string, warnings: readonly string[]): AnswerHeaders {
  const headers: AnswerHeaders = { "content-type": contentType, "cache-control": noStore };
  if (warnings.length > 0) headers["warning"] = bounded(warnings).map(warningHeader);
  return headers;
}

/** What all warnings of one answer may add up to: clients, and HTTP/2 itself, take only so many headers. */
const warningsMaxChars = 4096;
/** What is left of each one where they are more. */
const warningMaxChars = 256;
/** However short they are: some clients give up on an answer of more than 128 headers. */
const warningsMax = 100;

/** All of them where there is room; else their beginnings, as many as there is room for (API-81). */
function bounded(warnings: readonly string[]): readonly string[] {
  const length = (texts: readonly string[]): number => texts.reduce((sum, text) => sum + text.length, 0);
  if (warnings.length <= warningsMax && length(warnings) <= warningsMaxChars) return warnings;
  const kept: string[] = [];
  let room = warningsMaxChars;
  for (const warning of warnings.slice(0, warningsMax)) {
    const beginning = warning.slice(0, warningMaxChars);
    room -= beginning.length;
    if (room < 0) break;
    kept.push(beginning);
  }
  return kept;
}

/** `299 - "text"` (API-81), with whatever a header can't carry taken out. */
const warningHeader = (text: string): string => {
  const safe = Array.from(text, (c) => (c < " " || c === "\x7f" ? " " : c > "~" ? "?" : c)).join("");
  return `299 - "${safe.replace(/[\\"]/g, "\\$&")}"`;
};

/** Answers with a value that is not stored as bytes. */
export function answerValue(exchange: Exchange, code: number, value: unknown, options: AnswerOptions): void {
  const { form, pretty, warnings } = options;
  if (form.encoding === "protobuf") {
    exchange.respond(code, answerHeaders(form.contentType, warnings), encodeProtobuf(value as AnyObject));
    return;
  }
  const text = form.encoding === "yaml" ? yamlText(value, yamlOptions) : JSON.stringify(value, null, pretty ? 2 : 0);
  exchange.respond(code, answerHeaders(form.contentType, warnings), encoder.encode(pretty ? `${text}\n` : text));
}

/** No anchors, which nobody expects, and quotes where a reader of YAML 1.1 would see a time or a truth value. */
const yamlOptions = { aliasDuplicateObjects: false, version: "1.1" } as const;

/** Answers with a stored object: its bytes as they are, where the client takes JSON. */
export function answerStored(exchange: Exchange, code: number, stored: Stored, options: AnswerOptions): void {
  if (options.form.encoding === "json" && !options.pretty) {
    exchange.respond(code, answerHeaders(options.form.contentType, options.warnings), stored.json);
  } else answerValue(exchange, code, stored.object, options);
}

/** Pieces of a streamed list are filled up to this many bytes before they are written. */
const pieceBytes = 256 * 1024;
/** A reader of a list that takes nothing for this long is cut off: it would hold a place among the requests in flight. */
const readerStalledMs = 30_000;
const comma = 0x2c;

/** The metadata of a list document; fields that say nothing are left out. */
export const listMetadata = ({ resourceVersion, continue: token, remainingItemCount }: Omit<ApiList, "items">): ListMetadata => ({
  resourceVersion,
  ...(token !== undefined && token !== "" && { continue: token }),
  ...(remainingItemCount !== undefined && remainingItemCount > 0 && { remainingItemCount }),
});

interface ListMetadata {
  readonly resourceVersion: string;
  readonly continue?: string;
  readonly remainingItemCount?: number;
}

/**
 * Writes a list by joining the items' bytes: nothing is serialised again, and at most a few pieces are in memory at a
 * time, however slowly the client reads.
 */
export async function answerList(
  exchange: Exchange,
  apiVersion: string,
  kind: string,
  list: ApiList,
  options: AnswerOptions,
): Promise<void> {
  const metadata = JSON.stringify(listMetadata(list));
  const head = encoder.encode(
    `{"kind":${JSON.stringify(kind)},"apiVersion":${JSON.stringify(apiVersion)},"metadata":${metadata},"items":[`,
  );
  const tail = encoder.encode("]}\n");
  const headers = answerHeaders(options.form.contentType, options.warnings);
  const total = lengthUpTo(list, pieceBytes, head.length + tail.length);
  if (total !== undefined) {
    const body = new Uint8Array(total - (list.items.length > 0 ? 1 : 0));
    let at = 0;
    body.set(head, at);
    at += head.length;
    for (let i = 0; i < list.items.length; i++) {
      if (i > 0) body[at++] = comma;
      const json = (list.items[i] as Stored).json;
      body.set(json, at);
      at += json.length;
    }
    body.set(tail, at);
    exchange.respond(200, headers, body);
    return;
  }
  const sink = exchange.open(200, headers, { compress: true });
  let piece = new Uint8Array(pieceBytes);
  piece.set(head);
  let at = head.length;
  for (let i = 0; i < list.items.length; i++) {
    const json = (list.items[i] as Stored).json;
    if (at + json.length + 1 > piece.length) {
      if (exchange.closed) return;
      if (!sink.write(piece.subarray(0, at))) await sink.drained(readerStalledMs);
      await exchange.turn();
      piece = new Uint8Array(Math.max(pieceBytes, json.length + 1));
      at = 0;
    }
    if (i > 0) piece[at++] = comma;
    piece.set(json, at);
    at += json.length;
  }
  sink.write(piece.subarray(0, at));
  sink.write(tail);
  sink.end();
}

/** The length of a list's body, or undefined when it is above `max`: nothing beyond is looked at, nor encoded. */
function lengthUpTo(list: ApiList, max: number, start: number): number | undefined {
  let total = start;
  for (const item of list.items) {
    total += item.json.length + 1;
    if (total > max) return undefined;
  }
  return total;
}

/** Turns whatever was thrown into the `Status` to answer with. What is our fault is logged; its text stays here. */
export function statusOf(error: unknown, log: Log): Status {
  if (error instanceof ApiError) return error.status;
  log.error("a request failed unexpectedly", { error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  return internal("the request could not be completed; see the server's log").status;
}

/** Answers with a `Status`, unless an answer is under way already: then it is cut off, so that nobody takes a part for the whole. */
export function answerError(exchange: Exchange, error: unknown, log: Log, warnings: readonly string[] = []): void {
  const status = statusOf(error, log);
  if (exchange.closed) return;
  if (exchange.answered) {
    exchange.abort();
    return;
  }
  const headers = answerHeaders("application/json", warnings);
  const wait = status.details?.retryAfterSeconds;
  if (wait !== undefined) headers["retry-after"] = String(wait);
  if (status.code === 401) headers["www-authenticate"] = 'Bearer realm="kubernetes-master"';
  exchange.respond(status.code ?? 500, headers, encoder.encode(`${JSON.stringify(status)}\n`));
}
