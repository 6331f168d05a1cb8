/**
 * The front of the API: every request passes here, is limited, authenticated, authorised and routed, and whatever goes
 * wrong on the way is answered with a `Status`.
 */
import { ApiError, tooManyRequests, unauthorized, unknownPath } from "../../api/errors.ts";
import type { KindDefinition } from "../../api/kind.ts";
import type { World } from "../../base/world.ts";
import type { Api, User } from "../api.ts";
import type { AccessAttributes } from "../auth/access.ts";
import { accessDenied } from "../auth/access.ts";
import { answerError } from "./answer.ts";
import type { Exchange } from "./exchange.ts";
import { type PathRequest, type RequestInfo, readRequest, requestedName } from "./request-info.ts";
import { answerNoCustomResources, asksForCustomResources } from "./no-custom-resources.ts";
import { type ResourceServer, type SubresourceHandler, serveResource } from "./resources.ts";

/** Finds out who asks. Throws 401 for credentials that are wrong; undefined when there are none. */
export type Authenticator = (exchange: Exchange) => Promise<User | undefined>;

/** Decides whether a user may. */
export type Authorizer = (user: User, attributes: AccessAttributes) => boolean;

/** Serves a path that is no resource. Undefined when it knows nothing of it. */
export type PathHandler = (exchange: Exchange, request: PathRequest) => void | Promise<void>;

export interface FrontOptions {
  readonly api: Api;
  readonly kinds: readonly KindDefinition[];
  readonly world: World;
  readonly authenticate: Authenticator;
  readonly authorize: Authorizer;
  /** Turns the authenticated user into the one that it acts as; the same user when it does not ask to. Throws 403. */
  impersonate?(exchange: Exchange, user: User): User;
  readonly subresources?: ReadonlyMap<string, SubresourceHandler>;
  /** Finds who serves a path that is no resource. */
  path(request: PathRequest): PathHandler | undefined;
}

export interface Front {
  handle(exchange: Exchange): Promise<void>;
  /** Authenticates, impersonates and authorises: what stands before every answer, and before an upgrade. Throws 401 and 403. */
  admit(exchange: Exchange, request: RequestInfo): Promise<User>;
  readonly metrics: FrontMetrics;
  /** Ends all watches; new ones end at once. */
  close(): void;
}

export interface FrontMetrics {
  /** By `verb code`. */
  readonly requests: ReadonlyMap<string, number>;
  readonly inFlight: number;
  readonly watches: number;
}

/** So many requests are served at a time; watches, logs and streams do not count. More are told to come again. */
const inFlightMax = 1000;
const retryAfterSeconds = 1;

const anonymous: User = { name: "system:anonymous", groups: ["system:unauthenticated"] };
/** What may be read without credentials. */
const isPublic = (request: RequestInfo): boolean =>
  request.type === "path" &&
  (request.verb === "get" || request.verb === "head") &&
  /^\/(version|healthz|livez|readyz)(\/|$)/.test(request.path);

export function createFront(options: FrontOptions): Front {
  const { api, kinds, world } = options;
  const byPath = new Map(kinds.map((kind) => [`${kind.group}/${kind.version}/${kind.plural}`, kind]));
  const watches = new Set<() => void>();
  const server: ResourceServer = {
    api,
    world,
    watches,
    authorize: options.authorize,
    subresources: options.subresources ?? new Map(),
  };
  const requests = new Map<string, number>();
  let inFlight = 0;

  async function admit(exchange: Exchange, request: RequestInfo): Promise<User> {
    let user = await options.authenticate(exchange);
    if (!user) {
      if (!isPublic(request)) throw unauthorized();
      user = anonymous;
    }
    user = options.impersonate?.(exchange, user) ?? user;
    if (isPublic(request)) return user;
    const attributes = attributesOf(request);
    if (!options.authorize(user, attributes)) throw accessDenied(user, attributes);
    return user;
  }

  async function serve(exchange: Exchange, request: RequestInfo): Promise<void> {
    const user = await admit(exchange, request);
    if (request.type === "path") {
      const handler = options.path(request);
      if (!handler) throw unknownPath();
      if (request.verb !== "get" && request.verb !== "head") throw pathMethodNotAllowed();
      return handler(exchange, request);
    }
    const kind = byPath.get(`${request.group}/${request.version}/${request.resource}`);
    if (!kind) {
      if (!asksForCustomResources(request)) throw unknownPath();
      return answerNoCustomResources(exchange);
    }
    return serveResource(server, exchange, request, kind, user);
  }

  async function handle(exchange: Exchange): Promise<void> {
    let verb = "unknown";
    let counted = false;
    try {
      const request = readRequest(exchange.method, exchange.target);
      verb = request.verb;
      if (!isLongRunning(request)) {
        if (inFlight >= inFlightMax)
          throw tooManyRequests("the server has too many requests in flight, please try again later", retryAfterSeconds);
        inFlight++;
        counted = true;
      }
      await serve(exchange, request);
      count(verb, "ok");
    } catch (error) {
      count(verb, error instanceof ApiError ? String(error.code) : "500");
      answerError(exchange, error, world.log);
    } finally {
      if (counted) inFlight--;
    }
  }

  function count(verb: string, code: string): void {
    const key = `${knownVerbs.has(verb) ? verb : "other"} ${code}`;
    requests.set(key, (requests.get(key) ?? 0) + 1);
  }

  return {
    handle,
    admit,
    metrics: {
      requests,
      get inFlight() {
        return inFlight;
      },
      get watches() {
        return watches.size;
      },
    },
    close() {
      for (const stop of [...watches]) stop();
    },
  };
}

const pathMethodNotAllowed = (): ApiError =>
  new ApiError({
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message: "the server does not allow this method on the requested resource",
    reason: "MethodNotAllowed",
    code: 405,
  });

const knownVerbs = new Set(["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection", "head", "post", "put"]);
const longRunningSubresources = new Set(["log", "exec", "attach", "portforward", "proxy"]);
const isLongRunning = (request: RequestInfo): boolean =>
  request.type === "resource" &&
  (request.verb === "watch" || (request.subresource !== undefined && longRunningSubresources.has(request.subresource)));

/** What authorisation looks at. */
export const attributesOf = (request: RequestInfo): AccessAttributes =>
  request.type === "path"
    ? { type: "path", verb: request.verb, path: request.path }
    : {
        type: "resource",
        verb: request.verb,
        group: request.group,
        resource: request.resource,
        subresource: request.subresource,
        namespace: request.namespace,
        name: requestedName(request),
      };
