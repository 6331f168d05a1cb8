/**
 * Tokens of service accounts: bound ones, which name their audience, their end and what they are bound to, and the
 * older kind that lies in a Secret. A token counts as long as the account and what it is bound to exist.
 */
import { badRequest, conflict, field, invalid, isNotFound, notFound } from "../../api/errors.ts";
import type { KindDefinition } from "../../api/kind.ts";
import { Node } from "../../api/kinds/node/index.ts";
import { Pod } from "../../api/kinds/pod/index.ts";
import { Secret } from "../../api/kinds/secret/index.ts";
import { ServiceAccount } from "../../api/kinds/service-account/index.ts";
import type { AnyObject, ObjectKey } from "../../api/meta/object.ts";
import { randomUuid } from "../../base/random.ts";
import { formatTime, parseTime } from "../../base/time.ts";
import type { World } from "../../base/world.ts";
import type { Api, RequestContext, User } from "../api.ts";

type Claims = Readonly<Record<string, unknown>>;

export interface ServiceAccountTokensOptions {
  readonly world: World;
  /** Signs and verifies; see `jwt.node.ts`. */
  readonly signer: { sign(claims: Claims): string; verify(token: string): Claims | undefined };
  /** The `iss` of tokens, and their audience where none is named. */
  readonly issuer: string;
  api(): Api;
}

export interface ServiceAccountTokens {
  /** The account behind a token meant for one of `audiences` (default: this API), or undefined. */
  authenticate(
    token: string,
    audiences?: readonly string[],
  ): Promise<{ readonly user: User; readonly audiences: readonly string[] } | undefined>;
  /** Serves TokenRequest: answers with the request completed. Throws 404, 409 and 422. */
  issue(serviceAccount: AnyObject, request: AnyObject, context: RequestContext): Promise<AnyObject>;
  /** The text of the token in a Secret of type `kubernetes.io/service-account-token`. */
  legacyToken(serviceAccount: AnyObject, secretName: string): string;
}

const legacyIssuer = "kubernetes/serviceaccount";
const expirationDefaultSeconds = 3600;
const expirationMinSeconds = 600;
const expirationMaxSeconds = 2 ** 32;
/** Clocks may disagree by this much. */
const leewaySeconds = 10;
/** A token outlives the deletion of what it is bound to by this long, for the last words of its Pod. */
const deletedLeewayMs = 60_000;

const bindable: Readonly<Record<string, { readonly kind: KindDefinition<any>; readonly claim: string }>> = {
  Pod: { kind: Pod, claim: "pod" },
  Secret: { kind: Secret, claim: "secret" },
  Node: { kind: Node, claim: "node" },
};

const text = (value: unknown): string | undefined => (typeof value === "string" && value !== "" ? value : undefined);
const record = (value: unknown): Claims => (typeof value === "object" && value !== null ? (value as Claims) : {});

