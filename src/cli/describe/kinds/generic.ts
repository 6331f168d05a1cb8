/** Any other kind: its metadata, and the rest of its fields as kubectl lays them out. */
import type { AnyObject } from "../../../api/meta/object.ts";
import { isRecord } from "../../../base/own-field.ts";
import type { Describer } from "../describer.ts";
import { annotationLines, labelLines } from "../lines.ts";

const known = new Set(["metadata.name", "metadata.namespace", "metadata.labels", "metadata.annotations", "metadata.managedFields"]);

export const generic: Describer = {
  lines(object) {
    const { name, namespace = "", labels } = object.metadata;
    return [
      `Name:\t${name}`,
      `Namespace:\t${namespace}`,
      ...labelLines("Labels", labels),
      ...annotationLines(object),
      ...fields(object as AnyObject, "", ""),
    ];
  },
};

function fields(value: Readonly<Record<string, unknown>>, path: string, indent: string): string[] {
  return Object.keys(value)
    .sort()
    .flatMap((key) => {
      const at = path === "" ? key : `${path}.${key}`;
      const inner = value[key];
      if (known.has(at) || inner === undefined) return [];
      const title = `${indent}${spaced(key)}:`;
      if (isRecord(inner)) return [title, ...fields(inner, at, `${indent}  `)];
      if (Array.isArray(inner)) return [title, ...items(inner, at, `${indent}  `)];
      return [`${title}\t${String(inner)}`];
    });
}

const items = (list: readonly unknown[], path: string, indent: string): string[] =>
  list.flatMap((item) => (isRecord(item) ? fields(item, path, indent) : [`${indent}${String(item)}`]));

const acronyms = new Set(["API", "URL", "UID", "OSB", "GUID"]);

/** `creationTimestamp` as `Creation Timestamp`, `uid` as `UID`. */
function spaced(key: string): string {
  if (key.includes(" ")) return key;
  const words = key.replace(/([a-z0-9])([A-Z])/g, "$1 $2").replace(/([A-Z]+)([A-Z][a-z])/g, "$1 $2");
  return words
    .split(" ")
    .map((word) => (acronyms.has(word.toUpperCase()) ? word.toUpperCase() : word.charAt(0).toUpperCase() + word.slice(1)))
    .join(" ");
}
