/** Manifests from files, folders, addresses and standard input, as -f, -R name them. */
import { isRecord } from "../../base/own-field.ts";
import { parsePlainYamlDocuments } from "../../machinery/plain-yaml.ts";
import type { Environment } from "../command.ts";
import { CommandError } from "../errors.ts";
import type { Manifest, ManifestSources } from "./manifest.ts";

const extensions = /\.(json|yaml|yml)$/;

/** Every manifest in order. Throws `CommandError` for what can't be read: nothing is done by halves. */
export async function readManifests(environment: Pick<Environment, "files" | "stdin">, sources: ManifestSources): Promise<Manifest[]> {
  const { files, stdin } = environment;
  if (sources.kustomize !== "")
    throw new CommandError("Kustomize is not built in: run `kustomize build DIR | windlass apply -f -` (or `kubectl kustomize DIR`)");
  const manifests: Manifest[] = [];
  const take = async (text: string, source: string): Promise<void> => {
    for (const document of await parse(text, source)) manifests.push(...flatten(document, source));
  };
  for (const name of sources.filenames) {
    if (name === "-") await take(await stdin.text(), "STDIN");
    else if (/^https?:\/\//.test(name)) await take(decode(await files.fetch(name)), name);
    else for (const path of await pathsOf(files, name, sources.recursive)) await take(decode(await files.read(path)), path);
  }
  return manifests;
}

const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes).replace(/^\uFEFF/, "");

/** A file is taken whatever its name; of a folder those that look like manifests. */
async function pathsOf(files: Environment["files"], path: string, recursive: boolean): Promise<string[]> {
  const kind = await files.kindOf(path);
  if (kind === undefined) throw new CommandError(`the path ${JSON.stringify(path)} does not exist`);
  if (kind === "file") return [path];
  const folder = path.replace(/\/+$/, "") || "/";
  const found: string[] = [];
  for (const entry of await files.list(folder)) {
    const inside = folder === "." ? entry.name : folder === "/" ? `/${entry.name}` : `${folder}/${entry.name}`;
    if (entry.kind === "file") {
      if (extensions.test(entry.name)) found.push(inside);
    } else if (recursive) found.push(...(await pathsOf(files, inside, recursive)));
  }
  return found;
}

async function parse(text: string, source: string): Promise<unknown[]> {
  const plain = parsePlainYamlDocuments(text);
  if (plain) return plain;
  const { parseYamlDocuments, YamlError } = await import("../../machinery/yaml.ts");
  try {
    return parseYamlDocuments(text);
  } catch (error) {
    if (!(error instanceof YamlError)) throw error;
    throw new CommandError(`error parsing ${source}: error converting YAML to JSON: yaml: ${error.message}`, { cause: error });
  }
}

function flatten(document: unknown, source: string): Manifest[] {
  if (!isRecord(document))
    throw new CommandError(`error parsing ${source}: json: cannot unmarshal into Go value of type unstructured.detector`);
  const object = document as Manifest["object"];
  const wrong = (what: string): CommandError =>
    new CommandError(`unable to decode ${JSON.stringify(source)}: Object '${what}' is missing in '${JSON.stringify(object)}'`);
  if (typeof object.kind !== "string" || object.kind === "") throw wrong("Kind");
  if (typeof object.apiVersion !== "string" || object.apiVersion === "") throw wrong("apiVersion");
  if (object.kind.endsWith("List") && Array.isArray(object["items"]))
    return object["items"].flatMap((item) => flatten({ apiVersion: itemVersion(object), kind: object.kind.slice(0, -4), ...item }, source));
  object.metadata ??= {};
  return [{ object, source }];
}

const itemVersion = (list: Manifest["object"]): string => list.apiVersion;
