/**
 * Reads `Accept` and `Content-Type`: which form an answer takes and how a body is to be read (API-15 … API-18).
 */
import { notAcceptable, unsupportedMediaType } from "../../api/errors.ts";

/** A media type with its parameters; names are lower-case. */
export interface MediaType {
  readonly type: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly quality: number;
}

/** The wire form of an answer. */
export interface AnswerForm {
  readonly encoding: "json" | "yaml" | "protobuf";
  /** The object as it is, as a table for people, or only its metadata. */
  readonly as: "object" | "Table" | "PartialObjectMetadata" | "PartialObjectMetadataList" | "discovery";
  readonly contentType: string;
}

const acceptMaxBytes = 4096;

/** Splits a list of media ranges. What can't be read is left out. The most wanted comes first; equal ones keep their order. */
function parseMediaTypes(header: string): MediaType[] {
  const found: MediaType[] = [];
  for (const part of header.slice(0, acceptMaxBytes).split(",")) {
    const [type = "", ...rest] = part.split(";");
    const name = type.trim().toLowerCase();
    if (name === "") continue;
    const parameters: Record<string, string> = Object.create(null);
    let quality = 1;
    for (const parameter of rest) {
      const equals = parameter.indexOf("=");
      if (equals < 0) continue;
      const key = parameter.slice(0, equals).trim().toLowerCase();
      const value = parameter
        .slice(equals + 1)
        .trim()
        .replace(/^"(.*)"$/, "$1");
      if (key === "q") quality = Number.isFinite(Number(value)) ? Number(value) : 1;
      else parameters[key] = value;
    }
    if (quality > 0) found.push({ type: name, parameters, quality });
  }
  return found.sort((a, b) => b.quality - a.quality);
}

const json: AnswerForm = { encoding: "json", as: "object", contentType: "application/json" };
const yaml: AnswerForm = { encoding: "yaml", as: "object", contentType: "application/yaml" };
const protobuf: AnswerForm = { encoding: "protobuf", as: "object", contentType: "application/vnd.kubernetes.protobuf" };
const discovery: AnswerForm = {
  encoding: "json",
  as: "discovery",
  contentType: "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
};

/** What a place in the API can answer beside plain JSON and YAML. */
export interface Offers {
  /** `as=Table` and the partial forms. */
  readonly transforms?: boolean;
  /** The aggregated discovery document. */
  readonly discovery?: boolean;
  /** A stream of events: JSON only. */
  readonly stream?: boolean;
  readonly protobuf?: boolean;
}

const acceptedTypes = ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"];

/**
 * The form that the client wants most among those that can be served. Protobuf is a last resort: a client that takes
 * it beside JSON is given JSON, whose bytes are at hand (API-16). Throws 406 where nothing fits (API-18).
 */
export function negotiate(accept: string | undefined, offers: Offers): AnswerForm {
  if (accept === undefined || accept === "" || accept === "*/*" || accept === "application/json") return json;
  let last: AnswerForm | undefined;
  for (const range of parseMediaTypes(accept)) {
    const as = range.parameters["as"];
    const isJson = range.type === "application/json" || range.type === "*/*" || range.type === "application/*";
    if (as === undefined) {
      if (isJson) return json;
      if (range.type === "application/yaml" && !offers.stream) return yaml;
      if (range.type === "application/vnd.kubernetes.protobuf" && offers.protobuf && !offers.stream) last ??= protobuf;
      continue;
    }
    if (!isJson) continue;
    const { g: group, v: version } = range.parameters;
    if (offers.transforms && group === "meta.k8s.io" && version === "v1") {
      if (as === "Table" || as === "PartialObjectMetadata" || as === "PartialObjectMetadataList") {
        return { encoding: "json", as, contentType: `application/json;as=${as};v=v1;g=meta.k8s.io` };
      }
    }
    if (offers.discovery && as === "APIGroupDiscoveryList" && group === "apidiscovery.k8s.io" && version === "v2") return discovery;
  }
  if (last) return last;
  throw notAcceptable(acceptedTypes);
}

/** How a body is to be read. Throws 415 for what can't be (API-18). An absent header reads as JSON, as Kubernetes does. */
export function bodyEncoding(contentType: string | undefined): "json" | "yaml" | "protobuf" {
  if (contentType === undefined || contentType === "") return "json";
  switch (mediaTypeOf(contentType)) {
    case "application/json":
      return "json";
    case "application/yaml":
      return "yaml";
    case "application/vnd.kubernetes.protobuf":
      return "protobuf";
    default:
      throw unsupportedMediaType(acceptedTypes);
  }
}

const patchTypes = {
  "application/json-patch+json": "json",
  "application/merge-patch+json": "merge",
  "application/strategic-merge-patch+json": "strategic",
  "application/apply-patch+yaml": "apply",
} as const;

/** Which patch a body is. Throws 415 for any other type (API-56). */
export function patchType(contentType: string | undefined): "json" | "merge" | "strategic" | "apply" {
  const name = mediaTypeOf(contentType ?? "");
  const types: Readonly<Record<string, "json" | "merge" | "strategic" | "apply">> = patchTypes;
  const type = Object.hasOwn(types, name) ? types[name] : undefined;
  if (type === undefined) throw unsupportedMediaType(Object.keys(patchTypes));
  return type;
}

const mediaTypeOf = (header: string): string => (header.split(";")[0] as string).trim().toLowerCase();
