/**
 * JSONPath templates as kubectl has them: text, `{.items[*].metadata.name}`, ranges, filters, unions, negative indexes,
 * recursive descent, escaped dots. `jsonpath-parser.ts` reads them; here they are filled.
 */
import { isRecord } from "../../base/own-field.ts";
import { toCompactJson, toJsonText } from "./json.ts";
import { JsonPathError, type JsonPathNode, parseJsonPath } from "./jsonpath-parser.ts";

export interface JsonPath {
  /** The template, filled with a value. Throws `JsonPathError`. */
  print(value: unknown): string;
  /** Everything that was found, as a JSON array for each action. */
  printJson(value: unknown): string;
  /** What each action found. */
  find(value: unknown): unknown[][];
}

export interface JsonPathOptions {
  /** A missing field is nothing instead of an error. */
  readonly allowMissing: boolean;
}

/** Throws `JsonPathError` for a template that is none. */
export function compileJsonPath(template: string, options: JsonPathOptions): JsonPath {
  const nodes = parseJsonPath(template);
  const find = (value: unknown): unknown[][] => fill(nodes, value, options).found;
  return {
    find,
    print: (value) =>
      find(value)
        .map((results) => results.map(textOf).join(" "))
        .join(""),
    printJson: (value) => find(value).map(toJsonText).join(""),
  };
}

/** The template of an output format: as `compileJsonPath`, with errors that name it. */
export function jsonPathPrinter(template: string, options: JsonPathOptions): Pick<JsonPath, "print" | "printJson"> {
  const named = <T>(what: string, work: () => T): T => {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof JsonPathError)) throw error;
      throw new JsonPathError(`${what}${error.message}`, { cause: error });
    }
  };
  const path = named(`error parsing jsonpath ${template}, `, () => compileJsonPath(template, options));
  // The object is left out of the message: it may be a Secret.
  const executing = `error executing jsonpath ${JSON.stringify(template)}: Error executing template: `;
  return {
    print: (value) => named(executing, () => path.print(value)),
    printJson: (value) => named(executing, () => path.printJson(value)),
  };
}

const textOf = (value: unknown): string => {
  if (typeof value === "string") return value;
  return value === null || value === undefined ? "<nil>" : typeof value === "object" ? toCompactJson(value) : String(value);
};

/** The expression of a custom column or of --sort-by: with or without braces and leading dot. Throws `JsonPathError`. */
export function relaxedPath(text: string): string {
  const match = /^\{\.?([^{}]+)\}$|^\.?([^{}]+)$/.exec(text);
  if (!match)
    throw new JsonPathError("unexpected path string, expected a 'name1.name2' or '.name1.name2' or '{name1.name2}' or '{.name1.name2}'");
  return `{.${match[1] ?? match[2]}}`;
}

/** Fills nodes one after another, up to the `{end}` of the range that they are in. `next` is where it went on to. */
function fill(
  nodes: readonly JsonPathNode[],
  value: unknown,
  options: JsonPathOptions,
  from = 0,
  isInRange = false,
): { found: unknown[][]; next: number } {
  const found: unknown[][] = [];
  let at = from;
  while (at < nodes.length) {
    const node = nodes[at++] as JsonPathNode;
    if (node.type === "text") {
      found.push([node.text]);
      continue;
    }
    if (node.type !== "list") continue;
    const [head, ...rest] = node.nodes;
    if (head?.type === "identifier" && head.name === "end") {
      if (!isInRange) throw new JsonPathError("not in range, nothing to end");
      return { found, next: at };
    }
    if (head?.type === "identifier" && head.name === "range") {
      const items = walk(rest, [value], options);
      let next = skipRange(nodes, at);
      for (const item of items) {
        const inside = fill(nodes, item, options, at, true);
        found.push(...inside.found);
        next = inside.next;
      }
      at = next;
      continue;
    }
    found.push(walk(node.nodes, [value], options));
  }
  return { found, next: at };
}

/** Behind the `{end}` of a range that begins before `from`. */
function skipRange(nodes: readonly JsonPathNode[], from: number): number {
  let depth = 1;
  for (let at = from; at < nodes.length; at++) {
    const node = nodes[at] as JsonPathNode;
    const head = node.type === "list" ? node.nodes[0] : undefined;
    if (head?.type !== "identifier") continue;
    if (head.name === "range") depth++;
    else if (head.name === "end" && --depth === 0) return at + 1;
  }
  return nodes.length;
}

