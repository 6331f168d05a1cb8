/**
 * Reads the YAML that people and programs write of manifests and kubeconfigs: mappings, sequences, texts of one line with or
 * without quotes, texts of several lines after `|`, comments, and short lists and mappings in brackets. It knows when it
 * does not know: then `yaml.ts` is asked, which reads everything, takes fifty times as long, and longer to load than a
 * command may take. The time that this takes grows with the length of the text and with nothing else.
 */
import { setOwnField } from "../base/own-field.ts";
import { scalarRules } from "./yaml-scalars.ts";

/** What `parseYaml` would give, or undefined where the text has anything beyond the plainest YAML. */
export function parsePlainYaml(text: string): unknown {
  if (!plainCharacters.test(text) || anchors.test(text)) return undefined;
  const lines = text.split("\n");
  const endsInLine = lines.pop() !== "";
  if (endsInLine) lines.push(text.slice(text.lastIndexOf("\n") + 1));
  return documentOf({ lines, at: 0, line: undefined, isCut: endsInLine });
}

/** What `parseYamlDocuments` would give, or undefined where one of the documents is not plain. */
export function parsePlainYamlDocuments(text: string): unknown[] | undefined {
  const found: unknown[] = [];
  for (const part of text.split(/^---\n/m)) {
    if (/^(?:[ ]*(?:#.*)?\n)*(?:[ ]*(?:#.*)?)$/.test(part)) continue;
    const value = parsePlainYaml(part);
    if (value === undefined) return undefined;
    found.push(value);
  }
  return found;
}

/** Nothing that YAML breaks lines at or leaves out beside line feeds and spaces. Tabs are allowed in texts of several lines. */
const plainCharacters =
  /^[\n\t\x20-\x7e\u00a1-\u167f\u1681-\u1fff\u200b-\u2027\u202a-\u202e\u2030-\u205e\u2060-\u2fff\u3001-\ud7ff\ud800-\udfff\ue000-\ufefe\uff00-\ufffd]*$/;
/** Documents that end or begin in the middle, and directives. */
const anchors = /^(?:\.\.\.|%|---.)|\n(?:\.\.\.|%|---)/;

const depthMax = 100;

interface Line {
  readonly indent: number;
  /** Without the indent and spaces at the end. */
  readonly text: string;
}

interface Reader {
  readonly lines: readonly string[];
  /** The next line to look at. */
  at: number;
  /** The next line that says something, once it was looked for; a part of it, where the first part was taken. */
  line: Line | undefined;
  /** The last line has no end. */
  readonly isCut: boolean;
}

/** Thrown where the text is not plain; never leaves this file. */
const notPlain = new Error("not plain");

function documentOf(reader: Reader): unknown {
  try {
    if (reader.lines[0] === "---") reader.at++;
    const first = next(reader);
    if (!first) return undefined;
    const value = readBlock(reader, first.indent, 0);
    return next(reader) ? undefined : value;
  } catch (error) {
    if (error === notPlain) return undefined;
    throw error;
  }
}

/** The line that is next, without taking it: comments and empty lines are passed over. */
function next(reader: Reader): Line | undefined {
  if (reader.line) return reader.line;
  for (; reader.at < reader.lines.length; reader.at++) {
    const line = reader.lines[reader.at] as string;
    let indent = 0;
    while (line.charCodeAt(indent) === 32) indent++;
    if (indent === line.length || line[indent] === "#") continue;
    if (line.includes("\t")) throw notPlain;
    let end = line.length;
    while (line.charCodeAt(end - 1) === 32) end--;
    reader.line = { indent, text: line.slice(indent, end) };
    return reader.line;
  }
  return undefined;
}

function take(reader: Reader): void {
  reader.line = undefined;
  reader.at++;
}

function readBlock(reader: Reader, indent: number, depth: number): unknown {
  if (depth > depthMax) throw notPlain;
  return isItem((next(reader) as Line).text) ? readSequence(reader, indent, depth) : readMapping(reader, indent, depth);
}

const isItem = (text: string): boolean => text === "-" || text.startsWith("- ");

function readSequence(reader: Reader, indent: number, depth: number): unknown[] {
  const items: unknown[] = [];
  for (;;) {
    const line = next(reader);
    if (!line || line.indent < indent) return items;
    if (!isItem(line.text)) {
      // The next key of the mapping that this sequence stands in, at the same indent.
      if (line.indent === indent && items.length > 0) return items;
      throw notPlain;
    }
    if (line.indent > indent) throw notPlain;
    const rest = line.text.slice(1).trimStart();
    if (isItem(rest) || keyOf(rest)) {
      // `- name: a` begins a mapping whose further keys stand below its first one.
      const inner = indent + line.text.length - rest.length;
      reader.line = { indent: inner, text: rest };
      items.push(readBlock(reader, inner, depth + 1));
      continue;
    }
    take(reader);
    items.push(rest === "" || rest.startsWith("#") ? nestedIn(reader, indent, depth) : inlineValue(reader, rest, indent));
  }
}

function readMapping(reader: Reader, indent: number, depth: number): Record<string, unknown> {
  const mapping: Record<string, unknown> = {};
  for (;;) {
    const line = next(reader);
    if (!line || line.indent < indent) return mapping;
    if (line.indent > indent || isItem(line.text)) throw notPlain;
    const found = keyOf(line.text);
    if (!found || Object.hasOwn(mapping, found.key)) throw notPlain;
    const rest = line.text.slice(found.length).trimStart();
    take(reader);
    setOwnField(
      mapping,
      found.key,
      rest === "" || rest.startsWith("#") ? nested(reader, indent, depth) : inlineValue(reader, rest, indent),
    );
  }
}

/** What stands below a key without a value on its line. */
function nested(reader: Reader, indent: number, depth: number): unknown {
  const line = next(reader);
  if (!line || line.indent < indent || (line.indent === indent && !isItem(line.text))) return null;
  return readBlock(reader, line.indent, depth + 1);
}

/** What stands below a dash without a value on its line: deeper than the dash, or nothing. */
function nestedIn(reader: Reader, indent: number, depth: number): unknown {
  const line = next(reader);
  return line && line.indent > indent ? readBlock(reader, line.indent, depth + 1) : null;
}

/** A key at the beginning of a line, and how much of the line it takes with its colon. */
function keyOf(text: string): { readonly key: string; readonly length: number } | undefined {
  const plain = /^([A-Za-z_.][\w./-]*):(?= |$)/.exec(text)?.[1];
  if (plain !== undefined) return typeof scalarOf(plain) === "string" ? { key: plain, length: plain.length + 1 } : undefined;
  const quoted = /^(?:"([^"\\]*)"|'([^']*)'):(?= |$)/.exec(text);
  return quoted ? { key: quoted[1] ?? (quoted[2] as string), length: quoted[0].length } : undefined;
}

/** A value that begins on the line of its key or dash, which stand at this indent. */
function inlineValue(reader: Reader, text: string, indent: number): unknown {
  const [first] = text;
  if (first === "|") return literal(reader, text, indent);
  if (first === '"' || first === "'" || first === "[" || first === "{") {
    const cursor = { text, at: 0 };
    const value = flowValue(cursor, 0);
    if (!/^(?: +#.*)?$/.test(text.slice(cursor.at))) throw notPlain;
    return value;
  }
  const comment = text.indexOf(" #");
  const word = comment < 0 ? text : text.slice(0, comment).trimEnd();
  if (!/^(?:[A-Za-z0-9/_+.~$(\\\u00a1-\uffff]|-[A-Za-z0-9.-])/.test(word) || word.includes(": ") || word.endsWith(":")) throw notPlain;
  return scalarOf(word);
}

/** `false`: of the words that mean something else than themselves and begin with a letter none is longer. */
const longestWord = 5;

/** What a word without quotes means. */
function scalarOf(word: string): unknown {
  // Most words are texts, and begin or go on as nothing else does.
  const letter = word.charCodeAt(0) | 0x20;
  if (word.length > longestWord && letter >= 0x61 && letter <= 0x7a) return word;
  const rule = scalarRules.find(({ test }) => test.test(word));
  if (!rule) return word;
  const value = rule.resolve(word);
  if (typeof value === "number" && !Number.isFinite(value)) throw notPlain;
  return value;
}

/** A text of several lines after `|`, `|-` or `|+`. */
function literal(reader: Reader, header: string, indent: number): string {
  if (!/^\|[-+]?$/.test(header)) throw notPlain;
  const blank = (line: string): boolean => /^ *$/.test(line);
  const { lines } = reader;
  let first = reader.at;
  while (first < lines.length && blank(lines[first] as string)) first++;
  const inner = (lines[first] ?? "").search(/[^ ]/);
  if (inner <= indent || lines.slice(reader.at, first).some((line) => line.length > inner)) throw notPlain;
  const texts: string[] = [];
  for (; reader.at < lines.length; reader.at++) {
    const line = lines[reader.at] as string;
    if (!blank(line.slice(0, inner))) break;
    texts.push(line.slice(inner));
  }
  if (reader.isCut && reader.at === lines.length) throw notPlain;
  let end = texts.length;
  while (end > 0 && texts[end - 1] === "") end--;
  if (end === 0) throw notPlain;
  const text = texts.slice(0, end).join("\n");
  if (header === "|-") return text;
  return header === "|" ? `${text}\n` : `${text}\n${"\n".repeat(texts.length - end)}`;
}

interface Cursor {
  readonly text: string;
  at: number;
}

/** A value in quotes or brackets, or a word within brackets; the cursor stands behind it afterwards. */
function flowValue(cursor: Cursor, depth: number): unknown {
  if (depth > depthMax) throw notPlain;
  const first = cursor.text[cursor.at];
  if (first === "[") return flowList(cursor, depth);
  if (first === "{") return flowMapping(cursor, depth);
  if (first === '"') return quoted(cursor, doubleQuoted);
  if (first === "'") return quoted(cursor, singleQuoted);
  return scalarOf(matched(cursor, flowWord));
}

const doubleQuoted = /"(?:[^"\\]|\\(?:["\\/nrtbf]|u[0-9a-fA-F]{4}))*"/y;
const singleQuoted = /'(?:[^']|'')*'/y;
/** Words in brackets are of the simplest sort: what else they may be is left to the full reader. */
const flowWord = /(?:[A-Za-z0-9_./+]|-(?=\w))[\w./+=@%~-]*(?= *[,\]}])/y;
const flowKey = /(?:[A-Za-z_][\w./-]*)(?=: )/y;
const spaces = / */y;

function matched(cursor: Cursor, pattern: RegExp): string {
  pattern.lastIndex = cursor.at;
  const [found] = pattern.exec(cursor.text) ?? [];
  if (found === undefined) throw notPlain;
  cursor.at += found.length;
  return found;
}

function quoted(cursor: Cursor, pattern: RegExp): string {
  const found = matched(cursor, pattern);
  return pattern === doubleQuoted ? (JSON.parse(found) as string) : found.slice(1, -1).replaceAll("''", "'");
}

function flowList(cursor: Cursor, depth: number): unknown[] {
  const items: unknown[] = [];
  listed(cursor, "]", () => items.push(flowValue(cursor, depth + 1)));
  return items;
}

function flowMapping(cursor: Cursor, depth: number): Record<string, unknown> {
  const mapping: Record<string, unknown> = {};
  listed(cursor, "}", () => {
    const first = cursor.text[cursor.at];
    const key = first === '"' ? quoted(cursor, doubleQuoted) : first === "'" ? quoted(cursor, singleQuoted) : matched(cursor, flowKey);
    if (first !== '"' && first !== "'" && typeof scalarOf(key) !== "string") throw notPlain;
    if (cursor.text[cursor.at] !== ":" || Object.hasOwn(mapping, key)) throw notPlain;
    cursor.at++;
    matched(cursor, spaces);
    setOwnField(mapping, key, flowValue(cursor, depth + 1));
  });
  return mapping;
}

/** What stands between brackets, separated by commas. */
function listed(cursor: Cursor, end: "]" | "}", readOne: () => void): void {
  cursor.at++;
  matched(cursor, spaces);
  while (cursor.text[cursor.at] !== end) {
    readOne();
    matched(cursor, spaces);
    const after = cursor.text[cursor.at];
    if (after !== "," && after !== end) throw notPlain;
    if (after === ",") cursor.at++;
    matched(cursor, spaces);
  }
  cursor.at++;
}
