/** Reads JSONPath templates, with kubectl's grammar and its messages. */

export type JsonPathNode =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "value"; readonly value: number | boolean }
  | { readonly type: "identifier"; readonly name: string }
  | { readonly type: "field"; readonly name: string }
  | { readonly type: "wildcard" }
  | { readonly type: "recursive" }
  /** `isIndex`: `[n]` rather than `[n:m]`. */
  | {
      readonly type: "slice";
      readonly from: number | undefined;
      readonly to: number | undefined;
      readonly step: number | undefined;
      readonly isIndex: boolean;
    }
  | { readonly type: "union"; readonly lists: readonly (readonly JsonPathNode[])[] }
  | { readonly type: "filter"; readonly left: readonly JsonPathNode[]; readonly operator: string; readonly right: readonly JsonPathNode[] }
  | { readonly type: "list"; readonly nodes: readonly JsonPathNode[] };

/** A template that is none, or that does not fit its object. */
export class JsonPathError extends Error {
  constructor(message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = "JsonPathError";
  }
}

/** Texts and, for each `{…}`, a list. Throws `JsonPathError`. */
export function parseJsonPath(template: string): JsonPathNode[] {
  const nodes: JsonPathNode[] = [];
  let at = 0;
  while (at < template.length) {
    const open = template.indexOf("{", at);
    if (open < 0) {
      nodes.push({ type: "text", text: template.slice(at) });
      break;
    }
    if (open > at) nodes.push({ type: "text", text: template.slice(at, open) });
    const action = new ActionReader(template, open + 1);
    nodes.push({ type: "list", nodes: action.read() });
    at = action.at;
  }
  return nodes;
}

const inside = (text: string): JsonPathNode[] => new ActionReader(`${text}}`, 0).read();

const terminators = " .,[]$@{}\n";

class ActionReader {
  /** Of the next character. */
  at: number;
  readonly #text: string;

  constructor(text: string, at: number) {
    this.#text = text;
    this.at = at;
  }

  /** Up to and with the closing brace. */
  read(): JsonPathNode[] {
    const nodes: JsonPathNode[] = [];
    for (;;) {
      const rest = this.#text.slice(this.at, this.at + 3);
      const [character = ""] = rest;
      if (character === "" || character === "\n" || character === "\r") throw new JsonPathError("unclosed action");
      if (character === "}") {
        this.at++;
        return nodes;
      }
      if (rest === "[?(") nodes.push(this.#filter());
      else if (rest.startsWith("..")) this.#recursive(nodes);
      else if (character === " " || character === "@" || character === "$") this.at++;
      else if (character === "[") nodes.push(...this.#brackets());
      else if (character === '"' || character === "'") nodes.push(this.#quoted(character));
      else if (character === ".") {
        this.at++;
        nodes.push(this.#field());
      } else if (/[-+\d]/.test(character)) nodes.push(this.#number());
      else if (/[\p{L}_]/u.test(character)) nodes.push(this.#identifier());
      else throw new JsonPathError(`unrecognized character in action: U+${hex(character)} '${character}'`);
    }
  }

  /** Up to the next character that ends a name; a backslash keeps one from doing so. */
  #name(): string {
    const from = this.at;
    while (this.at < this.#text.length && !terminators.includes(this.#text[this.at] as string))
      this.at += this.#text[this.at] === "\\" ? 2 : 1;
    return this.#text.slice(from, this.at);
  }

  #field(): JsonPathNode {
    const name = this.#name();
    return name === "*" ? { type: "wildcard" } : { type: "field", name: name.replaceAll("\\", "") };
  }

  #recursive(nodes: JsonPathNode[]): void {
    if (nodes.at(-1)?.type === "recursive") throw new JsonPathError("invalid multiple recursive descent");
    this.at += 2;
    nodes.push({ type: "recursive" });
    if (/[\p{L}\p{N}_]/u.test(this.#text[this.at] ?? "")) nodes.push(this.#field());
  }

  #identifier(): JsonPathNode {
    const name = this.#name();
    return name === "true" || name === "false" ? { type: "value", value: name === "true" } : { type: "identifier", name };
  }

  #number(): JsonPathNode {
    const match = /^[-+]?[\d.eE]*/.exec(this.#text.slice(this.at)) as RegExpExecArray;
    this.at += match[0].length;
    const value = Number(match[0]);
    if (match[0] === "" || Number.isNaN(value)) throw new JsonPathError(`cannot parse number ${match[0]}`);
    return { type: "value", value };
  }

  #quoted(quote: string): JsonPathNode {
    const from = this.at++;
    while (this.#text[this.at] !== quote || this.#text[this.at - 1] === "\\") {
      if (this.at >= this.#text.length || this.#text[this.at] === "\n") throw new JsonPathError("unterminated quoted string");
      this.at++;
    }
    return { type: "text", text: unquoted(this.#text.slice(from + 1, this.at++)) };
  }

  #brackets(): JsonPathNode[] {
    const end = this.#text.indexOf("]", this.at);
    const text = this.#text.slice(this.at + 1, end);
    if (end < 0 || text.includes("\n")) throw new JsonPathError("unterminated array");
    this.at = end + 1;
    const parts = text.split(",");
    if (parts.length > 1) return [{ type: "union", lists: parts.map((part) => inside(`[${part.trim()}]`)) }];
    const key = /^'([^']*)'$/.exec(text);
    if (key) return inside(`.${key[1]}`);
    const match = /^(-?\d*)(:-?\d*)?(:-?\d*)?$/.exec(text === "*" ? ":" : text);
    if (!match) throw new JsonPathError(`invalid array index ${text}`);
    const [from, to, step] = match.slice(1).map((part, at) => {
      const digits = at === 0 ? part : part?.slice(1);
      return digits === undefined || digits === "" ? undefined : Number(digits);
    });
    return [{ type: "slice", from, to, step, isIndex: match[2] === undefined }];
  }

  #filter(): JsonPathNode {
    this.at += 3;
    const from = this.at;
    let quote = "";
    let isQuoted = false;
    for (; ; this.at++) {
      const character = this.#text[this.at];
      if (character === undefined || character === "\n") throw new JsonPathError("unterminated filter");
      if (character === '"' || character === "'") {
        if (quote === "") {
          quote = character;
          isQuoted = true;
        } else if (character === quote && this.#text[this.at - 1] !== "\\") isQuoted = false;
      } else if (character === ")" && !isQuoted) break;
    }
    const text = this.#text.slice(from, this.at);
    if (this.#text[this.at + 1] !== "]") throw new JsonPathError("unclosed array expect ]");
    this.at += 2;
    const match = /^([^!<>=]+)([!<>=]+)(.+?)$/.exec(text);
    if (!match) return { type: "filter", left: inside(text), operator: "exists", right: [] };
    const [, left = "", operator = "", right = ""] = match;
    return { type: "filter", left: inside(left), operator, right: inside(right) };
  }
}

const hex = (character: string): string => (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");

const escapes: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", a: "\x07", b: "\b", f: "\f", v: "\v" };

const unquoted = (text: string): string =>
  text.replace(/\\(u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|.)/g, (_, sequence: string) =>
    sequence.length > 1 ? String.fromCharCode(Number.parseInt(sequence.slice(1), 16)) : (escapes[sequence] ?? sequence),
  );
