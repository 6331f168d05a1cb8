/** Reads request bodies: JSON, YAML or protobuf into an object of the kind that the path names (API-15, API-80). */
import { ApiError, badRequest, tooLarge } from "../../api/errors.ts";
import type { KindDefinition } from "../../api/kind.ts";
import type { AnyObject } from "../../api/meta/object.ts";
import { decodeProtobuf } from "../../api/protobuf/protobuf.ts";
import { parseJson } from "../../api/schema/json.ts";
import { parsePlainYaml } from "../../machinery/plain-yaml.ts";
import { parseYaml, YamlError } from "../../machinery/yaml.ts";
import type { ApiPatchType, RequestContext } from "../api.ts";
import { bodyTypeOf, decodeJson, decodeValue } from "../decode.ts";
import type { Exchange } from "./exchange.ts";
import { bodyEncoding } from "./media-types.ts";

function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw badRequest("the body of the request is not valid UTF-8");
  }
}

/** Longer bodies come as JSON, as kubectl's do. */
const yamlMaxBytes = 512 * 1024;
/**
 * Reading YAML with anchors, tags, folded texts and the like takes milliseconds for every kilobyte, in which nobody else
 * is served. What programs and people usually write is read fifty times as fast.
 */
const intricateYamlMaxBytes = 32 * 1024;

/** YAML as it stands in a body: the first document. Throws 400, and 413 for a text that takes too long to read. */
function yamlOf(bytes: Uint8Array): unknown {
  if (bytes.length > yamlMaxBytes) throw tooLarge(`Request entity too large: limit is ${yamlMaxBytes} for YAML; send JSON`);
  const text = textOf(bytes);
  const plain = parsePlainYaml(text);
  if (plain !== undefined) return plain;
  if (bytes.length > intricateYamlMaxBytes)
    throw tooLarge(
      `Request entity too large: limit is ${intricateYamlMaxBytes} for YAML beyond plain mappings, lists and texts; send JSON`,
    );
  try {
    return parseYaml(text);
  } catch (error) {
    if (error instanceof YamlError) throw badRequest(`error converting YAML to JSON: yaml: ${error.message}`);
    throw error;
  }
}

/** Any JSON, YAML or protobuf object of a body. Throws 400. */
export function readValue(bytes: Uint8Array, encoding: "json" | "yaml" | "protobuf"): AnyObject {
  const value = encoding === "protobuf" ? decodeProtobuf(bytes) : encoding === "yaml" ? yamlOf(bytes) : parseJson(bytes).value;
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw badRequest("the body of the request is no object");
  return value as AnyObject;
}

/** The object in the body, of the kind's type or that of the subresource, checked as far as `fieldValidation` asks. */
export async function readObject(
  exchange: Exchange,
  maxBytes: number,
  kind: KindDefinition,
  context: RequestContext,
  subresource?: string,
): Promise<AnyObject> {
  const encoding = bodyEncoding(exchange.header("content-type"));
  const bytes = await exchange.readBody(maxBytes);
  const type = bodyTypeOf(kind, subresource);
  if (encoding === "json") return decodeJson(type, bytes, context);
  return decodeValue(type, encoding === "yaml" ? yamlOf(bytes) : decodeProtobuf(bytes), context);
}

/** The patch in the body: a JSON value. An apply patch may be YAML. */
export async function readPatch(exchange: Exchange, maxBytes: number, type: ApiPatchType): Promise<unknown> {
  const bytes = await exchange.readBody(maxBytes);
  if (type === "apply" && bytes[0] !== 0x7b) return yamlOf(bytes);
  try {
    return parseJson(bytes).value;
  } catch (error) {
    if (error instanceof ApiError) throw error;
    throw badRequest(`error decoding patch: ${(error as Error).message}`);
  }
}
