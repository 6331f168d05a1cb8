/** Other forms of an object that a client may ask for: a table for people, or its metadata alone (TAB-1 … TAB-5). */
import type { KindDefinition } from "../../api/kind.ts";
import type { Clock } from "../../base/clock.ts";
import type { ApiList, ApiWatchEvent, Stored } from "../api.ts";
import { type AnswerOptions, answerValue, utf8 } from "./answer.ts";
import type { Exchange } from "./exchange.ts";
import type { AnswerForm } from "./media-types.ts";
import { encodePlainEvent } from "./watch-stream.ts";

/** Renders objects, or one, into another document. */
export interface Transform {
  render(items: readonly Stored[], list: ApiList | undefined): unknown;
}

/** The form that was asked for; undefined when the objects go out as they are. */
export function transformOf(_form: AnswerForm, _kind: KindDefinition, _query: URLSearchParams, _clock: Clock): Transform | undefined {
  return undefined;
}

export function answerTransformed(
  exchange: Exchange,
  code: number,
  transform: Transform,
  items: readonly Stored[],
  list: ApiList | undefined,
  options: AnswerOptions,
): void {
  answerValue(exchange, code, transform.render(items, list), options);
}

export const eventEncoder = (transform: Transform | undefined): ((event: ApiWatchEvent) => Uint8Array) =>
  transform === undefined
    ? encodePlainEvent
    : ({ type, stored }) => utf8(`${JSON.stringify({ type, object: transform.render([stored], undefined) })}\n`);
