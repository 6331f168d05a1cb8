/**
 * The verbs on resources, from an authorised request to its answer: reads the parameters and the body, calls the `Api`
 * and writes what it says in the form that the client asked for.
 */
import { badRequest, methodNotAllowed, unknownPath } from "../../api/errors.ts";
import { apiVersionOf, type KindDefinition } from "../../api/kind.ts";
import type { AnyObject, ObjectKey } from "../../api/meta/object.ts";
import type { DeleteOptions } from "../../api/types.ts";
import type { World } from "../../base/world.ts";
import type { Api, ApiListOptions, RequestContext, Stored, User } from "../api.ts";
import { type AccessAttributes, accessDenied } from "../auth/access.ts";
import { type AnswerOptions, answerList, answerStored, answerValue, listMetadata } from "./answer.ts";
import { subresourcesOf, verbsOf } from "./discovery.ts";
import type { Exchange } from "./exchange.ts";
import { bodyEncoding, negotiate, patchType } from "./media-types.ts";
import {
  deleteParameters,
  dryRunOf,
  fieldManagerOf,
  fieldValidationOf,
  integerParameter,
  listParameters,
  watchParameters,
} from "./parameters.ts";
import { readObject, readPatch, readValue } from "./read-body.ts";
import { isTrue, type ResourceRequest } from "./request-info.ts";
import { eventEncoder, transformOf } from "./transform.ts";
import { streamWatch } from "./watch-stream.ts";

/** A request body may be this long (API-56). */
export const bodyMaxBytes = 3 * 1024 * 1024;

/** Serves subresources whose answer is no object: logs, streams, proxies. */
export type SubresourceHandler = (request: {
  readonly exchange: Exchange;
  readonly info: ResourceRequest;
  readonly kind: KindDefinition;
  readonly key: ObjectKey;
  readonly user: User;
}) => Promise<void>;

export interface ResourceServer {
  readonly api: Api;
  readonly world: World;
  /** Whether a user may; the request itself is authorised already. */
  authorize(user: User, attributes: AccessAttributes): boolean;
  /** By `plural/subresource`, such as `pods/log`. */
  readonly subresources: ReadonlyMap<string, SubresourceHandler>;
  /** Watches under way; each entry ends one. */
  readonly watches: Set<() => void>;
}

const verbMethods: Readonly<Record<string, string>> = {
  GET: "get",
  HEAD: "get",
  POST: "create",
  PUT: "update",
  PATCH: "patch",
  DELETE: "delete",
};

/** Serves one request on `kind`. Throws `ApiError`. */
export async function serveResource(
  server: ResourceServer,
  exchange: Exchange,
  info: ResourceRequest,
  kind: KindDefinition,
  user: User,
): Promise<void> {
  const { name, subresource } = info;
  const namespace = kind.scope === "Namespaced" ? info.namespace : undefined;
  if (kind.scope === "Cluster" && info.namespace !== undefined && info.resource !== "namespaces") throw unknownPath();
  if (subresource !== undefined) {
    if (name === undefined || (kind.scope === "Namespaced" && namespace === undefined)) throw unknownPath();
    return serveSubresource(server, exchange, info, kind, keyFor(namespace, name), user);
  }
  if (!verbsOf(kind).includes(info.verb)) throw methodNotAllowed({ group: kind.group, resource: kind.plural }, info.verb);
  if (name !== undefined && kind.scope === "Namespaced" && namespace === undefined) throw unknownPath();
  switch (info.verb) {
    case "get":
      return answerOne(server, exchange, info, kind, await server.api.get(kind, keyFor(namespace, name as string)));
    case "list":
      return serveList(server, exchange, info, kind, namespace);
    case "watch":
      return serveWatch(server, exchange, info, kind, namespace);
    case "create":
      return serveCreate(server, exchange, info, kind, namespace, user);
    case "update":
      return serveUpdate(server, exchange, info, kind, keyFor(namespace, name as string), user);
    case "patch":
      return servePatch(server, exchange, info, kind, keyFor(namespace, name as string), user);
    case "delete":
      return serveDelete(server, exchange, info, kind, keyFor(namespace, name as string), user);
    case "deletecollection":
      return serveDeleteCollection(server, exchange, info, kind, namespace, user);
    default:
      throw methodNotAllowed({ group: kind.group, resource: kind.plural }, info.verb);
  }
}