const walk = (nodes: readonly JsonPathNode[], input: readonly unknown[], options: JsonPathOptions): unknown[] =>
  nodes.reduce<unknown[]>((values, node) => step(node, values, options), [...input]);

function step(node: JsonPathNode, input: readonly unknown[], options: JsonPathOptions): unknown[] {
  switch (node.type) {
    case "text":
      return [node.text];
    case "value":
      return [node.value];
    case "field":
      return fieldOf(node.name, input, options);
    case "wildcard":
      return input.flatMap(childrenOf);
    case "recursive":
      return input.flatMap(descendants);
    case "slice":
      return input.flatMap((value) => (value === null || value === undefined ? [] : slice(node, value)));
    case "union":
      return node.lists.flatMap((list) => walk(list, input, options));
    case "filter":
      return input.flatMap((value) => filtered(node, value, options));
    case "list":
      return walk(node.nodes, input, options);
    case "identifier":
      throw new JsonPathError(`unrecognized identifier ${node.name}`);
  }
}

function fieldOf(name: string, input: readonly unknown[], { allowMissing }: JsonPathOptions): unknown[] {
  if (name === "") return [...input];
  const found = input.flatMap((value) => (isRecord(value) && Object.hasOwn(value, name) && value[name] !== undefined ? [value[name]] : []));
  if (found.length === 0 && !allowMissing) throw new JsonPathError(`${name} is not found`);
  return found;
}

const childrenOf = (value: unknown): unknown[] =>
  Array.isArray(value)
    ? value
    : isRecord(value)
      ? Object.keys(value)
          .sort()
          .map((key) => value[key])
      : [];

/** The value itself and everything in it that has parts. */
function descendants(value: unknown): unknown[] {
  const children = childrenOf(value);
  return children.length === 0 ? [] : [value, ...children.flatMap(descendants)];
}

function slice({ from, to, step, isIndex }: Extract<JsonPathNode, { type: "slice" }>, value: unknown): unknown[] {
  if (!Array.isArray(value)) throw new JsonPathError(`${typeName(value)} is not array or slice`);
  const { length } = value;
  let start = from ?? 0;
  let end = isIndex ? start + 1 : (to ?? length);
  if (start < 0) start += length;
  if (end < 0 || (end === 0 && isIndex)) end += length;
  if (start === end) return [];
  const outside = (index: number): JsonPathError => new JsonPathError(`array index out of bounds: index ${index}, length ${length}`);
  if (start >= length || start < 0) throw outside(start);
  if (end > length || end < 0) throw outside(end - 1);
  if (start > end) throw new JsonPathError(`starting index ${start} is greater than ending index ${end}`);
  if (step !== undefined && step <= 0) throw new JsonPathError("step must be > 0");
  const every = step ?? 1;
  return value.slice(start, end).filter((_, at) => at % every === 0);
}

function filtered(
  { left, operator, right }: Extract<JsonPathNode, { type: "filter" }>,
  value: unknown,
  options: JsonPathOptions,
): unknown[] {
  if (!Array.isArray(value)) throw new JsonPathError(`${goText(value)} is not array or slice and cannot be filtered`);
  return value.filter((item) => {
    // A condition on a field that an item does not have does not hold for it.
    const lefts = walk(left, [item], { ...options, allowMissing: true });
    if (operator === "exists") return lefts.length > 0;
    const rights = walk(right, [item], { ...options, allowMissing: true });
    if (lefts.length > 1 || rights.length > 1) throw new JsonPathError("can only compare one element at a time");
    return lefts.length > 0 && rights.length > 0 && compare(lefts[0], operator, rights[0]);
  });
}

function compare(left: unknown, operator: string, right: unknown): boolean {
  if (left === null || right === null || typeof left === "object" || typeof right === "object")
    throw new JsonPathError("invalid type for comparison");
  if (typeof left !== typeof right) throw new JsonPathError("incompatible types for comparison");
  const [a, b] = [left, right] as [string, string];
  switch (operator) {
    case "==":
      return a === b;
    case "!=":
      return a !== b;
    case "<":
      return a < b;
    case ">":
      return a > b;
    case "<=":
      return a <= b;
    case ">=":
      return a >= b;
    default:
      throw new JsonPathError(`unrecognized filter operator ${operator}`);
  }
}

const typeName = (value: unknown): string =>
  isRecord(value) ? "map[string]interface {}" : typeof value === "number" ? "int64" : typeof value === "boolean" ? "bool" : typeof value;

const goText = (value: unknown): string =>
  value === undefined || value === null ? "<nil>" : isRecord(value) ? toCompactJson(value) : String(value);
