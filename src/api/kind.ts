/**
 * What a kind is: everything that shared code must know of it, in one declaration. Shared code never asks which
 * kind it holds; it asks the declaration.
 */
import type { FieldError } from "./errors.ts";
import type { AnyObject, KubeObject } from "./meta/object.ts";

/** How a kind is named on the wire. Enough for a client to address it. */
export interface KindName {
  /** "" for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** The resource: lower-case plural, as in the path. */
  readonly plural: string;
  readonly scope: "Namespaced" | "Cluster";
}

/** A kind as a client handles it; `T` is the type of its objects. */
export interface KindRef<T extends KubeObject = AnyObject> extends KindName {
  /** Type-level only: carries T. Never set. */
  readonly __object?: T;
}

/** `apps/v1` or `v1`. */
export const apiVersionOf = (kind: Pick<KindName, "group" | "version">): string =>
  kind.group === "" ? kind.version : `${kind.group}/${kind.version}`;

/** What a validation or preparation step may know beside the object. */
export interface WriteContext {
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** One column of `kubectl get` (TAB-1 … TAB-19). */
export interface Column<T> {
  readonly name: string;
  readonly type: "string" | "integer" | "date" | "boolean" | "number";
  readonly format?: string;
  readonly description?: string;
  /** 0 is always shown, 1 with `-o wide`. */
  readonly priority?: number;
  /** The cell. Times are given as ages: use `context.now`. */
  cell(object: T, context: { readonly now: number }): string | number | boolean | null;
}

export interface ScaleMapping<T> {
  /** spec.replicas; undefined reads as 0. */
  getReplicas(object: T): number;
  setReplicas(object: T, replicas: number): void;
  statusReplicas(object: T): number;
  /** status.selector: the label selector in text form. */
  selector(object: T): string;
}

export interface KindDefinition<T extends KubeObject = AnyObject> extends KindRef<T> {
  readonly shortNames?: readonly string[];
  readonly singular?: string;
  readonly categories?: readonly string[];
  /** Name of its type in the field tables, such as `apps.v1.Deployment`. */
  readonly schema: string;
  /** The verbs that are served; absent means all of create, delete, deletecollection, get, list, patch, update, watch. */
  readonly verbs?: readonly string[];
  /** `create` only and never stored: reviews, token requests. */
  readonly virtual?: boolean;
  /**
   * The prefix under which objects are stored, when two kinds share one storage (events). Default `group/plural`.
   * `toStorage`/`fromStorage` convert to the stored kind's form.
   */
  readonly storage?: { readonly as: string; toStorage(object: T): AnyObject; fromStorage(object: AnyObject): T };
  /** Kept this long after the last write, then removed (events: one hour). */
  readonly ttlMs?: number;

  /** Fills defaults into a freshly parsed, unfrozen object. Idempotent. Runs on every write. */
  defaults?(object: T): void;
  /** Everything wrong with an object about to be created (metadata is checked by the server). */
  validate?(object: T): FieldError[];
  /** Everything wrong with an update, beside what `validate` says of the new object (the server calls both). */
  validateUpdate?(object: T, old: T): FieldError[];
  /** Resets what a creator may not set (status…). `object` is unfrozen. */
  prepareForCreate?(object: T, context: WriteContext): void;
  /** Carries over from `old` what an updater of the main resource may not change. Status is reset by the server when there is a status subresource. */
  prepareForUpdate?(object: T, old: T, context: WriteContext): void;
  /** Whether an update bumps metadata.generation. Default: the spec changed. Absent spec: never. */
  bumpsGeneration?(object: T, old: T): boolean;
  /** Warnings for the client, on create and update. */
  warnings?(object: T, old?: T): string[];

  readonly status?: {
    /** Carries over from `old` what a writer of /status may not change; default: all but status and managedFields (API-60). */
    prepareForUpdate?(object: T, old: T): void;
    validateUpdate?(object: T, old: T): FieldError[];
  };
  readonly scale?: ScaleMapping<T>;
  /** Further subresources to advertise in discovery, such as `exec` or `eviction`; who serves them is the server's affair. */
  readonly subresources?: readonly {
    readonly name: string;
    readonly kind: KindName | { group: string; version: string; kind: string };
    readonly verbs: readonly string[];
    /** Requests are handed on with whatever method they have; discovery knows no word for OPTIONS. */
    readonly handsOn?: true;
  }[];

  /** `kubectl get`; absent means NAME and CREATED AT (TAB-4). */
  readonly columns?: readonly Column<T>[];
  /** Row conditions (POD-8). */
  rowConditions?(object: T): { type: string; status: string; reason?: string; message?: string }[];
  /** Field selectors beside metadata.name and metadata.namespace (API-29, API-112). */
  readonly fieldSelectors?: Readonly<Record<string, (object: T) => string>>;

  /** DELETE answers with the object rather than with a Status (API-62). */
  readonly returnsDeletedObject?: boolean;
  /** The grace that a delete gets, in seconds; absent or 0: gone at once (KUB-60). `requested` is what the client asked for. */
  graceSeconds?(object: T, requested: number | undefined): number;
  /** Marks an object whose deletion has just begun (a Namespace's phase). `object` is unfrozen. */
  prepareForDelete?(object: T): void;
  /** What keeps an object that is being deleted, beside metadata.finalizers (a Namespace's spec.finalizers). */
  holdsDeletion?(object: T): boolean;
  /** What a delete does without a propagationPolicy. Default Background. */
  readonly defaultPropagation?: "Background" | "Orphan";
  /** An update without a resourceVersion is taken as unconditional. Default true (API-53). */
  readonly unconditionalUpdate?: boolean;
  /** A PUT to an absent name creates it. Default false. */
  readonly createOnUpdate?: boolean;
  /** What a valid metadata.name is. Default: a DNS-1123 subdomain. */
  readonly nameRule?: "subdomain" | "label" | "service" | "path-segment";
  /** Must never be printed or logged. */
  readonly secret?: boolean;
}

/** Declares a kind. */
export const defineKind = <T extends KubeObject>(definition: KindDefinition<T>): KindDefinition<T> => definition;