const keyFor = (namespace: string | undefined, name: string): ObjectKey => (namespace === undefined ? { name } : { namespace, name });

/** Virtual kinds have no metadata to speak of, so they make no tables. */
const answerOptions = (
  exchange: Exchange,
  info: ResourceRequest,
  warnings: readonly string[] = [],
  kind?: KindDefinition,
): AnswerOptions => ({
  form: negotiate(exchange.header("accept"), { transforms: !kind?.virtual, protobuf: true }),
  pretty: info.query.has("pretty") && isTrue(info.query.get("pretty")),
  warnings,
});

function answerOne(
  server: ResourceServer,
  exchange: Exchange,
  info: ResourceRequest,
  kind: KindDefinition,
  stored: Stored,
  code = 200,
  warnings: readonly string[] = [],
): void {
  const options = answerOptions(exchange, info, warnings, kind);
  const transform = transformOf(options.form, kind, info.query, server.world.clock);
  if (transform) answerValue(exchange, code, transform.one(stored), options);
  else answerStored(exchange, code, stored, options);
}

async function serveList(
  server: ResourceServer,
  exchange: Exchange,
  info: ResourceRequest,
  kind: KindDefinition,
  namespace: string | undefined,
): Promise<void> {
  const options = answerOptions(exchange, info);
  const asked = inNamespace(listParameters(info.query, kind), namespace);
  const list = await server.api.list(kind, { ...asked, pause: exchange.turn });
  const transform = transformOf(options.form, kind, info.query, server.world.clock);
  if (transform) return answerValue(exchange, 200, transform.list(list), options);
  if (options.form.encoding === "json" && !options.pretty) {
    return answerList(exchange, apiVersionOf(kind), `${kind.kind}List`, list, options);
  }
  const items = list.items.map((item) => item.object);
  answerValue(exchange, 200, { kind: `${kind.kind}List`, apiVersion: apiVersionOf(kind), metadata: listMetadata(list), items }, options);
}

const inNamespace = <T extends ApiListOptions>(options: T, namespace: string | undefined): T =>
  namespace === undefined ? options : { ...options, namespace };

function serveWatch(
  server: ResourceServer,
  exchange: Exchange,
  info: ResourceRequest,
  kind: KindDefinition,
  namespace: string | undefined,
): void {
  const form = negotiate(exchange.header("accept"), { transforms: true, stream: true });
  let options = inNamespace(watchParameters(info.query, kind), namespace);
  if (info.name !== undefined) options = { ...options, fieldSelector: `metadata.name=${info.name}` };
  const timeoutSeconds = integerParameter(info.query, "timeoutSeconds");
  if (timeoutSeconds !== undefined && timeoutSeconds < 0) throw badRequest("timeoutSeconds must not be negative");
  const transform = transformOf(form, kind, info.query, server.world.clock);
  const stop = streamWatch({
    exchange,
    contentType: form.as === "object" ? "application/json" : `${form.contentType};stream=watch`,
    encode: eventEncoder(transform),
    timeoutSeconds: timeoutSeconds === 0 ? undefined : timeoutSeconds,
    clock: server.world.clock,
    random: server.world.random,
    subscribe: (handler) => server.api.watch(kind, options, handler),
    onEnd: () => server.watches.delete(stop),
  });
  if (!exchange.closed) server.watches.add(stop);
}

interface WriteParts {
  readonly context: RequestContext;
  readonly warnings: string[];
}

function writeContext(exchange: Exchange, info: ResourceRequest, user: User, optionsKind: string): WriteParts {
  const warnings: string[] = [];
  const { query } = info;
  const context: RequestContext = {
    user,
    fieldManager: fieldManagerOf(query, exchange.header("user-agent"), optionsKind),
    dryRun: dryRunOf(query.getAll("dryRun"), optionsKind),
    fieldValidation: fieldValidationOf(query, optionsKind),
    warn(text) {
      if (!warnings.includes(text)) warnings.push(text);
    },
  };
  return { context, warnings };
}

/** What a change that finds nothing to change is held to before it creates: the right to create. */
function changeContext(server: ResourceServer, exchange: Exchange, info: ResourceRequest, user: User, optionsKind: string): WriteParts {
  const { context, warnings } = writeContext(exchange, info, user, optionsKind);
  const { type, group, resource, subresource, namespace, name } = info;
  const attributes: AccessAttributes = { type, verb: "create", group, resource, subresource, namespace, name };
  const checkCreate = (): void => {
    if (!server.authorize(user, attributes)) throw accessDenied(user, attributes);
  };
  return { context: { ...context, checkCreate }, warnings };
}

