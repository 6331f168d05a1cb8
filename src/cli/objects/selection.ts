/** Which objects a command line means: the flags that say so, and the found ones. */
import type { AnyObject } from "../../api/meta/object.ts";
import type { Resource } from "../discovery/resource.ts";
import type { Flag, Flags } from "../flags.ts";
import type { ManifestSources } from "./manifest.ts";

/** -f, -R, -k. */
export const fileFlags: readonly Flag[] = [
  { name: "filename", short: "f", type: "list", about: "file, folder or address with manifests; - is the standard input" },
  { name: "kustomize", short: "k", type: "string", about: "refused: Kustomize is not built in; pipe its output into -f -" },
  { name: "recursive", short: "R", about: "also take the folders within the folders of -f" },
];

export const selectorFlag: Flag = {
  name: "selector",
  short: "l",
  type: "string",
  about: "only objects whose labels match, such as app=web,tier!=db or 'env in (a,b)'",
};
export const fieldSelectorFlag: Flag = {
  name: "field-selector",
  type: "string",
  about: "only objects whose fields match, such as status.phase=Running",
};
export const allNamespacesFlag: Flag = { name: "all-namespaces", short: "A", about: "in all namespaces" };
export const allFlag: Flag = { name: "all", about: "all objects of the types that are named" };

export interface Selection {
  /** TYPE [NAME…], TYPE/NAME…, TYPE1,TYPE2. */
  readonly args: readonly string[];
  readonly files?: ManifestSources;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly allNamespaces?: boolean;
  readonly all?: boolean;
  /** A type without names means all of its objects, as `get` and `describe` have it. */
  readonly namelessMeansAll?: boolean;
}

/** What the flags above say. Flags that the command does not declare are not asked for: name those it has. */
export function selectionOf(args: readonly string[], flags: Flags, declared: readonly Flag[]): Selection {
  const has = (name: string): boolean => declared.some((flag) => flag.name === name);
  return {
    args,
    ...(has("filename") && { files: manifestSourcesOf(flags) }),
    ...(has("selector") && { labelSelector: flags.string("selector") }),
    ...(has("field-selector") && { fieldSelector: flags.string("field-selector") }),
    ...(has("all-namespaces") && { allNamespaces: flags.bool("all-namespaces") }),
    ...(has("all") && { all: flags.bool("all") }),
  };
}

export const manifestSourcesOf = (flags: Flags): ManifestSources => ({
  filenames: flags.list("filename"),
  recursive: flags.bool("recursive"),
  kustomize: flags.string("kustomize"),
});

/** One object that is meant. */
export interface Found {
  readonly resource: Resource;
  /** undefined for kinds without namespaces. */
  readonly namespace: string | undefined;
  readonly name: string;
  /** Where it is from: a file, or undefined when it was named. */
  readonly source: string | undefined;
  /** As in the file, or as the server has it when it was listed or fetched; frozen in the latter case. */
  readonly object: AnyObject | undefined;
}