export function serviceAccountTokens(options: ServiceAccountTokensOptions): ServiceAccountTokens {
  const { world, signer, issuer } = options;

  const find = async (kind: KindDefinition<any>, key: ObjectKey): Promise<AnyObject | undefined> => {
    try {
      return (await options.api().get(kind as KindDefinition, key)).object;
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  };
  /** Whether the object is still the one that a token names. */
  const stands = async (kind: KindDefinition<any>, key: ObjectKey, uid: string | undefined): Promise<boolean> => {
    const object = await find(kind, key);
    if (!object || (uid !== undefined && object.metadata.uid !== uid)) return false;
    const deleted = parseTime(object.metadata.deletionTimestamp);
    return deleted === undefined || world.clock.now() < deleted + deletedLeewayMs;
  };

  async function boundUser(claims: Claims): Promise<User | undefined> {
    const bound = record(claims["kubernetes.io"]);
    const account = record(bound["serviceaccount"]);
    const namespace = text(bound["namespace"]);
    const name = text(account["name"]);
    const uid = text(account["uid"]);
    if (!namespace || !name || !uid || !(await stands(ServiceAccount, { namespace, name }, uid))) return undefined;
    const extra: Record<string, string[]> = {};
    const id = text(claims["jti"]);
    if (id) extra["authentication.kubernetes.io/credential-id"] = [`JTI=${id}`];
    for (const { kind, claim } of Object.values(bindable)) {
      if (bound[claim] === undefined) continue;
      const reference = record(bound[claim]);
      const boundName = text(reference["name"]);
      const boundUid = text(reference["uid"]);
      if (!boundName || !boundUid) return undefined;
      // A Pod's token names its node for the reader's sake; it is not bound to it.
      const informative = claim === "node" && bound["pod"] !== undefined;
      const key = kind.scope === "Namespaced" ? { namespace, name: boundName } : { name: boundName };
      if (!informative && !(await stands(kind, key, boundUid))) return undefined;
      if (claim === "secret") continue;
      extra[`authentication.kubernetes.io/${claim}-name`] = [boundName];
      extra[`authentication.kubernetes.io/${claim}-uid`] = [boundUid];
    }
    return accountUser(namespace, name, uid, extra);
  }

  async function legacyUser(claims: Claims, token: string): Promise<User | undefined> {
    const namespace = text(claims["kubernetes.io/serviceaccount/namespace"]);
    const secretName = text(claims["kubernetes.io/serviceaccount/secret.name"]);
    const name = text(claims["kubernetes.io/serviceaccount/service-account.name"]);
    const uid = text(claims["kubernetes.io/serviceaccount/service-account.uid"]);
    if (!namespace || !secretName || !name || !uid) return undefined;
    const secret = await find(Secret, { namespace, name: secretName });
    if (!secret || secret.metadata.deletionTimestamp !== undefined || secret["data"]?.token !== btoa(token)) return undefined;
    if (!(await stands(ServiceAccount, { namespace, name }, uid))) return undefined;
    return accountUser(namespace, name, uid);
  }

  return {
    async authenticate(token, audiences = [issuer]) {
      const claims = signer.verify(token);
      if (!claims) return undefined;
      if (claims["iss"] === legacyIssuer) {
        const user = await legacyUser(claims, token);
        return user && { user, audiences };
      }
      if (claims["iss"] !== issuer) return undefined;
      const now = world.clock.now() / 1000;
      const { exp, nbf, aud } = claims;
      if (typeof exp !== "number" || now > exp + leewaySeconds) return undefined;
      if (typeof nbf === "number" && now < nbf - leewaySeconds) return undefined;
      const meantFor = (Array.isArray(aud) ? aud : [aud]).filter((item): item is string => typeof item === "string");
      const shared = audiences.filter((audience) => meantFor.includes(audience));
      if (shared.length === 0) return undefined;
      const user = await boundUser(claims);
      return user && { user, audiences: shared };
    },

    async issue(serviceAccount, request, context) {
      const { namespace, name, uid } = serviceAccount.metadata as { namespace: string; name: string; uid: string };
      const spec = record(request["spec"]);
      const seconds = (spec["expirationSeconds"] as number | null | undefined) ?? expirationDefaultSeconds;
      const subject = { group: "authentication.k8s.io", resource: "tokenrequests", kind: "TokenRequest", name };
      const problems = [];
      const path = "spec.expirationSeconds";
      if (seconds < expirationMinSeconds) problems.push(field.invalid(path, seconds, "may not specify a duration less than 10 minutes"));
      if (seconds > expirationMaxSeconds)
        problems.push(field.invalid(path, seconds, "may not specify a duration larger than 2^32 seconds"));
      if (problems.length > 0) throw invalid(subject, problems);
      const audiences = (spec["audiences"] as string[] | undefined)?.length ? (spec["audiences"] as string[]) : [issuer];
      const claims: Record<string, unknown> = { namespace, serviceaccount: { name, uid } };
      if (spec["boundObjectRef"] !== undefined && spec["boundObjectRef"] !== null)
        await bind(claims, record(spec["boundObjectRef"]), namespace, name);
      const now = world.clock.now();
      const issued = Math.floor(now / 1000);
      const token = signer.sign({
        aud: audiences,
        exp: issued + seconds,
        iat: issued,
        iss: issuer,
        jti: randomUuid(world.random),
        "kubernetes.io": claims,
        nbf: issued,
        sub: `system:serviceaccount:${namespace}:${name}`,
      });
      return {
        kind: "TokenRequest",
        apiVersion: "authentication.k8s.io/v1",
        metadata: { name, namespace, creationTimestamp: formatTime(now) },
        spec: { ...spec, audiences, expirationSeconds: seconds },
        // A dry run shows the form and gives nothing that opens a door.
        status: { token: context.dryRun ? "" : token, expirationTimestamp: formatTime((issued + seconds) * 1000) },
      };
    },

    legacyToken: ({ metadata: { namespace, name, uid } }, secretName) =>
      signer.sign({
        iss: legacyIssuer,
        "kubernetes.io/serviceaccount/namespace": namespace,
        "kubernetes.io/serviceaccount/secret.name": secretName,
        "kubernetes.io/serviceaccount/service-account.name": name,
        "kubernetes.io/serviceaccount/service-account.uid": uid,
        sub: `system:serviceaccount:${namespace}:${name}`,
      }),
  };

  async function bind(claims: Record<string, unknown>, reference: Claims, namespace: string, account: string): Promise<void> {
    const kindName = text(reference["kind"]) ?? "";
    const target = Object.hasOwn(bindable, kindName) ? bindable[kindName] : undefined;
    if (!target || (reference["apiVersion"] !== undefined && reference["apiVersion"] !== "v1")) {
      throw badRequest(`cannot bind token for serviceaccount ${JSON.stringify(account)} to an object of kind ${JSON.stringify(kindName)}`);
    }
    const { kind, claim } = target;
    const boundName = text(reference["name"]) ?? "";
    const object = await find(kind, kind.scope === "Namespaced" ? { namespace, name: boundName } : { name: boundName });
    const subject = { group: kind.group, resource: kind.plural, name: boundName };
    if (!object) throw notFound(subject);
    const { uid } = object.metadata;
    const wanted = text(reference["uid"]);
    if (wanted !== undefined && wanted !== uid) {
      throw conflict(
        subject,
        `the UID in the bound object reference (${wanted}) does not match the UID in record. The object might have been deleted and then recreated`,
      );
    }
    if (claim === "pod" && (object["spec"]?.serviceAccountName ?? "default") !== account) {
      throw badRequest(
        `cannot bind token for serviceaccount ${JSON.stringify(account)} to pod running with different serviceaccount name.`,
      );
    }
    claims[claim] = { name: boundName, uid };
    const nodeName = claim === "pod" ? text(object["spec"]?.nodeName) : undefined;
    const node = nodeName && (await find(Node, { name: nodeName }));
    if (node) claims["node"] = { name: nodeName, uid: node.metadata.uid };
  }
}

function accountUser(namespace: string, name: string, uid: string, extra?: Record<string, string[]>): User {
  return {
    name: `system:serviceaccount:${namespace}:${name}`,
    uid,
    groups: ["system:serviceaccounts", `system:serviceaccounts:${namespace}`, "system:authenticated"],
    ...(extra && Object.keys(extra).length > 0 && { extra }),
  };
}
