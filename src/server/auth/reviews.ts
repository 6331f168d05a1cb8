/** The review kinds: questions about who somebody is and what they may do, answered and never stored. */
import { badRequest, field, invalid, methodNotAllowed } from "../../api/errors.ts";
import type { KindDefinition } from "../../api/kind.ts";
import type { AnyObject } from "../../api/meta/object.ts";
import type { PolicyRule } from "../../api/types.ts";
import type { RequestContext, User } from "../api.ts";
import type { AccessAttributes } from "./access.ts";
import type { RbacView } from "./rbac-view.ts";
import type { ServiceAccountTokens } from "./service-account-tokens.ts";

export type ReviewHandler = (body: AnyObject, namespace: string | undefined, context: RequestContext) => AnyObject | Promise<AnyObject>;

export interface ReviewsOptions {
  readonly view: RbacView;
  readonly tokens: ServiceAccountTokens;
}

/** Serves virtual kinds; `more` adds handlers for others, by `group/plural`. */
export function reviews(
  options: ReviewsOptions,
  more: Readonly<Record<string, ReviewHandler>> = {},
): (kind: KindDefinition, namespace: string | undefined, body: AnyObject, context: RequestContext) => Promise<AnyObject> {
  const { view, tokens } = options;
  const access = (kind: string, body: AnyObject, user: User): AnyObject => {
    const allowed = view.authorize(user, attributesOf(kind, body["spec"] ?? {}));
    return { ...body, metadata: body.metadata ?? {}, status: { allowed, ...(allowed && { reason: "" }) } };
  };
  const handlers: Readonly<Record<string, ReviewHandler>> = {
    "authorization.k8s.io/selfsubjectaccessreviews": (body, _namespace, { user }) => access("SelfSubjectAccessReview", body, user),
    "authorization.k8s.io/subjectaccessreviews": (body) => access("SubjectAccessReview", body, userOf("SubjectAccessReview", body)),
    "authorization.k8s.io/localsubjectaccessreviews": (body, namespace) => {
      const asked = body["spec"]?.resourceAttributes?.namespace;
      if (asked !== namespace) {
        throw invalid(
          { group: "authorization.k8s.io", resource: "localsubjectaccessreviews", kind: "LocalSubjectAccessReview", name: "" },
          [field.invalid("spec.resourceAttributes.namespace", asked ?? "", "must match metadata.namespace")],
        );
      }
      return access("LocalSubjectAccessReview", body, userOf("LocalSubjectAccessReview", body));
    },
    "authorization.k8s.io/selfsubjectrulesreviews": (body, _namespace, { user }) => {
      const namespace: unknown = body["spec"]?.namespace;
      if (typeof namespace !== "string" || namespace === "") throw badRequest("no namespace on request");
      const rules = view.rulesFor(user, namespace);
      const status = {
        resourceRules: rules.filter((rule) => rule.resources).map(resourceRule),
        nonResourceRules: rules.filter((rule) => rule.nonResourceURLs).map(({ verbs, nonResourceURLs }) => ({ verbs, nonResourceURLs })),
        incomplete: false,
      };
      return { ...body, metadata: body.metadata ?? {}, status };
    },
    "authentication.k8s.io/selfsubjectreviews": (body, _namespace, { user }) => ({
      ...body,
      metadata: body.metadata ?? {},
      status: { userInfo: userInfo(user) },
    }),
    "authentication.k8s.io/tokenreviews": async (body) => {
      const { token, audiences } = (body["spec"] ?? {}) as { token?: string; audiences?: string[] };
      if (!token) throw badRequest("token is required for TokenReview in authentication");
      const found = await tokens.authenticate(token, audiences?.length ? audiences : undefined);
      const status = found
        ? { authenticated: true, user: userInfo(found.user), audiences: found.audiences }
        : { user: {}, error: "invalid bearer token" };
      return { ...body, metadata: body.metadata ?? {}, status };
    },
    ...more,
  };
  return async (kind, namespace, body, context) => {
    const handler = handlers[`${kind.group}/${kind.plural}`];
    if (!handler) throw methodNotAllowed({ group: kind.group, resource: kind.plural }, "create");
    return handler(body, namespace, context);
  };
}

const resourceRule = ({ verbs, apiGroups, resources, resourceNames }: PolicyRule) => ({
  verbs,
  apiGroups: apiGroups ?? [],
  resources: resources ?? [],
  ...(resourceNames?.length && { resourceNames }),
});

const userInfo = ({ name, uid, groups, extra }: User) => ({
  username: name,
  ...(uid !== undefined && { uid }),
  groups,
  ...(extra && { extra }),
});

function userOf(kind: string, body: AnyObject): User {
  const { user, groups, uid, extra } = (body["spec"] ?? {}) as {
    user?: string;
    groups?: string[];
    uid?: string;
    extra?: Record<string, string[]>;
  };
  if (!user && !groups?.length) {
    throw invalid({ group: "authorization.k8s.io", resource: `${kind.toLowerCase()}s`, kind, name: "" }, [
      field.invalid("spec.user", user ?? "", "at least one of user or group must be specified"),
    ]);
  }
  return { name: user ?? "", groups: groups ?? [], ...(uid && { uid }), ...(extra && { extra }) };
}

function attributesOf(kind: string, spec: AnyObject): AccessAttributes {
  const { resourceAttributes: resource, nonResourceAttributes: path } = spec;
  const problem = (text: string) =>
    invalid({ group: "authorization.k8s.io", resource: `${kind.toLowerCase()}s`, kind, name: "" }, [
      field.invalid("spec.resourceAttributes", null, text),
    ]);
  if (resource && path) throw problem("cannot be specified in combination with nonResourceAttributes");
  if (path) return { type: "path", verb: path.verb ?? "", path: path.path ?? "" };
  if (!resource) throw problem("exactly one of nonResourceAttributes or resourceAttributes must be specified");
  return {
    type: "resource",
    verb: resource.verb ?? "",
    group: resource.group ?? "",
    resource: resource.resource ?? "",
    subresource: resource.subresource || undefined,
    namespace: resource.namespace || undefined,
    name: resource.name || undefined,
  };
}
