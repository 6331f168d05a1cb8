/** Words of a Go template: text, actions with their trim markers, and what stands in an action. Pure. */

/** What is wrong with a template, without where. */
export class TemplateError extends Error {
  constructor(message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = "TemplateError";
  }
}

export type Token =
  | { readonly type: "text"; readonly text: string; readonly line: number }
  | { readonly type: "action"; readonly words: readonly Word[]; readonly line: number };

export interface Word {
  /** `space` stands where words are apart, which tells `.a .b` from `.a.b`. */
  readonly type:
    | "space"
    | "field"
    | "variable"
    | "word"
    | "string"
    | "number"
    | "char"
    | "pipe"
    | "declare"
    | "assign"
    | "comma"
    | "open"
    | "close"
    | "dot";
  readonly text: string;
}

/** Texts and actions in order; comments are left out. Throws `TemplateError`. */
export function lex(template: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  let trimsStart = false;
  const lineAt = (position: number): number => template.slice(0, position).split("\n").length;
  while (at < template.length) {
    const open = template.indexOf("{{", at);
    const end = open < 0 ? template.length : open;
    let text = template.slice(at, end);
    if (trimsStart) text = text.replace(/^[ \t\r\n]+/, "");
    trimsStart = false;
    const trimsEnd = open >= 0 && /^-[ \t\r\n]/.test(template.slice(open + 2, open + 4));
    if (trimsEnd) text = text.replace(/[ \t\r\n]+$/, "");
    if (text !== "") tokens.push({ type: "text", text, line: lineAt(at) });
    if (open < 0) break;
    const line = lineAt(open);
    const inner = open + 2 + (trimsEnd ? 2 : 0);
    if (template.startsWith("/*", inner)) {
      const close = template.indexOf("*/", inner);
      if (close < 0) throw new TemplateError("unclosed comment");
      const rest = /^([ \t\r\n]-)?\}\}/.exec(template.slice(close + 2));
      if (!rest) throw new TemplateError("comment ends before closing delimiter");
      trimsStart = rest[1] !== undefined;
      at = close + 2 + rest[0].length;
      continue;
    }
    const action = lexAction(template, inner);
    tokens.push({ type: "action", words: action.words, line });
    at = action.end;
    trimsStart = action.trims;
  }
  return tokens;
}

const patterns: readonly (readonly [RegExp, Word["type"]])[] = [
  [/[ \t\r\n]+/y, "space"],
  [/"(?:[^"\\\n]|\\.)*"/y, "string"],
  [/`[^`]*`/y, "string"],
  [/'(?:[^'\\\n]|\\.)+'/y, "char"],
  [/[+-]?(?:0[xX][\da-fA-F_]+|\d[\d_]*(?:\.\d+)?(?:[eE][+-]?\d+)?)/y, "number"],
  [/\.[\p{L}_][\p{L}\p{N}_]*/uy, "field"],
  [/\$[\p{L}\p{N}_]*/uy, "variable"],
  [/[\p{L}_][\p{L}\p{N}_]*/uy, "word"],
  [/:=/y, "declare"],
  [/=/y, "assign"],
  [/\|/y, "pipe"],
  [/,/y, "comma"],
  [/\(/y, "open"],
  [/\)/y, "close"],
  [/\./y, "dot"],
];

function lexAction(template: string, from: number): { readonly words: Word[]; readonly end: number; readonly trims: boolean } {
  const words: Word[] = [];
  let at = from;
  for (;;) {
    const close = /[ \t\r\n]-\}\}|\}\}/y;
    close.lastIndex = at;
    const closed = close.exec(template);
    if (closed) return { words, end: close.lastIndex, trims: closed[0] !== "}}" };
    if (at >= template.length) throw new TemplateError("unclosed action");
    const word = wordAt(template, at);
    if (!word) throw new TemplateError(`unexpected ${JSON.stringify(template[at])} in command`);
    words.push(word);
    at += word.text.length;
  }
}

function wordAt(template: string, at: number): Word | undefined {
  for (const [pattern, type] of patterns) {
    pattern.lastIndex = at;
    const found = pattern.exec(template);
    if (found) return { type, text: found[0] };
  }
  return undefined;
}
