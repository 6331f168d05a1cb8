/**
 * Puts the parts of security together: what the core asks for before it exists (admission, reviews, tokens), what the
 * front asks for each request, and what runs beside both.
 */
import type { World } from "../../base/world.ts";
import type { AdmissionRule } from "../admission/admission.ts";
import type { Api, User } from "../api.ts";
import type { IssueToken, ServeVirtual } from "../core/core.ts";
import type { Exchange } from "../http/exchange.ts";
import type { AccessAttributes } from "./access.ts";
import { aggregatedRolesKeeper } from "./aggregated-roles.ts";
import { authenticator, impersonator } from "./authenticate.ts";
import { bootstrapPolicy } from "./bootstrap-policy.ts";
import { escalationRule } from "./escalation.ts";
import { createRbacView } from "./rbac-view.ts";
import { type ReviewHandler, reviews } from "./reviews.ts";
import { type ServiceAccountTokens, serviceAccountTokens } from "./service-account-tokens.ts";

export interface AuthOptions {
  readonly world: World;
  readonly signer: {
    sign(claims: Readonly<Record<string, unknown>>): string;
    verify(token: string): Readonly<Record<string, unknown>> | undefined;
  };
  /** Default `https://kubernetes.default.svc.cluster.local`. */
  readonly issuer?: string;
  readonly staticTokens?: readonly { readonly token: string; readonly user: User }[];
  secretsEqual(a: string, b: string): boolean;
  /** Further virtual kinds, by `group/plural`. */
  readonly virtualKinds?: Readonly<Record<string, ReviewHandler>>;
}

export interface Auth {
  /** For `createApi`. */
  readonly admission: readonly AdmissionRule[];
  readonly virtual: ServeVirtual;
  readonly issueToken: IssueToken;
  /** For the front. */
  authenticate(exchange: Exchange): Promise<User | undefined>;
  impersonate(exchange: Exchange, user: User): User;
  authorize(user: User, attributes: AccessAttributes): boolean;
  readonly tokens: ServiceAccountTokens;
  readonly issuer: string;
  /** Creates the missing bootstrap roles, then follows the roles of `api`. Call once, before the first request. */
  start(api: Api): Promise<void>;
  close(): void;
}

const defaultIssuer = "https://kubernetes.default.svc.cluster.local";

export function createAuth(options: AuthOptions): Auth {
  const { world, signer, secretsEqual } = options;
  const issuer = options.issuer ?? defaultIssuer;
  const view = createRbacView();
  let api: Api | undefined;
  const tokens = serviceAccountTokens({
    world,
    signer,
    issuer,
    api() {
      if (!api) throw new Error("not started");
      return api;
    },
  });
  return {
    admission: [escalationRule(view)],
    virtual: reviews({ view, tokens }, options.virtualKinds),
    issueToken: tokens.issue,
    authenticate: authenticator({ tokens, secretsEqual, ...(options.staticTokens && { staticTokens: options.staticTokens }) }),
    impersonate: impersonator(view),
    authorize: view.authorize,
    tokens,
    issuer,
    async start(started) {
      api = started;
      await bootstrapPolicy(started);
      const keeper = aggregatedRolesKeeper(world, view.clusterRoles);
      view.follow(started, () => keeper.changed(started));
    },
    close: () => view.close(),
  };
}
