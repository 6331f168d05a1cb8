/** Turns what a command line names into objects: the resource builder of kubectl. */
import type { AnyObject, ObjectKey } from "../../api/meta/object.ts";
import { isNotFound } from "../../api/errors.ts";
import type { Environment } from "../command.ts";
import type { Connection } from "../connection.ts";
import { NoKindError, type Resource } from "../discovery/resource.ts";
import { CommandError } from "../errors.ts";
import { listError } from "./list-error.ts";
import type { Found, Selection } from "./selection.ts";

/** Lists come in pages of this size. */
const pageSize = 500;

export interface FindOptions {
  /** Also get the objects that were named or read from files, as the server has them. */
  readonly fetch?: boolean;
  /** Passes over what is not there. */
  readonly ignoreNotFound?: boolean;
}

export interface FindResult {
  readonly found: readonly Found[];
  /** What went wrong with some, while the others were found. To be thrown (`throwAll`) when the work on the found ones is done. */
  readonly errors: readonly Error[];
}

/** Throws for what makes no sense as a whole; what fails for one object alone is among `errors`. */
export async function findObjects(
  environment: Pick<Environment, "files" | "stdin">,
  connection: Connection,
  selection: Selection,
  options: FindOptions = {},
): Promise<FindResult> {
  const errors: Error[] = [];
  const named = await namedBy(environment, connection, selection, errors);
  if (!options.fetch) return { found: named, errors };
  const found: Found[] = [];
  for (const each of named) {
    // What came with a list is as the server has it.
    if (each.object && each.source === undefined) {
      found.push(each);
      continue;
    }
    try {
      const key: ObjectKey = each.namespace === undefined ? { name: each.name } : { name: each.name, namespace: each.namespace };
      found.push({ ...each, object: await connection.client.get(each.resource, key) });
    } catch (error) {
      if (!(options.ignoreNotFound && isNotFound(error))) errors.push(error as Error);
    }
  }
  return { found, errors };
}

async function namedBy(
  environment: Pick<Environment, "files" | "stdin">,
  connection: Connection,
  selection: Selection,
  errors: Error[],
): Promise<Found[]> {
  const { files, args } = selection;
  if (files && (files.filenames.length > 0 || files.kustomize !== "")) {
    if (args.length > 0)
      throw new CommandError("when paths, URLs, or stdin is provided as resource input, you may not specify resource arguments as well");
    return fromFiles(environment, connection, selection, errors);
  }
  const words = parseWords(args);
  if (words.pairs) return fromPairs(connection, selection, words.pairs);
  return fromTypes(connection, selection, words.types, words.names, errors);
}

async function fromFiles(
  environment: Pick<Environment, "files" | "stdin">,
  connection: Connection,
  selection: Selection,
  errors: Error[],
): Promise<Found[]> {
  const found: Found[] = [];
  // What reads YAML takes longer to load than a command on named objects takes as a whole.
  const { readManifests } = await import("./read-manifests.ts");
  for (const { object, source } of await readManifests(environment, selection.files as NonNullable<Selection["files"]>)) {
    try {
      found.push(await foundOf(connection, object, source));
    } catch (error) {
      errors.push(error as Error);
    }
  }
  return found;
}

/** A manifest as one object that is meant: its resource by discovery, its namespace by itself or by the connection. */
async function foundOf(connection: Connection, object: AnyObject, source: string): Promise<Found> {
  const { name = "", namespace } = object.metadata;
  let resource: Resource;
  try {
    resource = await connection.resources.ofKind(object.apiVersion, object.kind);
  } catch (error) {
    if (!(error instanceof NoKindError)) throw error;
    const which = `name: ${JSON.stringify(name)} namespace: ${JSON.stringify(namespace ?? "")} from ${JSON.stringify(source)}`;
    throw new CommandError(`resource mapping not found for ${which}: ${error.message}\nensure CRDs are installed first`, { cause: error });
  }
  if (resource.scope === "Cluster") {
    delete object.metadata.namespace;
    return { resource, namespace: undefined, name, source, object };
  }
  if (namespace !== undefined && namespace !== "" && connection.isNamespaceGiven && namespace !== connection.namespace) {
    throw new CommandError(
      `the namespace from the provided object ${JSON.stringify(namespace)} does not match the namespace ${JSON.stringify(connection.namespace)}. You must pass '--namespace=${namespace}' to perform this operation.`,
    );
  }
  object.metadata.namespace = namespace || connection.namespace;
  return { resource, namespace: object.metadata.namespace, name, source, object };
}

interface Words {
  /** TYPE/NAME, each on its own. */
  readonly pairs?: readonly { readonly type: string; readonly name: string }[];
  readonly types: readonly string[];
  readonly names: readonly string[];
}

