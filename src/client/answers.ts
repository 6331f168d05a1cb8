/** What answers of an API server say beside objects: errors, warnings, and that it asks for patience. */
import { ApiError } from "../api/errors.ts";
import type { Status } from "../api/types.ts";
import type { RawResponse } from "./transport.ts";

/** How long the server asks to wait before the request is sent again. */
export function patienceMs({ status, headers }: RawResponse): number | undefined {
  const seconds = headers["retry-after"];
  if (typeof seconds !== "string" || (status !== 429 && status < 500) || !/^\d+$/.test(seconds)) return undefined;
  return Number(seconds) * 1000;
}

/** The error that an answer is: its Status, or one made for an answer that carries none. */
export function errorOf({ status, body }: RawResponse): ApiError {
  const text = new TextDecoder().decode(body);
  try {
    const parsed = JSON.parse(text) as Status;
    if (parsed?.kind === "Status") return new ApiError(parsed);
  } catch {
    // A proxy in between speaks in its own words; they become the message.
  }
  const reasons: Record<number, string> = {
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    409: "Conflict",
    410: "Expired",
    429: "TooManyRequests",
    503: "ServiceUnavailable",
  };
  const message = text.trim().slice(0, 1000) || `the server answered with status ${status}`;
  return new ApiError({
    apiVersion: "v1",
    kind: "Status",
    metadata: {},
    status: "Failure",
    message,
    reason: reasons[status] ?? "Unknown",
    code: status,
  });
}

/** The texts of `299 - "text"`, as often as the header has it. */
export function warningsOf(header: string | string[] | undefined): string[] {
  const all = Array.isArray(header) ? header.join(", ") : (header ?? "");
  return [...all.matchAll(/299 \S+ "((?:[^"\\]|\\.)*)"/g)].map(([, text = ""]) => text.replace(/\\(.)/g, "$1"));
}
