/** The paths of a kind and what can be done there, in terms that both OpenAPI dialects are written from. */
import { apiVersionOf, type KindDefinition } from "../kind.ts";
import { type GroupVersionKind, listType } from "./definitions.ts";

export type Method = "get" | "put" | "post" | "delete" | "patch";

export interface Parameter {
  readonly name: string;
  readonly in: "query" | "path";
  readonly type: "string" | "integer" | "boolean";
  readonly description: string;
}

export interface Operation {
  readonly method: Method;
  /** `x-kubernetes-action`. */
  readonly action: string;
  readonly operationId: string;
  readonly description: string;
  readonly kind: GroupVersionKind;
  readonly parameters: readonly Parameter[];
  /** Type of the body, where there is one. */
  readonly body?: string;
  /** Type of the answer. */
  readonly answer: string;
  readonly codes: readonly number[];
}

export interface PathOperations {
  readonly path: string;
  /** Parameters in the path itself. */
  readonly parameters: readonly Parameter[];
  readonly operations: readonly Operation[];
}

const query = (name: string, type: Parameter["type"], description: string): Parameter => ({ name, in: "query", type, description });

const pretty = query("pretty", "string", "Set to 'true' for indented output.");
const dryRun = query("dryRun", "string", "Set to 'All' to go through every stage of the request without storing anything.");
const fieldManager = query("fieldManager", "string", "Names who makes this change, for the record of who owns which field.");
const fieldValidation = query(
  "fieldValidation",
  "string",
  "What to do about unknown and duplicate fields: Ignore drops them, Warn drops them and says so, Strict refuses the request.",
);
const force = query("force", "boolean", "With server-side apply: take over fields that other managers own.");
const writing = [dryRun, fieldManager, fieldValidation];
const selecting = [
  query("labelSelector", "string", "Only objects whose labels match."),
  query("fieldSelector", "string", "Only objects whose fields match."),
  query("limit", "integer", "At most this many objects per answer."),
  query("continue", "string", "Goes on where an earlier answer stopped."),
  query("resourceVersion", "string", "The version to read at, or to watch from."),
  query("resourceVersionMatch", "string", "How resourceVersion is meant: Exact or NotOlderThan."),
  query("timeoutSeconds", "integer", "Ends the request after this many seconds."),
  query("allowWatchBookmarks", "boolean", "Lets the server send bookmarks in a watch."),
  query("sendInitialEvents", "boolean", "Starts a watch with the objects that exist."),
  query("watch", "boolean", "Streams changes instead of listing."),
];
const deleting = [
  dryRun,
  query("gracePeriodSeconds", "integer", "How long the object may take to end; 0 means at once."),
  query("orphanDependents", "boolean", "Deprecated; use propagationPolicy."),
  query("propagationPolicy", "string", "What becomes of dependents: Orphan, Background or Foreground."),
];

const pathParameter = (name: string, description: string): Parameter => ({ name, in: "path", type: "string", description });

const allVerbs = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

/** Every path under which a kind is served. */
export function pathsOf(kind: KindDefinition): PathOperations[] {
  const root = kind.group === "" ? `/api/${kind.version}` : `/apis/${apiVersionOf(kind)}`;
  const namespaced = kind.scope === "Namespaced";
  const collection = `${root}${namespaced ? "/namespaces/{namespace}" : ""}/${kind.plural}`;
  const inNamespace = namespaced ? [pathParameter("namespace", "The namespace of the object.")] : [];
  const named = [pathParameter("name", `The name of the ${kind.kind}.`), ...inNamespace];
  const paths: PathOperations[] = [
    { path: collection, parameters: [...inNamespace, pretty], operations: collectionOperations(kind) },
    { path: `${collection}/{name}`, parameters: [...named, pretty], operations: objectOperations(kind) },
  ];
  if (namespaced && !kind.virtual) {
    const everywhere = collectionOperations(kind)
      .filter(({ action }) => action === "list")
      .map((operation) => ({ ...operation, operationId: `${operation.operationId}ForAllNamespaces` }));
    paths.push({ path: `${root}/${kind.plural}`, parameters: [pretty], operations: everywhere });
  }
  for (const { name, operations } of subresourceOperations(kind)) {
    paths.push({ path: `${collection}/{name}/${name}`, parameters: [...named, pretty], operations });
  }
  return paths.filter(({ operations }) => operations.length > 0);
}

const capital = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1);

