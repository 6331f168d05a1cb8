/**
 * What is served, told to clients: the plain documents that every client reads and the aggregated one that spares
 * newer ones thirty requests (API-1 … API-5). All of it derives from the kinds' declarations.
 */
import { apiVersionOf, type KindDefinition } from "../../api/kind.ts";

const allVerbs = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

/** The verbs of a kind's main resource, sorted. */
export const verbsOf = (kind: KindDefinition): readonly string[] => (kind.virtual ? ["create"] : (kind.verbs ?? allVerbs));

/** A subresource as it is advertised. */
export interface Subresource {
  readonly name: string;
  readonly kind: { readonly group: string; readonly version: string; readonly kind: string };
  readonly verbs: readonly string[];
  readonly handsOn?: true;
}

/** Every subresource of a kind, those that it declares and those that follow from `status` and `scale`. */
export function subresourcesOf(kind: KindDefinition): readonly Subresource[] {
  const found = new Map<string, Subresource>();
  for (const declared of kind.subresources ?? []) found.set(declared.name, declared);
  const verbs = ["get", "patch", "update"];
  if (kind.status && !found.has("status")) found.set("status", { name: "status", kind, verbs });
  if (kind.scale && !found.has("scale")) {
    found.set("scale", { name: "scale", kind: { group: "autoscaling", version: "v1", kind: "Scale" }, verbs });
  }
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

const singularOf = (kind: KindDefinition): string => kind.singular ?? kind.kind.toLowerCase();

/** The versions of each group, in the order in which the kinds are declared; core comes first. */
function groupVersions(kinds: readonly KindDefinition[]): ReadonlyMap<string, readonly string[]> {
  const groups = new Map<string, string[]>([["", []]]);
  for (const { group, version } of kinds) {
    const versions = groups.get(group) ?? [];
    if (!groups.has(group)) groups.set(group, versions);
    if (!versions.includes(version)) versions.push(version);
  }
  // Later stable versions are preferred: v2 before v1.
  for (const versions of groups.values()) versions.sort((a, b) => (a < b ? 1 : -1));
  return groups;
}

/** GET /api. */
export const coreVersions = (kinds: readonly KindDefinition[], serverAddress: string): unknown => ({
  kind: "APIVersions",
  versions: groupVersions(kinds).get(""),
  serverAddressByClientCIDRs: [{ clientCIDR: "0.0.0.0/0", serverAddress }],
});

const groupDocument = (group: string, versions: readonly string[]) => {
  const named = versions.map((version) => ({ groupVersion: `${group}/${version}`, version }));
  return { name: group, versions: named, preferredVersion: named[0] };
};

/** GET /apis. */
export const groupList = (kinds: readonly KindDefinition[]): unknown => ({
  kind: "APIGroupList",
  apiVersion: "v1",
  groups: [...groupVersions(kinds)].filter(([group]) => group !== "").map(([group, versions]) => groupDocument(group, versions)),
});

/** GET /apis/GROUP; undefined for a group that is not served. */
export function groupOf(kinds: readonly KindDefinition[], group: string): unknown {
  const versions = groupVersions(kinds).get(group);
  return versions && group !== "" ? { kind: "APIGroup", apiVersion: "v1", ...groupDocument(group, versions) } : undefined;
}

/** GET /api/v1 and /apis/GROUP/VERSION; undefined for what is not served. */
export function resourceList(kinds: readonly KindDefinition[], group: string, version: string): unknown {
  const here = kinds.filter((kind) => kind.group === group && kind.version === version);
  if (here.length === 0) return undefined;
  const resources = here.flatMap((kind) => [
    {
      name: kind.plural,
      singularName: singularOf(kind),
      namespaced: kind.scope === "Namespaced",
      kind: kind.kind,
      verbs: verbsOf(kind),
      ...(kind.shortNames && { shortNames: kind.shortNames }),
      ...(kind.categories && { categories: kind.categories }),
    },
    ...subresourcesOf(kind).map((sub) => ({
      name: `${kind.plural}/${sub.name}`,
      singularName: "",
      namespaced: kind.scope === "Namespaced",
      ...(apiVersionOf(sub.kind) !== apiVersionOf(kind) && { group: sub.kind.group, version: sub.kind.version }),
      kind: sub.kind.kind,
      verbs: sub.verbs,
    })),
  ]);
  resources.sort((a, b) => (a.name < b.name ? -1 : 1));
  return { kind: "APIResourceList", apiVersion: "v1", groupVersion: group === "" ? version : `${group}/${version}`, resources };
}

const wireKind = ({ group, version, kind }: { group: string; version: string; kind: string }) => ({ group, version, kind });

/** The aggregated document (API-3): of the core group for GET /api, of all others for GET /apis. */
export function aggregatedDiscovery(kinds: readonly KindDefinition[], which: "core" | "groups"): unknown {
  const items = [...groupVersions(kinds)]
    .filter(([group]) => (group === "") === (which === "core"))
    .map(([group, versions]) => ({
      metadata: { name: group, creationTimestamp: null },
      versions: versions.map((version) => ({
        version,
        resources: kinds.filter((kind) => kind.group === group && kind.version === version).map(aggregatedResource),
        freshness: "Current",
      })),
    }));
  return { kind: "APIGroupDiscoveryList", apiVersion: "apidiscovery.k8s.io/v2", metadata: {}, items };
}

const aggregatedResource = (kind: KindDefinition) => {
  const subresources = subresourcesOf(kind);
  return {
    resource: kind.plural,
    responseKind: wireKind(kind),
    scope: kind.scope === "Namespaced" ? "Namespaced" : "Cluster",
    singularResource: singularOf(kind),
    verbs: verbsOf(kind),
    ...(kind.shortNames && { shortNames: kind.shortNames }),
    ...(kind.categories && { categories: kind.categories }),
    ...(subresources.length > 0 && {
      subresources: subresources.map((sub) => ({ subresource: sub.name, responseKind: wireKind(sub.kind), verbs: sub.verbs })),
    }),
  };
};
