/** Who asks: by client certificate, by a service account's token, or by a token known from the start; and whom they act as. */
import { badRequest, unauthorized } from "../../api/errors.ts";
import type { User } from "../api.ts";
import type { Exchange, PeerIdentity } from "../http/exchange.ts";
import { accessDenied } from "./access.ts";
import type { RbacView } from "./rbac-view.ts";
import type { ServiceAccountTokens } from "./service-account-tokens.ts";

export interface AuthenticateOptions {
  readonly tokens: ServiceAccountTokens;
  /** Tokens given by whoever started the engine. */
  readonly staticTokens?: readonly { readonly token: string; readonly user: User }[];
  secretsEqual(a: string, b: string): boolean;
}

const authenticated = "system:authenticated";
const users = new WeakMap<PeerIdentity, User>();

function certificateUser(peer: PeerIdentity): User {
  const known = users.get(peer);
  if (known) return known;
  const user = { name: peer.commonName, groups: [...new Set([...peer.organizations, authenticated])] };
  users.set(peer, user);
  return user;
}

/** Undefined for a request without credentials. Throws 401 for wrong ones. */
export function authenticator(options: AuthenticateOptions): (exchange: Exchange) => Promise<User | undefined> {
  return async (exchange) => {
    if (exchange.peer) return certificateUser(exchange.peer);
    const token = bearerToken(exchange);
    if (token === undefined) return undefined;
    for (const known of options.staticTokens ?? []) {
      if (!options.secretsEqual(known.token, token)) continue;
      return { ...known.user, groups: [...new Set([...known.user.groups, authenticated])] };
    }
    const found = await options.tokens.authenticate(token);
    if (!found) throw unauthorized();
    return found.user;
  };
}

/** Browsers can't set headers on a WebSocket: they carry the token as a subprotocol, base64url without padding. */
const protocolPrefix = "base64url.bearer.authorization.k8s.io.";

function bearerToken(exchange: Exchange): string | undefined {
  const header = exchange.header("authorization");
  if (header !== undefined) {
    const match = /^bearer\s+(\S+)\s*$/i.exec(header);
    if (!match) throw unauthorized();
    return match[1];
  }
  const protocols = exchange.header("sec-websocket-protocol");
  for (const protocol of protocols?.split(",") ?? []) {
    const name = protocol.trim();
    if (!name.startsWith(protocolPrefix)) continue;
    try {
      return atob(name.slice(protocolPrefix.length).replaceAll("-", "+").replaceAll("_", "/"));
    } catch {
      throw unauthorized();
    }
  }
  return undefined;
}

const extraPrefix = "impersonate-extra-";
const accountPrefix = "system:serviceaccount:";

/** Turns a user into the one it asks to act as, where the roles allow it. Throws 400 and 403. */
export function impersonator(view: RbacView): (exchange: Exchange, user: User) => User {
  return (exchange, user) => {
    const name = exchange.header("impersonate-user");
    const groupsHeader = exchange.header("impersonate-group");
    const uid = exchange.header("impersonate-uid");
    const extraNames = exchange.headerNames.filter((header) => header.startsWith(extraPrefix));
    if (name === undefined || name === "") {
      if (groupsHeader !== undefined || uid !== undefined || extraNames.length > 0) {
        throw badRequest("requested impersonation of a group, uid or extra without impersonating a user");
      }
      return user;
    }
    const demand = (resource: string, subject: string, group = "", namespace?: string, subresource?: string): void => {
      const attributes = { type: "resource", verb: "impersonate", group, resource, subresource, namespace, name: subject } as const;
      if (!view.authorize(user, attributes)) throw accessDenied(user, attributes);
    };
    let groups = (groupsHeader ?? "").split(",").flatMap((group) => group.trim() || []);
    if (name.startsWith(accountPrefix)) {
      const [namespace = "", account = "", ...rest] = name.slice(accountPrefix.length).split(":");
      if (rest.length > 0 || account === "") throw badRequest(`invalid service account name ${JSON.stringify(name)}`);
      demand("serviceaccounts", account, "", namespace);
      if (groups.length === 0) groups = ["system:serviceaccounts", `system:serviceaccounts:${namespace}`];
    } else demand("users", name);
    if (groupsHeader !== undefined) for (const group of groups) demand("groups", group);
    if (uid !== undefined) demand("uids", uid, "authentication.k8s.io");
    const extra: Record<string, string[]> = {};
    for (const header of extraNames) {
      const key = decodeURIComponentSafely(header.slice(extraPrefix.length));
      const value = exchange.header(header) as string;
      demand("userextras", value, "authentication.k8s.io", undefined, key);
      extra[key] = [value];
    }
    if (name !== "system:anonymous" && !groups.includes(authenticated)) groups = [...groups, authenticated];
    return { name, groups, impersonatedBy: user.name, ...(uid !== undefined && { uid }), ...(extraNames.length > 0 && { extra }) };
  };
}

function decodeURIComponentSafely(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw badRequest("a header for impersonation is malformed");
  }
}
