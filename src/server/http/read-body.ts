/** Reads request bodies: JSON, YAML or protobuf into an object of the kind that the path names. */
import { parse as parseYaml } from "yaml";
import { ApiError, badRequest } from "../../api/errors.ts";
import { apiVersionOf, type KindDefinition } from "../../api/kind.ts";
import type { AnyObject } from "../../api/meta/object.ts";
import type { ApiPatchType, RequestContext } from "../api.ts";
import type { Exchange } from "./exchange.ts";
import { bodyEncoding } from "./media-types.ts";

function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw badRequest("the body of the request is not valid UTF-8");
  }
}

/** Any JSON or YAML object of a body. Throws 400. */
export function readValue(bytes: Uint8Array, encoding: "json" | "yaml" | "protobuf"): AnyObject {
  const text = textOf(bytes);
  let value: unknown;
  try {
    value = encoding === "yaml" ? parseYaml(text) : JSON.parse(text);
  } catch (error) {
    throw badRequest(`the object provided is unrecognized: ${(error as Error).message}`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw badRequest("the body of the request is no object");
  return value as AnyObject;
}

export async function readObject(
  exchange: Exchange,
  maxBytes: number,
  kind: KindDefinition,
  _context: RequestContext,
  _subresource?: string,
): Promise<AnyObject> {
  const encoding = bodyEncoding(exchange.header("content-type"));
  const object = readValue(await exchange.readBody(maxBytes), encoding);
  object.apiVersion ??= apiVersionOf(kind);
  object.kind ??= kind.kind;
  object.metadata ??= {};
  return object;
}

export async function readPatch(exchange: Exchange, maxBytes: number, type: ApiPatchType): Promise<unknown> {
  const bytes = await exchange.readBody(maxBytes);
  try {
    return type === "apply" ? parseYaml(textOf(bytes)) : JSON.parse(textOf(bytes));
  } catch (error) {
    if (error instanceof ApiError) throw error;
    throw badRequest(`error decoding patch: ${(error as Error).message}`);
  }
}
