/** Names to resources, over whatever discovery says; asked once, and once more where an old answer does not know a name. */
import { apiVersionOf } from "../../api/kind.ts";
import { NoKindError, NoResourceError, type Resource, type ResourceMapper } from "./resource.ts";

/** Everything that a server serves: groups in the server's order, versions of each with the preferred one first. */
export type Served = readonly Resource[];

export interface DiscoverySource {
  /** `fresh`: not from a cache. */
  read(options: { readonly fresh: boolean }): Promise<{ readonly served: Served; readonly isFresh: boolean }>;
}

export function resourceMapper(source: DiscoverySource): ResourceMapper {
  let known: Promise<{ readonly served: Served; readonly isFresh: boolean }> | undefined;
  const read = (): NonNullable<typeof known> => (known ??= source.read({ fresh: false }));

  /** Looks into what is known; a cached answer without a match may be out of date. */
  async function look<T>(find: (served: Served) => T | undefined): Promise<T | undefined> {
    const first = await read();
    const found = find(first.served);
    if (found !== undefined || first.isFresh) return found;
    known = source.read({ fresh: true });
    return find((await known).served);
  }

  return {
    async find(name) {
      const found = await look((served) => findByName(served, name));
      if (!found) throw new NoResourceError(name);
      return found;
    },
    async ofKind(apiVersion, kind) {
      const found = await look((served) =>
        served.find((each) => each.kind === kind && apiVersionOf(each) === apiVersion && !isHelper(each)),
      );
      if (!found) throw new NoKindError(apiVersion, kind);
      return found;
    },
    async inCategory(name) {
      return preferredOf((await read()).served).filter((each) => each.categories.includes(name));
    },
    preferred: async () => preferredOf((await read()).served),
    async all() {
      const now = await read();
      if (!now.isFresh) known = source.read({ fresh: true });
      return (await read()).served;
    },
  };
}

/** Resources whose answers are of another kind, such as token reviews without a list, still are kinds; nothing is left out but those without verbs. */
const isHelper = (resource: Resource): boolean => resource.verbs.length === 0;

/** Of every group's resource the first version that has it. */
function preferredOf(served: Served): Resource[] {
  const seen = new Set<string>();
  return served.filter(({ group, plural }) => {
    const key = `${plural}.${group}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

/**
 * `deployments.v1.apps` is version and group, `deploy.apps` a group, which may be the beginning of one. Plurals count
 * before singulars, these before short names, and these before kinds.
 */
function findByName(served: Served, text: string): Resource | undefined {
  const [first = "", ...rest] = text.split(".");
  const name = first.toLowerCase();
  const [version, ...groupParts] = rest;
  const exact =
    rest.length >= 2 || (rest.length === 1 && isVersion(version)) ? matches(served, name, groupParts.join("."), version) : undefined;
  return exact ?? matches(served, name, rest.join("."), undefined, rest.length === 0);
}

const isVersion = (text: string | undefined): boolean => /^v\d+((alpha|beta)\d+)?$/.test(text ?? "");

function matches(served: Served, name: string, group: string, version: string | undefined, anyGroup = false): Resource | undefined {
  const inGroup = (test: (group: string) => boolean): Resource[] =>
    served.filter((each) => (anyGroup || test(each.group)) && (version === undefined || each.version === version));
  const candidates = inGroup((each) => each === group);
  const usable = candidates.length > 0 || anyGroup ? candidates : inGroup((each) => each.startsWith(group));
  return (
    usable.find((each) => each.plural === name) ??
    usable.find((each) => each.singular === name) ??
    usable.find((each) => each.shortNames.includes(name)) ??
    usable.find((each) => each.kind.toLowerCase() === name)
  );
}
