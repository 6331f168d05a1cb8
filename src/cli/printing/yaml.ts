/**
 * YAML as kubectl prints it: keys in natural order, sequences not indented, texts quoted only where they would be read
 * as something else, long plain texts folded. The rules are those of the emitter of libyaml, for block style alone.
 */
import { isRecord } from "../../base/own-field.ts";

/** A text is folded at the first space beyond this column. */
const foldColumn = 80;
/** A longer key can't stand before its colon on one line. */
const simpleKeyMax = 128;

/** With a line break at the end. */
export function toYamlText(value: unknown): string {
  const out = new Emitter();
  if (isCollection(value)) out.collection(value, 0, { startsLine: true });
  else out.scalar(value, 0);
  out.newline();
  return out.text;
}

const isCollection = (value: unknown): value is unknown[] | Record<string, unknown> =>
  Array.isArray(value) ? value.length > 0 : isRecord(value) && keysOf(value).length > 0;

const keysOf = (value: Record<string, unknown>): string[] =>
  Object.keys(value)
    .filter((key) => value[key] !== undefined)
    .sort(naturalOrder);

class Emitter {
  text = "";
  /** Of the next character. */
  #column = 0;

  newline(): void {
    if (this.#column === 0) return;
    this.text += "\n";
    this.#column = 0;
  }

  #write(text: string): void {
    this.text += text;
    this.#column += text.length;
  }

  /** On a line of its own, indented. */
  #startLine(indent: number): void {
    this.newline();
    this.#write(" ".repeat(indent));
  }

  /** `startsLine`: its first line has been indented already, or needs no indent. */
  collection(value: readonly unknown[] | Record<string, unknown>, indent: number, { startsLine }: { readonly startsLine: boolean }): void {
    let isFirst = startsLine;
    const begin = (): void => {
      if (isFirst) isFirst = false;
      else this.#startLine(indent);
    };
    if (Array.isArray(value)) {
      for (const item of value) {
        begin();
        this.#write("- ");
        if (isCollection(item)) this.collection(item, indent + 2, { startsLine: true });
        else this.scalar(item, indent + 2);
      }
      return;
    }
    const record = value as Record<string, unknown>;
    for (const key of keysOf(record)) {
      begin();
      const isSimple = key.length <= simpleKeyMax && !key.includes("\n");
      if (!isSimple) this.#write("? ");
      this.#key(key);
      if (!isSimple) this.#startLine(indent);
      this.#write(":");
      this.#value(record[key], indent);
    }
  }

  #key(key: string): void {
    const style = styleOf(key, { isKey: true });
    this.#write(style === "plain" ? key : style === "single" ? `'${key.replaceAll("'", "''")}'` : `"${[...key].map(escaped).join("")}"`);
  }

  #value(value: unknown, indent: number): void {
    if (!isCollection(value)) {
      this.#write(" ");
      this.scalar(value, indent + 2);
      return;
    }
    // A sequence stands at the indent of its key.
    this.collection(value, Array.isArray(value) ? indent : indent + 2, { startsLine: false });
  }

  /** `indent`: of its further lines. */
  scalar(value: unknown, indent: number): void {
    if (typeof value !== "string") {
      this.#write(plainText(value));
      return;
    }
    const style = styleOf(value, { isKey: false });
    if (style === "literal") this.#literal(value, indent);
    else if (style === "plain") this.#folded(value, indent, (character) => character);
    else if (style === "single") {
      this.#write("'");
      this.#folded(value, indent, (character) => (character === "'" ? "''" : character), { keepsEnds: true });
      this.#write("'");
    } else {
      this.#write('"');
      this.#doubleQuoted(value, indent);
      this.#write('"');
    }
  }

  #folded(value: string, indent: number, written: (character: string) => string, { keepsEnds = false } = {}): void {
    if (value.length + this.#column <= foldColumn) {
      this.#write(keepsEnds ? value.replaceAll("'", "''") : value);
      return;
    }
    const characters = [...value];
    let afterSpace = false;
    for (let at = 0; at < characters.length; at++) {
      const character = characters[at] as string;
      const isSpace = character === " ";
      const isInside = !keepsEnds || (at > 0 && at < characters.length - 1);
      if (isSpace && !afterSpace && this.#column > foldColumn && isInside && characters[at + 1] !== " ") this.#startLine(indent);
      else this.#write(written(character));
      afterSpace = isSpace;
    }
  }

  #doubleQuoted(value: string, indent: number): void {
    const characters = [...value];
    let afterSpace = false;
    for (let at = 0; at < characters.length; at++) {
      const character = characters[at] as string;
      const isSpace = character === " ";
      if (isSpace && !afterSpace && this.#column > foldColumn && at > 0 && at < characters.length - 1) {
        this.#startLine(indent);
        if (characters[at + 1] === " ") this.#write("\\");
      } else this.#write(escaped(character));
      afterSpace = isSpace;
    }
  }

  #literal(value: string, indent: number): void {
    const hint = value.startsWith(" ") || value.startsWith("\n") ? "2" : "";
    const chomping = !value.endsWith("\n") ? "-" : value === "\n" || value.endsWith("\n\n") ? "+" : "";
    this.#write(`|${hint}${chomping}`);
    const lines = (value.endsWith("\n") ? value.slice(0, -1) : value).split("\n");
    for (const line of lines) {
      this.text += "\n";
      if (line !== "") this.text += " ".repeat(indent) + line;
    }
    this.text += "\n";
    this.#column = 0;
  }
}

