/** Prints objects for `-o`. */
import type { AnyObject } from "../../api/meta/object.ts";
import type { Environment } from "../command.ts";
import { qualifiedKind, type Resource } from "../discovery/resource.ts";
import { CommandError } from "../errors.ts";
import type { Flag, Flags } from "../flags.ts";
import { toJsonText } from "./json.ts";
import { toYamlText } from "./yaml.ts";

/** Flags of the verbs that print what they did, or the object instead (`apply -o yaml`, `create --dry-run=client -o yaml`). */
export const printFlags: readonly Flag[] = [
  {
    name: "output",
    short: "o",
    type: "string",
    about: "what to print: json, yaml, name, jsonpath=…, jsonpath-file=…, go-template=…, go-template-file=…",
  },
  { name: "template", type: "string", about: "the template of -o jsonpath or go-template, where it is not given with it" },
  {
    name: "allow-missing-template-keys",
    default: "true",
    about: "a field that an object does not have prints nothing instead of an error",
  },
  { name: "show-managed-fields", about: "keep metadata.managedFields in JSON and YAML" },
];

const allowed = "go-template,go-template-file,json,jsonpath,jsonpath-as-json,jsonpath-file,kyaml,name,template,templatefile,yaml";

/** Prints one object, with the line breaks that belong to it. */
export type Printer = (object: AnyObject) => string;

/** The line of a verb: `deployment.apps/web created`. `suffix`: ` (dry run)`, ` (server dry run)`. */
export const doneLine = (resource: Pick<Resource, "kind" | "group">, name: string, done: string, suffix = ""): string =>
  `${qualifiedKind(resource)}/${name}${done === "" ? "" : ` ${done}`}${suffix}\n`;

/**
 * The printer that -o asks for; undefined where the verb prints its own line. Throws `CommandError` for a format that
 * there is not.
 */
export async function printerOf(
  flags: Flags,
  environment: Pick<Environment, "files">,
  { jsonText = toJsonText }: { readonly jsonText?: (value: unknown) => string } = {},
): Promise<Printer | undefined> {
  const [format, argument] = formatOf(flags);
  const keepsManagedFields = flags.bool("show-managed-fields");
  switch (format) {
    case "":
      return undefined;
    case "json":
      return (object) => jsonText(shown(object, keepsManagedFields));
    case "yaml": {
      let isFirst = true;
      return (object) => {
        const text = `${isFirst ? "" : "---\n"}${toYamlText(shown(object, keepsManagedFields))}`;
        isFirst = false;
        return text;
      };
    }
    case "name":
      return nameLine;
    default: {
      const options = { allowMissing: flags.bool("allow-missing-template-keys") };
      const template = await templatePrinter(format, argument ?? flags.string("template"), environment, options);
      if (template) return (object) => template(object);
      throw unknownFormat(flags.string("output"), allowed);
    }
  }
}

/** Format and argument that -o and --template ask for: a template alone is one of Go's. */
export function formatOf(flags: Flags): [format: string, argument: string | undefined] {
  const output = flags.string("output");
  return output === "" && flags.string("template") !== "" ? ["go-template", flags.string("template")] : splitOutput(output);
}

/** `-o` as format and argument: `jsonpath={.items}` is both. */
function splitOutput(output: string): [format: string, argument: string | undefined] {
  const at = output.indexOf("=");
  return at < 0 ? [output, undefined] : [output.slice(0, at), output.slice(at + 1)];
}

/** Formats with a template; undefined for another format. */
export async function templatePrinter(
  format: string,
  argument: string,
  { files }: Pick<Environment, "files">,
  options: { readonly allowMissing: boolean } = { allowMissing: true },
): Promise<((value: any) => string) | undefined> {
  const read = async (): Promise<string> => new TextDecoder().decode(await files.read(argument));
  const readTemplate = (): Promise<string> =>
    read().catch((error: Error) => {
      throw new CommandError(`error reading --template ${argument}, ${error.message}`, { cause: error });
    });
  switch (format) {
    case "jsonpath":
    case "jsonpath-as-json":
    case "jsonpath-file": {
      if (argument === "") throw new CommandError(`template format specified but no template given`);
      const { jsonPathPrinter } = await import("./jsonpath.ts");
      const path = jsonPathPrinter(format === "jsonpath-file" ? (await read()).replace(/\n$/, "") : argument, options);
      return format === "jsonpath-as-json" ? path.printJson : path.print;
    }
    case "go-template":
    case "go-template-file":
    case "template":
    case "templatefile": {
      if (argument === "") throw new CommandError("template format specified but no template given");
      const { goTemplatePrinter } = await import("./go-template/printer.ts");
      return goTemplatePrinter(format.endsWith("file") ? await readTemplate() : argument, options);
    }
    default:
      return undefined;
  }
}

export const unknownFormat = (output: string, allowed: string): CommandError =>
  new CommandError(`unable to match a printer suitable for the output format ${JSON.stringify(output)}, allowed formats are: ${allowed}`);

/** `deployment.apps/web`, from the object alone. */
export const nameLine = (object: AnyObject): string => objectLine(object, "");

/** The line of a verb, from the object alone: what a subresource answers with is not what was named. */
export function objectLine(object: AnyObject, done: string, suffix = ""): string {
  const slash = object.apiVersion?.indexOf("/") ?? -1;
  const group = slash < 0 ? "" : object.apiVersion.slice(0, slash);
  return doneLine({ kind: object.kind ?? "", group }, object.metadata?.name ?? "", done, suffix);
}

/** Without managed fields, which nobody wants to read; of a list without those of its items. Copies what it changes. */
export function shown(object: AnyObject, keepsManagedFields: boolean): AnyObject {
  if (keepsManagedFields) return object;
  if (Array.isArray(object["items"])) return { ...object, items: object["items"].map((item: AnyObject) => shown(item, false)) };
  if (object.metadata?.managedFields === undefined) return object;
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}
