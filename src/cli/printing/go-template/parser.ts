/** The tree of a Go template. Pure. */
import { lex, TemplateError, type Token, type Word } from "./lexer.ts";

/** A value in an action. */
export type Operand =
  | { readonly type: "dot" }
  | { readonly type: "nil" }
  | { readonly type: "literal"; readonly value: unknown }
  | { readonly type: "variable"; readonly name: string }
  | { readonly type: "function"; readonly name: string }
  | { readonly type: "pipeline"; readonly pipeline: Pipeline };

/** An operand and the fields that are taken of it: `$x.a.b`. */
export interface Term {
  readonly operand: Operand;
  readonly fields: readonly string[];
}

export interface Pipeline {
  /** Names that get the result; two of a range get index and element. */
  readonly variables: readonly string[];
  readonly declares: boolean;
  /** Each a function or value with its arguments; the result of one is the last argument of the next. */
  readonly commands: readonly (readonly Term[])[];
}

export type Branch = { readonly pipeline: Pipeline; readonly then: readonly Node[]; readonly otherwise: readonly Node[] };
export type Node =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "action"; readonly pipeline: Pipeline }
  | ({ readonly type: "if" | "with" | "range" } & Branch)
  | { readonly type: "template"; readonly name: string; readonly pipeline: Pipeline | undefined }
  | { readonly type: "break" | "continue" };

export interface Template {
  readonly nodes: readonly Node[];
  /** By `define` and `block`. */
  readonly named: ReadonlyMap<string, readonly Node[]>;
}

const operators = new Set(["if", "with", "range", "define", "block"]);

/** Throws `TemplateError`. */
export function parseTemplate(text: string): Template {
  const tokens = lex(text);
  const named = new Map<string, readonly Node[]>();
  let at = 0;
  const { nodes, end } = list();
  if (end !== undefined) throw new TemplateError(`unexpected {{${end[0]?.text}}}`);
  return { nodes, named };

  /** Nodes up to `end` or `else`, whose words it hands over. */
  function list(): { readonly nodes: Node[]; readonly end: readonly Word[] | undefined } {
    const found: Node[] = [];
    while (at < tokens.length) {
      const token = tokens[at++] as Token;
      if (token.type === "text") {
        found.push({ type: "text", text: token.text });
        continue;
      }
      const words = trimmed(token.words);
      const [first] = words;
      if (first === undefined) throw new TemplateError("missing value for command");
      if (first.type === "word" && (first.text === "end" || first.text === "else")) return { nodes: found, end: words };
      found.push(...node(first, words));
    }
    return { nodes: found, end: undefined };
  }

  function node(first: Word, words: readonly Word[]): Node[] {
    const rest = trimmed(words.slice(1));
    if (first.type === "word" && operators.has(first.text)) {
      if (first.text === "define" || first.text === "block") return definition(first.text, rest);
      return [{ type: first.text as "if" | "with" | "range", ...branch(first.text, rest) }];
    }
    if (first.type === "word" && (first.text === "break" || first.text === "continue")) return [{ type: first.text }];
    if (first.type === "word" && first.text === "template") {
      const [name, ...argument] = rest;
      return [{ type: "template", name: literal(name) as string, pipeline: argument.length > 0 ? pipelineOf(argument) : undefined }];
    }
    return [{ type: "action", pipeline: pipelineOf(words) }];
  }

  function definition(kind: string, rest: readonly Word[]): Node[] {
    const [nameWord, ...argument] = rest;
    const name = literal(nameWord) as string;
    const body = list();
    if (body.end?.[0]?.text !== "end") throw new TemplateError(`unexpected EOF`);
    named.set(name, body.nodes);
    return kind === "block" ? [{ type: "template", name, pipeline: pipelineOf(argument) }] : [];
  }

  function branch(kind: string, rest: readonly Word[]): Branch {
    if (rest.length === 0) throw new TemplateError(`missing value for ${kind}`);
    const pipeline = pipelineOf(rest);
    const { nodes: then, end: ended } = list();
    if (!ended) throw new TemplateError("unexpected EOF");
    if (ended[0]?.text === "end") return { pipeline, then, otherwise: [] };
    const chained = trimmed(ended.slice(1));
    // `else if` and `else with` share the end of the outer one.
    if (chained[0]?.type === "word" && operators.has(chained[0].text)) {
      const type = chained[0].text as "if" | "with";
      return { pipeline, then, otherwise: [{ type, ...branch(type, trimmed(chained.slice(1))) }] };
    }
    const { nodes: otherwise, end: closed } = list();
    if (closed?.[0]?.text !== "end") throw new TemplateError(closed ? "expected end; found {{else}}" : "unexpected EOF");
    return { pipeline, then, otherwise };
  }
}