function plainText(value: unknown): string {
  if (value === null || value === undefined) return "null";
  if (Array.isArray(value)) return "[]";
  if (isRecord(value)) return "{}";
  return String(value);
}

type Style = "plain" | "single" | "double" | "literal";

/** Which style a text is written in. */
function styleOf(text: string, { isKey }: { readonly isKey: boolean }): Style {
  if (text === "") return "double";
  const isMultiline = text.includes("\n");
  // Neither a character that can't be shown nor a space before a line break survives anything but escapes.
  if (unprintable.test(text) || / \n/.test(text)) return "double";
  if (isMultiline) return isKey || text.endsWith(" ") ? "double" : "literal";
  if (wouldBeReadAsAnother(text)) return "double";
  return /^ | $/.test(text) || hasIndicator(text) ? "single" : "plain";
}

const unprintable = /[^\n\x20-\x7e\u0085\u00a0-\ud7ff\ue000-\ufefe\uff00-\ufffd]/u;

/** What would end a plain text or make it another thing. */
const hasIndicator = (text: string): boolean =>
  /^[#,[\]{}&*!|>'"%@`]/.test(text) || /^(---|\.\.\.)/.test(text) || /^[?:-](\s|$)/.test(text) || /:(\s|$)/.test(text) || /\s#/.test(text);

const words = new Set(
  "y Y yes Yes YES true True TRUE on On ON n N no No NO false False FALSE off Off OFF ~ null Null NULL << .nan .NaN .NAN .inf .Inf .INF +.inf +.Inf +.INF -.inf -.Inf -.INF".split(
    " ",
  ),
);
const wholeNumber = /^[-+]?(0[xX][0-9a-fA-F]+|0[oO]?[0-7]*|0[bB][01]+|[1-9][0-9]*)$/;
const floatingNumber = /^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/;
const base60 = /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$/;
const timestamp = /^\d{4}-\d{1,2}-\d{1,2}([Tt]\d{1,2}:\d{1,2}:\d{1,2}(\.\d+)?(Z|[+-]\d\d:\d\d)| \d{1,2}:\d{1,2}:\d{1,2}(\.\d+)?)?$/;

function wouldBeReadAsAnother(text: string): boolean {
  if (words.has(text)) return true;
  if (!/^[-+.0-9]/.test(text)) return false;
  const digits = text.replaceAll("_", "");
  return wholeNumber.test(digits) || floatingNumber.test(digits) || base60.test(text) || timestamp.test(text);
}

const escapes: Readonly<Record<string, string>> = {
  "\0": "\\0",
  "\x07": "\\a",
  "\b": "\\b",
  "\t": "\\t",
  "\n": "\\n",
  "\v": "\\v",
  "\f": "\\f",
  "\r": "\\r",
  "\x1b": "\\e",
  '"': '\\"',
  "\\": "\\\\",
  "\u0085": "\\N",
  "\u00a0": "\\_",
  "\u2028": "\\L",
  "\u2029": "\\P",
};

function escaped(character: string): string {
  const short = escapes[character];
  if (short !== undefined) return short;
  if (!unprintable.test(character)) return character;
  const code = character.codePointAt(0) as number;
  if (code <= 0xff) return `\\x${hex(code, 2)}`;
  return code <= 0xffff ? `\\u${hex(code, 4)}` : `\\U${hex(code, 8)}`;
}

const hex = (code: number, width: number): string => code.toString(16).toUpperCase().padStart(width, "0");

const isLetter = (character: string): boolean => /\p{L}/u.test(character);
const digitsAt = (text: readonly string[], from: number): string => {
  let end = from;
  while (end < text.length && /\d/.test(text[end] as string)) end++;
  return text.slice(from, end).join("");
};

/** Letters by code, other characters before letters, numbers by value: `port2` stands before `port10`. */
function naturalOrder(a: string, b: string): number {
  const left = [...a];
  const right = [...b];
  for (let at = 0; at < left.length && at < right.length; at++) {
    const x = left[at] as string;
    const y = right[at] as string;
    if (x === y) continue;
    const letters = [isLetter(x), isLetter(y)];
    if (letters[0] && letters[1]) return x < y ? -1 : 1;
    if (letters[0] || letters[1]) return letters[1] ? -1 : 1;
    const numbers = [digitsAt(left, at), digitsAt(right, at)] as const;
    // The digits before the difference belong to the number: 10 and 12 differ at the second one.
    const before = x === "0" || y === "0" ? (/[1-9]\d*$/.test(left.slice(0, at).join("")) ? "1" : "") : "";
    const [p, q] = numbers.map((digits) => Number(before + digits || "0")) as [number, number];
    if (p !== q) return p - q;
    if (numbers[0].length !== numbers[1].length) return numbers[0].length - numbers[1].length;
    return x < y ? -1 : 1;
  }
  return left.length - right.length;
}
