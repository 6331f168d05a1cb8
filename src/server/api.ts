/**
 * The API without a wire: what the HTTP front and the in-process client both call. Everything behind it (admission,
 * defaults, validation, storage, watch) is the same for both.
 */
import type { KindDefinition } from "../api/kind.ts";
import type { AnyObject, ObjectKey } from "../api/meta/object.ts";
import type { DeleteOptions } from "../api/types.ts";

/** Who asks. Groups and extra as Kubernetes has them. */
export interface User {
  readonly name: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
  /** Of a user that is impersonated: the name of who really asks. Decides nothing. */
  readonly impersonatedBy?: string;
}

/** The circumstances of one request. */
export interface RequestContext {
  readonly user: User;
  /** From the `fieldManager` parameter, else the User-Agent up to "/" (API-69). */
  readonly fieldManager: string;
  readonly dryRun?: boolean;
  readonly fieldValidation?: "Ignore" | "Warn" | "Strict";
  /** For a write that may create although it came as a change: throws 403 where the user may not create. Absent: they may. */
  checkCreate?(): void;
  /** Collects `Warning` headers. */
  warn?(text: string): void;
}

export interface ApiListOptions {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly limit?: number;
  readonly continue?: string;
  readonly resourceVersion?: string;
  readonly resourceVersionMatch?: string;
  /** Called between the parts of a long list, so that others have their turn. Whatever they write, the list is of one version. */
  pause?(): Promise<void>;
}

/** An object as stored: parsed once, frozen, with its JSON encoded once. */
export interface Stored {
  readonly object: AnyObject;
  /** The object's JSON in UTF-8, with its resourceVersion inside. */
  readonly json: Uint8Array;
}

export interface ApiList {
  readonly items: readonly Stored[];
  readonly resourceVersion: string;
  readonly continue?: string;
  readonly remainingItemCount?: number;
}

export interface ApiWatchOptions {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly resourceVersion?: string;
  readonly resourceVersionMatch?: string;
  readonly allowBookmarks?: boolean;
  readonly sendInitialEvents?: boolean;
}

export interface ApiWatchEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK";
  readonly stored: Stored;
}

export interface ApiWatchHandler {
  /** Called synchronously, in order of resourceVersion. Must not throw. */
  event(event: ApiWatchEvent): void;
  /** Ends by itself: the store closed, or the watcher fell too far behind (410). */
  end(error?: Error): void;
}

export type ApiPatchType = "json" | "merge" | "strategic" | "apply";

/** Every method throws `ApiError`. Authorisation is the caller's: the in-process client acts as a system component. */
export interface Api {
  get(kind: KindDefinition, key: ObjectKey, subresource?: string): Promise<Stored>;
  list(kind: KindDefinition, options: ApiListOptions): Promise<ApiList>;
  /** Returns the function that ends the watch. Throws at once for options it can't serve. */
  watch(kind: KindDefinition, options: ApiWatchOptions, handler: ApiWatchHandler): () => void;
  create(kind: KindDefinition, namespace: string | undefined, object: AnyObject, context: RequestContext): Promise<Stored>;
  /** The answer says whether it was created (PUT to an absent name of a kind that allows it). */
  update(
    kind: KindDefinition,
    key: ObjectKey,
    object: AnyObject,
    context: RequestContext,
    subresource?: string,
  ): Promise<Stored & { readonly created?: boolean }>;
  patch(
    kind: KindDefinition,
    key: ObjectKey,
    type: ApiPatchType,
    patch: unknown,
    context: RequestContext & { readonly force?: boolean },
    subresource?: string,
  ): Promise<Stored & { readonly created?: boolean }>;
  /** `stored` is the object as it now is or last was; `gone` says whether it is removed. */
  delete(
    kind: KindDefinition,
    key: ObjectKey,
    options: DeleteOptions,
    context: RequestContext,
  ): Promise<{ readonly stored: Stored; readonly gone: boolean }>;
  deleteCollection(kind: KindDefinition, list: ApiListOptions, options: DeleteOptions, context: RequestContext): Promise<ApiList>;
  /** POST to a subresource such as binding, eviction or token. */
  createSubresource(
    kind: KindDefinition,
    key: ObjectKey,
    subresource: string,
    body: AnyObject,
    context: RequestContext,
  ): Promise<AnyObject>;
}
