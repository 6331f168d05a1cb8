/**
 * What a request asks for, read from its method and path: the attributes that authorisation, routing and metrics share.
 */
import { badRequest } from "../../api/errors.ts";

/** A request on a resource. `namespace` is set on `namespaces/NAME` too, as Kubernetes has it. */
export interface ResourceRequest {
  readonly type: "resource";
  readonly verb: string;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
  /** What follows the subresource (proxy): with its leading slash, as sent. Empty when nothing does. */
  readonly rest: string;
  readonly path: string;
  readonly query: URLSearchParams;
}

/** A request on anything else. The verb is the method in lower case. */
export interface PathRequest {
  readonly type: "path";
  readonly verb: string;
  readonly path: string;
  readonly segments: readonly string[];
  readonly query: URLSearchParams;
}

export type RequestInfo = ResourceRequest | PathRequest;

const targetMaxLength = 64 * 1024;

/** How Kubernetes reads a boolean parameter: present is true, unless it says `false` or `0`. */
export const isTrue = (value: string | null): boolean => value !== null && value.toLowerCase() !== "false" && value !== "0";

function decodeSegment(segment: string): string {
  if (!segment.includes("%")) return segment;
  try {
    return decodeURIComponent(segment);
  } catch {
    throw badRequest(`the path is malformed: ${JSON.stringify(segment)}`);
  }
}

/** Subresources of the namespace itself: `namespaces/NAME/status` is no resource `status` in the namespace NAME. */
const namespaceSubresources = new Set(["status", "finalize"]);
const verbs: Readonly<Record<string, string>> = {
  POST: "create",
  PUT: "update",
  PATCH: "patch",
  DELETE: "delete",
  GET: "get",
  HEAD: "get",
};

/** Shared by all requests without parameters, and never changed. */
const noQuery = new URLSearchParams("");

/** Reads a request line. Throws 400 for a malformed path or query. */
export function readRequest(method: string, target: string): RequestInfo {
  if (target.length > targetMaxLength) throw badRequest("the request URI is too long");
  const mark = target.indexOf("?");
  const path = mark < 0 ? target : target.slice(0, mark);
  const query = mark < 0 ? noQuery : new URLSearchParams(target.slice(mark + 1));
  const raw = path.split("/");
  if (raw[0] !== "" || raw.length < 2) throw badRequest("the path must start with a slash");
  const parts = raw.slice(1);
  if (parts.at(-1) === "") parts.pop();
  return (
    readResource(method, path, parts, query) ?? {
      type: "path",
      verb: method.toLowerCase(),
      path,
      segments: parts.map(decodeSegment),
      query,
    }
  );
}

function readResource(method: string, path: string, raw: readonly string[], query: URLSearchParams): ResourceRequest | undefined {
  let index: number;
  let group: string;
  if (raw[0] === "api") {
    group = "";
    index = 1;
  } else if (raw[0] === "apis") {
    group = decodeSegment(raw[1] ?? "");
    index = 2;
  } else return undefined;
  const version = decodeSegment(raw[index++] ?? "");
  if (version === "" || raw.length <= index) return undefined;
  let forcedVerb: string | undefined;
  if (raw[index] === "watch" && raw.length > index + 1) {
    forcedVerb = "watch";
    index++;
  }
  let namespace: string | undefined;
  if (raw[index] === "namespaces" && raw.length > index + 1) {
    namespace = decodeSegment(raw[index + 1] as string);
    const after = raw[index + 2];
    if (after !== undefined && !namespaceSubresources.has(after)) index += 2;
  }
  const resource = decodeSegment(raw[index] as string);
  const name = raw.length > index + 1 ? decodeSegment(raw[index + 1] as string) : undefined;
  const subresource = raw.length > index + 2 ? decodeSegment(raw[index + 2] as string) : undefined;
  const rest = subresource === undefined ? "" : ["", ...raw.slice(index + 3), ...(path.endsWith("/") ? [""] : [])].join("/");
  let verb = forcedVerb ?? verbs[method] ?? method.toLowerCase();
  if (verb === "get" && name === undefined) verb = isTrue(query.get("watch")) ? "watch" : "list";
  if (verb === "delete" && name === undefined) verb = "deletecollection";
  return { type: "resource", verb, group, version, resource, namespace, name, subresource, rest, path, query };
}

/**
 * The object's name for authorisation: a list or watch narrowed to one name by `metadata.name=NAME` counts as asking
 * for that object, so a rule with resourceNames can allow it.
 */
export function requestedName(request: ResourceRequest): string | undefined {
  if (request.name !== undefined) return request.name;
  if (request.verb !== "list" && request.verb !== "watch" && request.verb !== "deletecollection") return undefined;
  const match = /^metadata\.name==?([^,=!]+)$/.exec(request.query.get("fieldSelector") ?? "");
  return match?.[1];
}
