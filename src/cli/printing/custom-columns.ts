/** `-o custom-columns=NAME:.metadata.name,IMAGE:.spec…`: a table of one's own. */
import type { AnyObject } from "../../api/meta/object.ts";
import { CommandError } from "../errors.ts";
import { toCompactJson } from "./json.ts";
import { compileJsonPath, type JsonPath, relaxedPath } from "./jsonpath.ts";

export interface CustomColumns {
  readonly header: readonly string[];
  row(object: AnyObject): string[];
}

/** Throws `CommandError`, `JsonPathError`. */
export function customColumns(text: string): CustomColumns {
  if (text === "") throw new CommandError("custom-columns format specified but no custom columns given");
  const columns = text.split(",").map((part) => {
    const colon = part.indexOf(":");
    if (colon < 0) throw new CommandError(`unexpected custom-columns spec: ${part}, expected <header>:<json-path-expr>`);
    return column(part.slice(0, colon), part.slice(colon + 1));
  });
  return columnsOf(columns);
}

/** A file has the titles on its first line and the paths below them. */
export function customColumnsFile(text: string): CustomColumns {
  const [titles, paths] = text.split("\n").filter((line) => line.trim() !== "");
  if (titles === undefined || paths === undefined)
    throw new CommandError("custom-columns-file: the file has no line of titles and line of paths");
  const words = (line: string): string[] => line.trim().split(/\s+/);
  const expressions = words(paths);
  if (words(titles).length !== expressions.length)
    throw new CommandError(`number of headers (${words(titles).length}) and field specifications (${expressions.length}) don't match`);
  return columnsOf(words(titles).map((title, at) => column(title, expressions[at] as string)));
}

interface Column {
  readonly title: string;
  readonly path: JsonPath;
}

const column = (title: string, path: string): Column => ({ title, path: compileJsonPath(relaxedPath(path), { allowMissing: true }) });

const columnsOf = (columns: readonly Column[]): CustomColumns => ({
  header: columns.map(({ title }) => title),
  row: (object) => columns.map(({ path }) => cell(path.find(object)[0] ?? [])),
});

const cell = (values: readonly unknown[]): string =>
  values.length === 0
    ? "<none>"
    : values.map((value) => (value === null ? "<nil>" : typeof value === "object" ? goText(value) : String(value))).join(",");

/** Go's way of printing maps and lists. */
function goText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(goText).join(" ")}]`;
  if (value !== null && typeof value === "object") {
    const record = value as Record<string, unknown>;
    return `map[${Object.keys(record)
      .sort()
      .map((key) => `${key}:${goText(record[key])}`)
      .join(" ")}]`;
  }
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? String(value) : toCompactJson(value);
}
