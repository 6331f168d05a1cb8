/**
 * OpenAPI documents of what is served (API-6 … API-9), made from the declarations of the kinds and the field tables. They are large:
 * build each once and keep its bytes.
 */
import { apiVersionOf, type KindDefinition } from "../kind.ts";
import { type Dialect, definitionsOf, type Json, listType, schemaRef } from "./definitions.ts";
import { type Operation, type Parameter, type PathOperations, pathsOf } from "./operations.ts";

const title = "Windlass";
const bodyTypes = ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"];
const patchTypes = [
  "application/apply-patch+yaml",
  "application/json-patch+json",
  "application/merge-patch+json",
  "application/strategic-merge-patch+json",
];
const answerTypes = ["application/json"];
const codeTexts: Readonly<Record<number, string>> = { 200: "OK", 201: "Created", 202: "Accepted", 401: "Unauthorized" };

/** The name that stands for the body of a patch: any object. */
const patchDefinition = "io.k8s.apimachinery.pkg.apis.meta.v1.Patch";

/** `api/v1` or `apis/apps/v1`: how a group and version is named in the index. */
const rootOf = (kind: Pick<KindDefinition, "group" | "version">): string =>
  kind.group === "" ? `api/${kind.version}` : `apis/${apiVersionOf(kind)}`;

/** Every group and version that is served, with the name it has in the index. */
export function openApiRoots(kinds: readonly KindDefinition[]): ReadonlyMap<string, { readonly group: string; readonly version: string }> {
  return new Map(kinds.map((kind) => [rootOf(kind), { group: kind.group, version: kind.version }]));
}

/** GET /openapi/v3. `hashOf` tells versions of a document apart: clients keep documents for good under its value. */
export function openApiV3Index(kinds: readonly KindDefinition[], hashOf: (root: string) => string): Json {
  const paths: Json = {};
  for (const root of [...openApiRoots(kinds).keys()].sort()) {
    paths[root] = { serverRelativeURL: `/openapi/v3/${root}?hash=${hashOf(root)}` };
  }
  return { paths };
}

/** The OpenAPI v3 document of one group and version. */
export function openApiV3(kinds: readonly KindDefinition[], group: string, version: string): Json {
  const served = kinds.filter((kind) => kind.group === group && kind.version === version);
  const schemas = definitionsOf(typesOf(served), kinds, "v3");
  return {
    openapi: "3.0.0",
    info: { title, version: "v1" },
    paths: documentPaths(served, "v3"),
    components: { schemas: { ...schemas, [patchDefinition]: patchSchema } },
  };
}

/** The OpenAPI v2 document of everything. */
export function openApiV2(kinds: readonly KindDefinition[]): Json {
  const definitions = definitionsOf(typesOf(kinds), kinds, "v2");
  return {
    swagger: "2.0",
    info: { title, version: "v1" },
    paths: documentPaths(kinds, "v2"),
    definitions: { ...definitions, [patchDefinition]: patchSchema },
  };
}

const patchSchema: Json = { description: "A change to an object, in one of the forms that its content type names.", type: "object" };

function typesOf(kinds: readonly KindDefinition[]): Set<string> {
  const types = new Set(["meta.v1.DeleteOptions", "meta.v1.Status"]);
  for (const kind of kinds) {
    types.add(kind.schema);
    types.add(listType(kind));
    if (kind.scale) types.add("autoscaling.v1.Scale");
  }
  return types;
}

function documentPaths(kinds: readonly KindDefinition[], dialect: Dialect): Json {
  const paths: Json = {};
  for (const kind of kinds) for (const path of pathsOf(kind)) paths[path.path] = pathItem(path, dialect);
  return Object.fromEntries(Object.entries(paths).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function pathItem({ operations, parameters }: PathOperations, dialect: Dialect): Json {
  const item: Json = { parameters: parameters.map((parameter) => parameterOf(parameter, dialect)) };
  for (const operation of operations) item[operation.method] = operationOf(operation, dialect);
  return item;
}

function parameterOf({ name, in: place, type, description }: Parameter, dialect: Dialect): Json {
  const common = { name, in: place, description, ...(place === "path" && { required: true }) };
  return dialect === "v2" ? { ...common, type, uniqueItems: true } : { ...common, schema: { type, uniqueItems: true } };
}

const bodyRef = (type: string, dialect: Dialect): Json =>
  type === "meta.v1.Patch"
    ? { $ref: `${dialect === "v2" ? "#/definitions/" : "#/components/schemas/"}${patchDefinition}` }
    : schemaRef(type, dialect);

function operationOf(operation: Operation, dialect: Dialect): Json {
  const { description, operationId, action, kind, body, answer, codes } = operation;
  const parameters = operation.parameters.map((parameter) => parameterOf(parameter, dialect));
  const accepted = body === "meta.v1.Patch" ? patchTypes : bodyTypes;
  const common = { description, operationId, "x-kubernetes-action": action, "x-kubernetes-group-version-kind": kind };
  const responses: Json = {};
  for (const code of codes) {
    const schema = code === 401 ? undefined : schemaRef(answer, dialect);
    responses[code] = {
      description: codeTexts[code],
      ...(schema && (dialect === "v2" ? { schema } : { content: contentOf(answerTypes, schema) })),
    };
  }
  if (dialect === "v2") {
    const bodies = body ? [{ name: "body", in: "body", required: action !== "delete", schema: bodyRef(body, dialect) }] : [];
    return { ...common, consumes: body ? accepted : ["*/*"], produces: answerTypes, parameters: [...bodies, ...parameters], responses };
  }
  return { ...common, parameters, ...(body && { requestBody: { content: contentOf(accepted, bodyRef(body, dialect)) } }), responses };
}

const contentOf = (types: readonly string[], schema: Json): Json => Object.fromEntries(types.map((type) => [type, { schema }]));
