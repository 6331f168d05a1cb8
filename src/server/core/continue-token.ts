/** The continue token of chunked lists: the version of the first page and the key to go on from, opaque to clients. */
import { badRequest } from "../../api/errors.ts";

export interface ContinueToken {
  /** The store version of every page; -1 goes on at whatever is newest. */
  readonly version: number;
  /** The first key of the next page, behind the list's prefix. */
  readonly start: string;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

/** Base64url without padding. */
export function encodeContinue(token: ContinueToken): string {
  const bytes = encoder.encode(JSON.stringify({ v: "meta.k8s.io/v1", rv: token.version, start: token.start }));
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** Throws 400 for what is no token of ours. */
export function decodeContinue(text: string): ContinueToken {
  let token: unknown;
  try {
    const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
    token = JSON.parse(decoder.decode(Uint8Array.from(binary, (character) => character.charCodeAt(0))));
  } catch {
    throw badRequest("continue key is not valid: illegal base64 data");
  }
  const { v, rv, start } = (typeof token === "object" && token !== null ? token : {}) as { v?: unknown; rv?: unknown; start?: unknown };
  if (v !== "meta.k8s.io/v1") throw badRequest("continue key is not valid: server does not recognize this encoded version");
  if (typeof rv !== "number" || !Number.isSafeInteger(rv) || rv < -1 || rv === 0)
    throw badRequest("continue key is not valid: incorrect encoded start resourceVersion (version meta.k8s.io/v1)");
  if (typeof start !== "string" || start === "" || start.length > 4096)
    throw badRequest("continue key is not valid: encoded start key empty (version meta.k8s.io/v1)");
  return { version: rv, start };
}
