/** What the parts of the server core share. */
import type { World } from "../../base/world.ts";
import type { KindDefinition } from "../../api/kind.ts";
import type { AnyObject, ObjectKey } from "../../api/meta/object.ts";
import type { Store } from "../../store/store.ts";
import type { AdmissionChain } from "../admission/admission.ts";
import type { RequestContext } from "../api.ts";
import type { Face } from "./face.ts";
import type { ObjectStorage } from "./storage.ts";
import type { WatchHub } from "./watch-hub.ts";

/** Serves a kind that is never stored (reviews). */
export type ServeVirtual = (
  kind: KindDefinition,
  namespace: string | undefined,
  body: AnyObject,
  context: RequestContext,
) => Promise<AnyObject>;

/** Issues a service account's token for a TokenRequest; answers with the request completed. */
export type IssueToken = (serviceAccount: AnyObject, request: AnyObject, context: RequestContext) => Promise<AnyObject>;

export interface Core {
  readonly store: Store;
  readonly storage: ObjectStorage;
  readonly world: World;
  readonly kinds: readonly KindDefinition[];
  readonly admission: AdmissionChain;
  readonly serveVirtual: ServeVirtual | undefined;
  readonly issueToken: IssueToken | undefined;
  /** The hub of a kind's watchers. */
  hub(kind: KindDefinition): WatchHub;
  /** A kind's object under the name of a subresource, "" for the main one; throws 404 where there is none. */
  face(kind: KindDefinition, name: string): Face;
  /** The kind of a stored resource such as "" and "pods"; undefined where it is not served. */
  kindOf(group: string, plural: string): KindDefinition | undefined;
  closed(): boolean;
}

/** The key of an object under a kind's scope: cluster-scoped kinds have no namespace whatever the path says. */
export const keyUnder = (kind: KindDefinition, namespace: string | undefined, name: string): ObjectKey =>
  kind.scope === "Cluster" || namespace === undefined ? { name } : { namespace, name };