function trimmed(words: readonly Word[]): readonly Word[] {
  let [from, to] = [0, words.length];
  while (words[from]?.type === "space") from++;
  while (to > from && words[to - 1]?.type === "space") to--;
  return words.slice(from, to);
}

function pipelineOf(all: readonly Word[]): Pipeline {
  const { variables, declares, rest } = declarations(trimmed(all));
  let at = 0;
  const commands: Term[][] = [];
  const command: Term[] = [];
  const finish = (): void => {
    if (command.length === 0) throw new TemplateError("missing value for command");
    commands.push(command.splice(0));
  };
  for (;;) {
    while (rest[at]?.type === "space") at++;
    const word = rest[at];
    if (!word) break;
    if (word.type === "pipe") {
      finish();
      at++;
      continue;
    }
    command.push(term());
  }
  finish();
  return { variables, declares, commands };

  function term(): Term {
    const word = rest[at++] as Word;
    const fields: string[] = [];
    let operand: Operand;
    if (word.type === "field") {
      operand = { type: "dot" };
      fields.push(word.text.slice(1));
    } else if (word.type === "open") {
      const from = at;
      let depth = 1;
      while (depth > 0) {
        const next = rest[at++];
        if (!next) throw new TemplateError("unclosed left paren");
        depth += next.type === "open" ? 1 : next.type === "close" ? -1 : 0;
      }
      operand = { type: "pipeline", pipeline: pipelineOf(rest.slice(from, at - 1)) };
    } else operand = simple(word);
    while (rest[at]?.type === "field") fields.push((rest[at++] as Word).text.slice(1));
    return { operand, fields };
  }
}

function simple(word: Word): Operand {
  switch (word.type) {
    case "dot":
      return { type: "dot" };
    case "variable":
      return { type: "variable", name: word.text };
    case "word":
      if (word.text === "nil") return { type: "nil" };
      if (word.text === "true" || word.text === "false") return { type: "literal", value: word.text === "true" };
      return { type: "function", name: word.text };
    case "string":
    case "number":
    case "char":
      return { type: "literal", value: literal(word) };
    default:
      throw new TemplateError(`unexpected <${word.text}> in operand`);
  }
}

function literal(word: Word | undefined): unknown {
  if (word?.type === "string" && word.text.startsWith("`")) return word.text.slice(1, -1);
  if (word?.type === "string") return unquoted(word.text);
  if (word?.type === "char") return unquoted(`"${word.text.slice(1, -1)}"`).codePointAt(0);
  if (word?.type === "number") return Number(word.text.replaceAll("_", ""));
  throw new TemplateError(`unexpected ${word?.text ?? "EOF"} in template clause`);
}

const escapes: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", a: "\x07", b: "\b", f: "\f", v: "\v" };

const unquoted = (text: string): string =>
  text
    .slice(1, -1)
    .replace(
      /\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([\s\S]))/g,
      (_, x?: string, u?: string, long?: string, one?: string) =>
        one === undefined ? String.fromCodePoint(Number.parseInt((x ?? u ?? long) as string, 16)) : (escapes[one] ?? one),
    );

function declarations(words: readonly Word[]): {
  readonly variables: string[];
  readonly declares: boolean;
  readonly rest: readonly Word[];
} {
  const sign = words.findIndex(({ type }) => type === "declare" || type === "assign");
  const before = words.slice(0, Math.max(sign, 0)).filter(({ type }) => type !== "space");
  const isDeclaration = sign > 0 && before.every(({ type }) => type === "variable" || type === "comma");
  if (!isDeclaration) return { variables: [], declares: false, rest: words };
  const variables = before.filter(({ type }) => type === "variable").map(({ text }) => text);
  return { variables, declares: words[sign]?.type === "declare", rest: words.slice(sign + 1) };
}
