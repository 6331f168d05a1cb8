/** What a server serves, told by itself; and how people name it. */
import type { KindRef } from "../../api/kind.ts";

/** One resource of one server. Being a `KindRef`, it can be handed to a `Client` whatever kind it is. */
export interface Resource extends KindRef {
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly verbs: readonly string[];
  readonly subresources: readonly string[];
}

export interface ResourceMapper {
  /**
   * By a name as people type it: `pods`, `pod`, `po`, `Pod`, `deploy.apps`, `deployments.v1.apps`. The preferred version
   * where none is named. Throws `NoResourceError`.
   */
  find(name: string): Promise<Resource>;
  /** By what a manifest says of itself. Throws `NoKindError`. */
  ofKind(apiVersion: string, kind: string): Promise<Resource>;
  /** The members of a category such as `all`, in the server's order; empty where there is no such category. */
  inCategory(name: string): Promise<readonly Resource[]>;
  /** Everything, each in the version that its group prefers. */
  preferred(): Promise<readonly Resource[]>;
  /** Everything in every version, asked afresh where it is from a cache. */
  all(): Promise<readonly Resource[]>;
}

/** `pods`, `deployments.apps`: a resource with its group. */
export const qualifiedResource = ({ plural, group }: Pick<Resource, "plural" | "group">): string =>
  group === "" ? plural : `${plural}.${group}`;

/** `pod`, `deployment.apps`: how lines such as `deployment.apps/web created` name a kind. */
export const qualifiedKind = ({ kind, group }: Pick<Resource, "kind" | "group">): string =>
  group === "" ? kind.toLowerCase() : `${kind.toLowerCase()}.${group}`;

/** The server serves nothing of that name. */
export class NoResourceError extends Error {
  /** `name` is what was typed; only its first part is told, as everywhere. */
  constructor(name: string) {
    super(`the server doesn't have a resource type ${JSON.stringify(name.split(".")[0])}`);
    this.name = "NoResourceError";
  }
}

/** The server serves no such kind. */
export class NoKindError extends Error {
  constructor(apiVersion: string, kind: string) {
    super(`no matches for kind ${JSON.stringify(kind)} in version ${JSON.stringify(apiVersion)}`);
    this.name = "NoKindError";
  }
}
