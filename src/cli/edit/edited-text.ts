/** The text of an edit: what is shown, the reasons on top of it, and what was made of it. Pure. */
import type { AnyObject } from "../../api/meta/object.ts";
import { isRecord } from "../../base/own-field.ts";
import { parseYaml, YamlError } from "../../machinery/yaml.ts";
import type { Environment } from "../command.ts";
import { qualifiedResource } from "../discovery/resource.ts";
import type { Found } from "../objects/selection.ts";
import { toJsonText } from "../printing/json.ts";
import { shown } from "../printing/printer.ts";
import { toYamlText } from "../printing/yaml.ts";

/** Why an edit was not taken. */
export interface Reason {
  readonly head: string;
  readonly details: readonly string[];
}

/** The editor that a person wants. */
export const editorOf = ({ variable }: Pick<Environment, "variable">): string => variable("KUBE_EDITOR") || variable("EDITOR") || "vi";

/** The objects as they are edited: one by itself, several as a List. */
export function textToEdit(found: readonly Found[], format: "yaml" | "json", keepsManagedFields: boolean): string {
  const objects = found.map(({ object }) => shown(object as AnyObject, keepsManagedFields));
  const value = objects.length === 1 ? objects[0] : { apiVersion: "v1", items: objects, kind: "List", metadata: {} };
  return format === "json" ? toJsonText(value) : toYamlText(value as AnyObject);
}

const introduction = `# Please edit the object below. Lines beginning with a '#' will be ignored,
# and an empty file will abort the edit. If an error occurs while saving this file will be
# reopened with the relevant failures.
#
`;

/** The comment lines on top. */
export const headerOf = (reasons: readonly Reason[]): string =>
  introduction +
  reasons
    .map(({ head, details }) => {
      const lines = head.split("\n").map((line) => `# ${line}`);
      return `${lines.join("\n")}${details.length > 0 ? ":" : ""}\n${details.map((detail) => `# * ${detail}\n`).join("")}#\n`;
    })
    .join("");

/** Without the lines that begin with a #, and with a line break at the end. */
export const withoutComments = (text: string): string =>
  text
    .split(/\r?\n/)
    .filter((line) => !line.trimStart().startsWith("#"))
    .join("\n")
    .replace(/\n*$/, "\n");

/** Says anything at all. */
export const hasLines = (text: string): boolean => text.trim() !== "";

type Edited =
  | { readonly pairs: readonly { readonly before: Found; readonly after: AnyObject }[] }
  /** `said`: what is told at once. */
  | { readonly reason: Reason; readonly said?: string };

/** Which object each part of the text is about. */
export function parseEdited(text: string, found: readonly Found[]): Edited {
  let value: unknown;
  try {
    value = parseYaml(text);
  } catch (error) {
    if (!(error instanceof YamlError)) throw error;
    return { reason: { head: `The edited file had a syntax error: ${error.message}`, details: [] } };
  }
  const items: unknown[] = isRecord(value) && Array.isArray(value["items"]) && found.length > 1 ? value["items"] : [value];
  const pairs: { readonly before: Found; readonly after: AnyObject }[] = [];
  for (const item of items) {
    const problem = !isRecord(item)
      ? "not an object"
      : !item["kind"]
        ? "kind not set"
        : !item["apiVersion"]
          ? "apiVersion not set"
          : undefined;
    if (problem !== undefined) return failedValidation(found, problem);
    const after = item as AnyObject;
    after.metadata ??= {};
    // The only object may have got another name, which is refused with better words later.
    const before =
      found.length === 1
        ? found[0]
        : found.find(
            ({ object, name, namespace }) =>
              object?.kind === after.kind && name === after.metadata.name && namespace === after.metadata.namespace,
          );
    if (!before) return failedValidation(found, `no original object found for ${after.kind} ${JSON.stringify(after.metadata.name ?? "")}`);
    pairs.push({ before, after });
  }
  return { pairs };
}

function failedValidation(found: readonly Found[], problem: string): Edited {
  const [first] = found;
  const which = first ? `${qualifiedResource(first.resource)} ${JSON.stringify(first.name)}` : "";
  const detail = `<nil>: Invalid value: "The edited file failed validation": ${problem}`;
  return { reason: { head: `${which} was not valid`, details: [detail] }, said: `error: ${which} is invalid\n` };
}
