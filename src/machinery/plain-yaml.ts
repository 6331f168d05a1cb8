/**
 * Reads the plain YAML that programs write, such as kubeconfigs: block mappings and sequences of texts on one line each.
 * It knows when it does not know: then `yaml.ts` is asked, which reads everything, and takes longer to load than a
 * command may take.
 */
import { setOwnField } from "../base/own-field.ts";

/** What `parseYaml` would give, or undefined where the text has anything beyond the plainest YAML. */
export function parsePlainYaml(text: string): unknown {
  const lines = linesOf(text);
  if (!lines || lines.length === 0) return undefined;
  const reader = { lines, at: 0 };
  try {
    const value = readBlock(reader, (lines[0] as Line).indent);
    return reader.at === lines.length ? value : undefined;
  } catch (error) {
    if (error === notPlain) return undefined;
    throw error;
  }
}

interface Line {
  readonly indent: number;
  readonly text: string;
}

interface Reader {
  readonly lines: Line[];
  at: number;
}

/** Thrown where the text is not plain; never leaves this file. */
const notPlain = new Error("not plain");

/** Without comments and empty lines; undefined for what is beyond ASCII or has tabs. */
function linesOf(text: string): Line[] | undefined {
  if (!/^[\n\x20-\x7e]*$/.test(text)) return undefined;
  const found: Line[] = [];
  for (const [at, line] of text.split("\n").entries()) {
    const trimmed = line.trim();
    if (trimmed === "" || trimmed.startsWith("#") || (at === 0 && line === "---")) continue;
    if (/^(---|\.\.\.|%)/.test(line)) return undefined;
    found.push({ indent: line.length - line.trimStart().length, text: trimmed });
  }
  return found;
}

function readBlock(reader: Reader, indent: number): unknown {
  return isItem((reader.lines[reader.at] as Line).text) ? readSequence(reader, indent) : readMapping(reader, indent);
}

const isItem = (text: string): boolean => text === "-" || text.startsWith("- ");

function readSequence(reader: Reader, indent: number): unknown[] {
  const items: unknown[] = [];
  for (;;) {
    const line = reader.lines[reader.at];
    if (!line || line.indent < indent) return items;
    if (!isItem(line.text)) {
      // The next key of the mapping that this sequence stands in, at the same indent.
      if (line.indent === indent && items.length > 0) return items;
      throw notPlain;
    }
    if (line.indent > indent) throw notPlain;
    const rest = line.text.slice(1).trimStart();
    if (rest === "" || isItem(rest)) throw notPlain;
    if (keyOf(rest) === undefined) {
      items.push(scalar(rest));
      reader.at++;
      continue;
    }
    // `- name: a` begins a mapping whose further keys stand below its first one.
    const inner = indent + line.text.length - rest.length;
    reader.lines[reader.at] = { indent: inner, text: rest };
    items.push(readMapping(reader, inner));
  }
}

function readMapping(reader: Reader, indent: number): Record<string, unknown> {
  const mapping: Record<string, unknown> = {};
  for (;;) {
    const line = reader.lines[reader.at];
    if (!line || line.indent < indent) return mapping;
    if (line.indent > indent || isItem(line.text)) throw notPlain;
    const key = keyOf(line.text);
    if (key === undefined || Object.hasOwn(mapping, key)) throw notPlain;
    const rest = line.text.slice(key.length + 1).trim();
    reader.at++;
    setOwnField(mapping, key, rest === "" ? nested(reader, indent) : scalar(rest));
  }
}

/** What stands below a key without a value on its line. */
function nested(reader: Reader, indent: number): unknown {
  const next = reader.lines[reader.at];
  if (!next || next.indent < indent || (next.indent === indent && !isItem(next.text))) return null;
  return readBlock(reader, next.indent);
}

const keyOf = (text: string): string | undefined => {
  const key = /^([A-Za-z][\w./-]*):(?= |$)/.exec(text)?.[1];
  return key !== undefined && !otherThanText.test(key) ? key : undefined;
};

/** Words and numbers that YAML 1.1 takes for something else than a text. */
const otherThanText = /^([-+.\d][-+.\d_eExXoObB:a-fA-F]*|y|n|yes|no|on|off|true|false|null|~)$/i;

function scalar(text: string): unknown {
  if (text === "{}") return {};
  if (text === "[]") return [];
  if (text === "true" || text === "false") return text === "true";
  if (/^(0|[1-9]\d{0,8})$/.test(text)) return Number(text);
  if (/^"[^"\\]*"$/.test(text)) return text.slice(1, -1);
  if (/^'[^']*'$/.test(text)) return text.slice(1, -1);
  if (!/^(?:[A-Za-z0-9/_+.~$]|-[A-Za-z-])[^:#]*((:\S|\S#)[^:#]*)*$/.test(text) || otherThanText.test(text) || text.endsWith(":"))
    throw notPlain;
  return text;
}