function operationId(verb: string, kind: KindDefinition, subject: string): string {
  const group = kind.group === "" ? "Core" : capital(kind.group.split(".")[0] as string);
  return `${verb}${group}${capital(kind.version)}${kind.scope === "Namespaced" ? "Namespaced" : ""}${subject}`;
}

function collectionOperations(kind: KindDefinition): Operation[] {
  const verbs = new Set(kind.verbs ?? allVerbs);
  const about = { group: kind.group, version: kind.version, kind: kind.kind };
  const operations: Operation[] = [];
  if (verbs.has("list")) {
    operations.push({
      method: "get",
      action: "list",
      operationId: operationId("list", kind, kind.kind),
      description: `Lists or watches objects of kind ${kind.kind}.`,
      kind: about,
      parameters: selecting,
      answer: listType(kind),
      codes: [200, 401],
    });
  }
  if (verbs.has("create")) {
    operations.push({
      method: "post",
      action: "post",
      operationId: operationId("create", kind, kind.kind),
      description: `Creates a ${kind.kind}.`,
      kind: about,
      parameters: writing,
      body: kind.schema,
      answer: kind.schema,
      codes: [200, 201, 202, 401],
    });
  }
  if (verbs.has("deletecollection")) {
    operations.push({
      method: "delete",
      action: "deletecollection",
      operationId: operationId("deleteCollection", kind, kind.kind),
      description: `Deletes every ${kind.kind} that the selectors match.`,
      kind: about,
      parameters: [...selecting.slice(0, 6), ...deleting],
      body: "meta.v1.DeleteOptions",
      answer: "meta.v1.Status",
      codes: [200, 401],
    });
  }
  return operations;
}

function objectOperations(kind: KindDefinition): Operation[] {
  const verbs = new Set(kind.verbs ?? allVerbs);
  const about = { group: kind.group, version: kind.version, kind: kind.kind };
  const operations = readAndWrite(kind, about, kind.schema, kind.kind, verbs);
  if (verbs.has("delete")) {
    operations.push({
      method: "delete",
      action: "delete",
      operationId: operationId("delete", kind, kind.kind),
      description: `Deletes the ${kind.kind}.`,
      kind: about,
      parameters: deleting,
      body: "meta.v1.DeleteOptions",
      answer: kind.returnsDeletedObject ? kind.schema : "meta.v1.Status",
      codes: [200, 202, 401],
    });
  }
  return operations;
}

/** get, put and patch of an object or of one of its subresources. */
function readAndWrite(
  kind: KindDefinition,
  about: GroupVersionKind,
  type: string,
  subject: string,
  verbs: ReadonlySet<string>,
): Operation[] {
  const common = { kind: about, answer: type };
  const operations: Operation[] = [];
  if (verbs.has("get")) {
    const id = operationId("read", kind, subject);
    operations.push({
      ...common,
      method: "get",
      action: "get",
      operationId: id,
      description: `Reads the ${about.kind}.`,
      parameters: [],
      codes: [200, 401],
    });
  }
  if (verbs.has("update")) {
    const id = operationId("replace", kind, subject);
    const description = `Replaces the ${about.kind}.`;
    operations.push({
      ...common,
      method: "put",
      action: "put",
      operationId: id,
      description,
      parameters: writing,
      body: type,
      codes: [200, 201, 401],
    });
  }
  if (verbs.has("patch")) {
    const id = operationId("patch", kind, subject);
    const description = `Changes parts of the ${about.kind}.`;
    const parameters = [...writing, force];
    operations.push({
      ...common,
      method: "patch",
      action: "patch",
      operationId: id,
      description,
      parameters,
      body: "meta.v1.Patch",
      codes: [200, 201, 401],
    });
  }
  return operations;
}

function subresourceOperations(kind: KindDefinition): { name: string; operations: Operation[] }[] {
  const found: { name: string; operations: Operation[] }[] = [];
  const readWrite = new Set(["get", "update", "patch"]);
  if (kind.status) {
    const about = { group: kind.group, version: kind.version, kind: kind.kind };
    found.push({ name: "status", operations: readAndWrite(kind, about, kind.schema, `${kind.kind}Status`, readWrite) });
  }
  if (kind.scale) {
    const about = { group: "autoscaling", version: "v1", kind: "Scale" };
    found.push({ name: "scale", operations: readAndWrite(kind, about, "autoscaling.v1.Scale", `${kind.kind}Scale`, readWrite) });
  }
  return found;
}