async function serveCreate(
  server: ResourceServer,
  exchange: Exchange,
  info: ResourceRequest,
  kind: KindDefinition,
  namespace: string | undefined,
  user: User,
): Promise<void> {
  if (info.name !== undefined) throw methodNotAllowed({ group: kind.group, resource: kind.plural }, "create");
  if (kind.scope === "Namespaced" && namespace === undefined)
    throw methodNotAllowed({ group: kind.group, resource: kind.plural }, "create");
  // What can't be answered is refused before it is done.
  answerOptions(exchange, info);
  const { context, warnings } = writeContext(exchange, info, user, "CreateOptions");
  const object = await readObject(exchange, bodyMaxBytes, kind, context);
  const stored = await server.api.create(kind, namespace, object, context);
  answerOne(server, exchange, info, kind, stored, 201, warnings);
}

async function serveUpdate(
  server: ResourceServer,
  exchange: Exchange,
  info: ResourceRequest,
  kind: KindDefinition,
  key: ObjectKey,
  user: User,
): Promise<void> {
  answerOptions(exchange, info);
  const { context, warnings } = changeContext(server, exchange, info, user, "UpdateOptions");
  const object = await readObject(exchange, bodyMaxBytes, kind, context, info.subresource);
  const stored = await server.api.update(kind, key, object, context, info.subresource);
  answerOne(server, exchange, info, kind, stored, stored.created ? 201 : 200, warnings);
}

async function servePatch(
  server: ResourceServer,
  exchange: Exchange,
  info: ResourceRequest,
  kind: KindDefinition,
  key: ObjectKey,
  user: User,
): Promise<void> {
  answerOptions(exchange, info);
  const type = patchType(exchange.header("content-type"));
  const { context, warnings } = changeContext(server, exchange, info, user, "PatchOptions");
  if (type === "apply" && !info.query.get("fieldManager")) {
    throw badRequest('PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch');
  }
  const patch = await readPatch(exchange, bodyMaxBytes, type);
  const force = isTrue(info.query.get("force"));
  const stored = await server.api.patch(kind, key, type, patch, { ...context, force }, info.subresource);
  answerOne(server, exchange, info, kind, stored, stored.created ? 201 : 200, warnings);
}

async function readDeleteOptions(exchange: Exchange, info: ResourceRequest): Promise<DeleteOptions> {
  const body = await exchange.readBody(bodyMaxBytes);
  let options: DeleteOptions = deleteParameters(info.query);
  if (body.length > 0) {
    const value = readValue(body, bodyEncoding(exchange.header("content-type")));
    if (value["kind"] !== undefined && value["kind"] !== "DeleteOptions") {
      throw badRequest(`${String(value["kind"])} in version ${JSON.stringify(value["apiVersion"])} cannot be handled as a DeleteOptions`);
    }
    options = checkedDeleteOptions(value);
  }
  return options;
}

function checkedDeleteOptions(value: AnyObject): DeleteOptions {
  const wrong = (name: string, type: string) =>
    badRequest(`json: cannot unmarshal into Go struct field DeleteOptions.${name} of type ${type}`);
  const { gracePeriodSeconds, propagationPolicy, orphanDependents, dryRun, preconditions } = value;
  const given = (field: unknown): boolean => field !== undefined && field !== null;
  if (given(gracePeriodSeconds) && !Number.isSafeInteger(gracePeriodSeconds)) throw wrong("gracePeriodSeconds", "int64");
  if (given(propagationPolicy) && typeof propagationPolicy !== "string") throw wrong("propagationPolicy", "v1.DeletionPropagation");
  if (given(orphanDependents) && typeof orphanDependents !== "boolean") throw wrong("orphanDependents", "bool");
  if (given(dryRun) && !(Array.isArray(dryRun) && dryRun.every((item) => typeof item === "string"))) throw wrong("dryRun", "[]string");
  if (given(preconditions)) {
    if (typeof preconditions !== "object" || Array.isArray(preconditions)) throw wrong("preconditions", "v1.Preconditions");
    if (given(preconditions.uid) && typeof preconditions.uid !== "string") throw wrong("preconditions.uid", "types.UID");
    if (given(preconditions.resourceVersion) && typeof preconditions.resourceVersion !== "string") {
      throw wrong("preconditions.resourceVersion", "string");
    }
  }
  return {
    ...(given(gracePeriodSeconds) && { gracePeriodSeconds }),
    ...(given(propagationPolicy) && { propagationPolicy }),
    ...(given(orphanDependents) && { orphanDependents }),
    ...(given(dryRun) && { dryRun }),
    ...(given(preconditions) && { preconditions }),
  };
}

