/** Asks a server what it serves: by the aggregated document where the server has it, else group by group (API-1 … API-5). */
import { ApiError } from "../../api/errors.ts";
import type { Transport } from "../../client/transport.ts";
import type { Resource } from "./resource.ts";

const aggregated = [
  "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
  "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList",
  "application/json",
].join(",");

/** Everything that is served, the core group first, then the groups in the server's order, preferred versions first. */
export async function discover(transport: Transport): Promise<Resource[]> {
  const ask = async (path: string): Promise<any> => {
    const { body } = await transport.must({ method: "GET", path, headers: { accept: aggregated } });
    return JSON.parse(new TextDecoder().decode(body));
  };
  const [core, groups] = await Promise.all([ask("/api"), ask("/apis")]);
  const fromCore =
    core.kind === "APIGroupDiscoveryList"
      ? fromAggregated(core)
      : await fromVersions(ask, "", core.versions ?? [], (version) => `/api/${version}`);
  if (groups.kind === "APIGroupDiscoveryList") return [...fromCore, ...fromAggregated(groups)];
  const each = (groups.groups ?? []).map((group: any) => {
    const preferred = group.preferredVersion?.version;
    const versions: string[] = (group.versions ?? []).map(({ version }: any) => version);
    versions.sort((a, b) => Number(b === preferred) - Number(a === preferred));
    return fromVersions(ask, group.name, versions, (version) => `/apis/${group.name}/${version}`);
  });
  return [...fromCore, ...(await Promise.all(each)).flat()];
}

function fromAggregated(document: any): Resource[] {
  const found: Resource[] = [];
  for (const group of document.items ?? []) {
    for (const { version, resources } of group.versions ?? []) {
      for (const each of resources ?? []) {
        // Helpers without a kind of their own can't be addressed.
        if (!each.responseKind?.kind) continue;
        found.push({
          group: group.metadata?.name ?? "",
          version,
          kind: each.responseKind.kind,
          plural: each.resource,
          scope: each.scope === "Namespaced" ? "Namespaced" : "Cluster",
          singular: each.singularResource || each.responseKind.kind.toLowerCase(),
          shortNames: each.shortNames ?? [],
          categories: each.categories ?? [],
          verbs: each.verbs ?? [],
          subresources: (each.subresources ?? []).map(({ subresource }: any) => subresource),
        });
      }
    }
  }
  return found;
}

async function fromVersions(
  ask: (path: string) => Promise<any>,
  group: string,
  versions: readonly string[],
  pathOf: (version: string) => string,
): Promise<Resource[]> {
  const lists = await Promise.all(
    versions.map(async (version) => {
      try {
        return await ask(pathOf(version));
      } catch (error) {
        // A group whose own server is down does not hide the others.
        if (error instanceof ApiError && error.code !== 401) return { resources: [] };
        throw error;
      }
    }),
  );
  return lists.flatMap((list, at) => {
    const resources: any[] = list.resources ?? [];
    const subresources = (name: string): string[] =>
      resources.filter((each) => each.name.startsWith(`${name}/`)).map((each) => each.name.slice(name.length + 1));
    return resources
      .filter((each) => !each.name.includes("/"))
      .map((each) => ({
        group,
        version: versions[at] as string,
        kind: each.kind,
        plural: each.name,
        scope: each.namespaced ? ("Namespaced" as const) : ("Cluster" as const),
        singular: each.singularName || each.kind.toLowerCase(),
        shortNames: each.shortNames ?? [],
        categories: each.categories ?? [],
        verbs: each.verbs ?? [],
        subresources: subresources(each.name),
      }));
  });
}
