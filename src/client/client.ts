/**
 * The one way to the API for everything above the wire. Two implementations: in-process (shared frozen objects) and
 * HTTP (a kubeconfig, any cluster). Objects that come out of it must not be changed: copy first.
 * Every method throws `ApiError` for what the server refuses and `ConnectionError` where it can't be reached.
 */
import type { KindRef } from "../api/kind.ts";
import type { AnyObject, KubeObject, ObjectKey, WatchEvent } from "../api/meta/object.ts";
import type { DeleteOptions } from "../api/types.ts";

export interface WriteOptions {
  readonly subresource?: string;
  readonly fieldManager?: string;
  readonly dryRun?: boolean;
  readonly fieldValidation?: "Ignore" | "Warn" | "Strict";
}

export type PatchType = "json" | "merge" | "strategic" | "apply";

export interface PatchOptions extends WriteOptions {
  /** Server-side apply: take fields over from other managers. */
  readonly force?: boolean;
}

export interface ListOptions {
  /** Absent: all namespaces. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly limit?: number;
  readonly continue?: string;
  readonly resourceVersion?: string;
  readonly resourceVersionMatch?: "Exact" | "NotOlderThan";
}

export interface List<T> {
  readonly items: readonly T[];
  readonly resourceVersion: string;
  readonly continue?: string;
}

export interface WatchOptions {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** Absent or "0": first everything there is, as ADDED. */
  readonly resourceVersion?: string;
  readonly allowWatchBookmarks?: boolean;
  /** ADDED for everything there is, then a BOOKMARK annotated `k8s.io/initial-events-end`, then changes (API-30). */
  readonly sendInitialEvents?: boolean;
  readonly timeoutSeconds?: number;
}

export interface WatchHandler<T extends KubeObject> {
  /** One that throws ends its watch with that error. */
  event(event: WatchEvent<T>): void;
  /** Called once, when the stream ends: without an error at its time-out or when closed by the server; with `ApiError` 410 when the version is gone. Not called after `close`. */
  end(error?: Error): void;
}

export interface Watch {
  close(): void;
}

export interface Client {
  get<T extends KubeObject>(kind: KindRef<T>, key: ObjectKey, options?: { readonly subresource?: string }): Promise<T>;
  list<T extends KubeObject>(kind: KindRef<T>, options?: ListOptions): Promise<List<T>>;
  watch<T extends KubeObject>(kind: KindRef<T>, options: WatchOptions, handler: WatchHandler<T>): Watch;
  /** The namespace is the object's own. */
  create<T extends KubeObject>(kind: KindRef<T>, object: T, options?: WriteOptions): Promise<T>;
  update<T extends KubeObject>(kind: KindRef<T>, object: T, options?: WriteOptions): Promise<T>;
  /** `patch` is a JSON value: an array of operations for "json", else an object. */
  patch<T extends KubeObject>(kind: KindRef<T>, key: ObjectKey, type: PatchType, patch: unknown, options?: PatchOptions): Promise<T>;
  /** Answers with the deleted object, or undefined where the server answers with a Status. */
  delete<T extends KubeObject>(kind: KindRef<T>, key: ObjectKey, options?: DeleteOptions): Promise<T | undefined>;
  deleteCollection<T extends KubeObject>(kind: KindRef<T>, options: ListOptions, deleteOptions?: DeleteOptions): Promise<void>;
  /** POST to a subresource: binding, eviction, token. */
  createSubresource(kind: KindRef, key: ObjectKey, subresource: string, body: AnyObject, options?: WriteOptions): Promise<AnyObject>;
}

/** The server can't be reached, or the connection broke before an answer came. */
export class ConnectionError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "ConnectionError";
  }
}