async function serveDelete(
  server: ResourceServer,
  exchange: Exchange,
  info: ResourceRequest,
  kind: KindDefinition,
  key: ObjectKey,
  user: User,
): Promise<void> {
  const options = await readDeleteOptions(exchange, info);
  const { context, warnings } = deleteContext(exchange, info, user, options);
  const { stored, gone } = await server.api.delete(kind, key, options, context);
  // 202 says that the object is still there although the client asked to wait for its dependents (API-62).
  const code = !gone && options.orphanDependents === false ? 202 : 200;
  if (!gone || kind.returnsDeletedObject) return answerOne(server, exchange, info, kind, stored, code, warnings);
  const { name, uid } = stored.object.metadata;
  const details = { name, ...(kind.group !== "" && { group: kind.group }), kind: kind.plural, uid };
  answerValue(
    exchange,
    code,
    { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", details },
    plain(exchange, info, warnings),
  );
}

async function serveDeleteCollection(
  server: ResourceServer,
  exchange: Exchange,
  info: ResourceRequest,
  kind: KindDefinition,
  namespace: string | undefined,
  user: User,
): Promise<void> {
  if (kind.scope === "Namespaced" && namespace === undefined)
    throw methodNotAllowed({ group: kind.group, resource: kind.plural }, "deletecollection");
  const options = await readDeleteOptions(exchange, info);
  const { context, warnings } = deleteContext(exchange, info, user, options);
  const list = await server.api.deleteCollection(kind, inNamespace(listParameters(info.query, kind), namespace), options, context);
  await answerList(exchange, apiVersionOf(kind), `${kind.kind}List`, list, plain(exchange, info, warnings));
}

function deleteContext(exchange: Exchange, info: ResourceRequest, user: User, options: DeleteOptions): WriteParts {
  const parts = writeContext(exchange, info, user, "DeleteOptions");
  return { ...parts, context: { ...parts.context, dryRun: parts.context.dryRun === true || (options.dryRun ?? []).length > 0 } };
}

/** Plain JSON or YAML, for answers that have no table form. */
function plain(exchange: Exchange, info: ResourceRequest, warnings: readonly string[]): AnswerOptions {
  const options = answerOptions(exchange, info, warnings);
  return options.form.as === "object" ? options : { ...options, form: { encoding: "json", as: "object", contentType: "application/json" } };
}

async function serveSubresource(
  server: ResourceServer,
  exchange: Exchange,
  info: ResourceRequest,
  kind: KindDefinition,
  key: ObjectKey,
  user: User,
): Promise<void> {
  const declared = subresourcesOf(kind).find((sub) => sub.name === info.subresource);
  if (!declared) throw unknownPath();
  const verb = verbMethods[exchange.method] ?? exchange.method.toLowerCase();
  const subject = { group: kind.group, resource: `${kind.plural}/${declared.name}` };
  const isHandedOn = declared.handsOn === true && verb === "options";
  if (!declared.verbs.includes(verb) && !isHandedOn) throw methodNotAllowed(subject, verb);
  const handler = server.subresources.get(`${kind.plural}/${declared.name}`);
  if (handler) return handler({ exchange, info, kind, key, user });
  switch (verb) {
    case "get":
      return answerOne(server, exchange, info, kind, await server.api.get(kind, key, declared.name));
    case "update":
      return serveUpdate(server, exchange, info, kind, key, user);
    case "patch":
      return servePatch(server, exchange, info, kind, key, user);
    case "create": {
      const { context, warnings } = writeContext(exchange, info, user, "CreateOptions");
      const body = await readObject(exchange, bodyMaxBytes, kind, context, declared.name);
      const made = await server.api.createSubresource(kind, key, declared.name, body, context);
      return answerValue(exchange, 201, made, plain(exchange, info, warnings));
    }
    default:
      throw methodNotAllowed(subject, verb);
  }
}