/** TYPE/NAME… or TYPE[,TYPE…] [NAME…]. Throws `CommandError` for a mixture. */
export function parseWords(args: readonly string[]): Words {
  const [first = "", ...rest] = args;
  const isPair = (word: string): boolean => word.includes("/");
  if (args.some(isPair)) {
    if (!args.every(isPair)) {
      throw new CommandError(
        "there is no need to specify a resource type as a separate argument when passing arguments in resource/name form (e.g. 'kubectl get resource/<resource_name>' instead of 'kubectl get resource resource/<resource_name>'",
      );
    }
    const pairs = args.map((word) => {
      const parts = word.split("/");
      if (parts.length !== 2) throw new CommandError("arguments in resource/name form may not have more than one slash");
      const [type = "", name = ""] = parts;
      if (type === "" || name === "" || type.split(",").length !== 1)
        throw new CommandError("arguments in resource/name form must have a single resource and name");
      return { type, name };
    });
    return { pairs, types: [], names: [] };
  }
  return { types: args.length === 0 ? [] : first.split(",").map((type) => type.trim()), names: rest };
}

async function fromPairs(
  connection: Connection,
  selection: Selection,
  pairs: readonly { readonly type: string; readonly name: string }[],
): Promise<Found[]> {
  refuseSelectors(selection);
  const found: Found[] = [];
  for (const { type, name } of pairs) {
    const resource = await connection.resources.find(type);
    if (selection.allNamespaces && resource.scope === "Namespaced")
      throw new CommandError("a resource cannot be retrieved by name across all namespaces");
    found.push(named(connection, resource, name));
  }
  return found;
}

function refuseSelectors({ labelSelector, fieldSelector, all }: Selection): void {
  if (labelSelector || fieldSelector || all) throw new CommandError("name cannot be provided when a selector is specified");
}

const named = (connection: Connection, resource: Resource, name: string): Found => ({
  resource,
  namespace: resource.scope === "Namespaced" ? connection.namespace : undefined,
  name,
  source: undefined,
  object: undefined,
});

/** The resources that types name; a category stands for its members. Throws `NoResourceError`. */
export async function resourcesOf(connection: Connection, types: readonly string[]): Promise<Resource[]> {
  const found: Resource[] = [];
  const add = (resource: Resource): void => {
    if (!found.some((each) => each.plural === resource.plural && each.group === resource.group && each.version === resource.version))
      found.push(resource);
  };
  for (const type of types) {
    const members = await connection.resources.inCategory(type);
    if (members.length > 0) members.forEach(add);
    else add(await connection.resources.find(type));
  }
  return found;
}

/** A command line without any object. */
export const nothingNamed = (): CommandError =>
  new CommandError(
    "You must provide one or more resources by argument or filename.\nExample resource specifications include:\n   '-f rsrc.yaml'\n   '--filename=rsrc.json'\n   '<resource> <name>'\n   '<resource>'",
  );

async function fromTypes(
  connection: Connection,
  selection: Selection,
  types: readonly string[],
  names: readonly string[],
  errors: Error[],
): Promise<Found[]> {
  const { labelSelector, fieldSelector, all, allNamespaces } = selection;
  if (types.length === 0) throw nothingNamed();
  if (names.length > 0) {
    refuseSelectors(selection);
    if (types.length > 1) {
      const all = await resourcesOf(connection, types);
      return all.flatMap((resource) => names.map((name) => named(connection, resource, name)));
    }
    const [resource] = await resourcesOf(connection, types);
    if (!resource) return [];
    if (allNamespaces && resource.scope === "Namespaced")
      throw new CommandError("a resource cannot be retrieved by name across all namespaces");
    return names.map((name) => named(connection, resource, name));
  }
  if (all && labelSelector) throw new CommandError("found non-empty label selector with 'all' parameter set");
  if (!all && !labelSelector && !fieldSelector && !selection.namelessMeansAll)
    throw new CommandError("resource(s) were provided, but no name was specified");
  const found: Found[] = [];
  for (const resource of await resourcesOf(connection, types)) {
    try {
      for (const object of await listAll(connection, resource, selection)) {
        const { name = "", namespace } = object.metadata;
        found.push({ resource, namespace: resource.scope === "Namespaced" ? namespace : undefined, name, source: undefined, object });
      }
    } catch (error) {
      errors.push(listError(error, resource, selection));
    }
  }
  return found;
}

/** Every object of a resource that the selectors let through, page after page. */
export async function listAll(
  { client, namespace }: Pick<Connection, "client" | "namespace">,
  resource: Resource,
  { labelSelector, fieldSelector, allNamespaces }: Pick<Selection, "labelSelector" | "fieldSelector" | "allNamespaces">,
): Promise<AnyObject[]> {
  const objects: AnyObject[] = [];
  let from: string | undefined;
  do {
    const page = await client.list(resource, {
      ...(resource.scope === "Namespaced" && !allNamespaces && { namespace }),
      ...(labelSelector && { labelSelector }),
      ...(fieldSelector && { fieldSelector }),
      limit: pageSize,
      ...(from && { continue: from }),
    });
    objects.push(...page.items);
    from = page.continue;
  } while (from);
  return objects;
}
