/** Label selectors, from their text form (`app=web,tier in (a,b),!old`) or from a LabelSelector object. */
import { badRequest } from "../api/errors.ts";
import type { LabelSelector } from "../api/types.ts";
import { nameProblems } from "./names.ts";

type Labels = Readonly<Record<string, string>>;

export type LabelOperator = "=" | "!=" | "in" | "notin" | "exists" | "!" | ">" | "<";

/** One condition on one label. `=` and `in` want one of the values; `!=` and `notin` also hold where the label is absent. */
export interface LabelRequirement {
  readonly key: string;
  readonly operator: LabelOperator;
  readonly values: readonly string[];
}

/** A compiled selector. */
export interface LabelMatcher {
  matches(labels: Labels | undefined): boolean;
  /** Has no requirements. */
  readonly everything: boolean;
  /** Can never match: made from an absent LabelSelector. */
  readonly nothing: boolean;
  /** The text form, sorted by key. */
  toString(): string;
  readonly requirements: readonly LabelRequirement[];
}

const decimal = /^[+-]?\d+$/;

function holds({ key, operator, values }: LabelRequirement, labels: Labels): boolean {
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
  switch (operator) {
    case "=":
    case "in":
      return value !== undefined && values.includes(value);
    case "!=":
    case "notin":
      return value === undefined || !values.includes(value);
    case "exists":
      return value !== undefined;
    case "!":
      return value === undefined;
    default: {
      if (value === undefined || !decimal.test(value)) return false;
      const difference = BigInt(value) - BigInt(values[0] as string);
      return operator === ">" ? difference > 0n : difference < 0n;
    }
  }
}

function requirementText({ key, operator, values }: LabelRequirement): string {
  if (operator === "exists") return key;
  if (operator === "!") return `!${key}`;
  if (operator === "in" || operator === "notin") return `${key} ${operator} (${[...values].sort().join(",")})`;
  return `${key}${operator}${values[0] ?? ""}`;
}

const noLabels: Labels = {};

function matcher(unsorted: readonly LabelRequirement[], nothing = false): LabelMatcher {
  const requirements = [...unsorted].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  return {
    requirements,
    nothing,
    everything: !nothing && requirements.length === 0,
    matches(labels) {
      if (nothing) return false;
      for (const requirement of requirements) if (!holds(requirement, labels ?? noLabels)) return false;
      return true;
    },
    toString: () => requirements.map(requirementText).join(","),
  };
}

/** Reads the text form. Throws `badRequest` in the words of the API. */
export function parseLabelSelector(text: string): LabelMatcher {
  const reader = new SelectorReader(text);
  return matcher(reader.read());
}

type TokenKind = "identifier" | "end" | "," | "(" | ")" | "!" | "=" | "==" | "!=" | ">" | "<" | "in" | "notin" | "unknown";
interface Token {
  readonly kind: TokenKind;
  readonly text: string;
}

const symbols = "=!(),<>";
const operatorTokens: ReadonlySet<string> = new Set(["=", "==", "!=", ">", "<", "in", "notin"]);

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const character = text[at] as string;
    if (/\s/.test(character)) {
      at++;
      continue;
    }
    const start = at;
    if (symbols.includes(character)) {
      // Only "=", "==" and "!=" are longer than one character.
      at += text[at + 1] === "=" && (character === "=" || character === "!") ? 2 : 1;
      const symbol = text.slice(start, at);
      tokens.push({ kind: symbol as TokenKind, text: symbol });
      continue;
    }
    while (at < text.length && !symbols.includes(text[at] as string) && !/\s/.test(text[at] as string)) at++;
    const word = text.slice(start, at);
    tokens.push({ kind: word === "in" || word === "notin" ? word : "identifier", text: word });
  }
  tokens.push({ kind: "end", text: "" });
  return tokens;
}

/** A reader by recursive descent; the errors are the API's. */
class SelectorReader {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(text: string) {
    this.#tokens = tokensOf(text);
  }

  read(): LabelRequirement[] {
    const requirements: LabelRequirement[] = [];
    for (;;) {
      const token = this.#peek();
      if (token.kind === "end") return requirements;
      if (token.kind !== "identifier" && token.kind !== "!") {
        throw badRequest(`found '${token.text}', expected: !, identifier, or 'end of string'`);
      }
      requirements.push(this.#requirement());
      const after = this.#take();
      if (after.kind === "end") return requirements;
      if (after.kind !== ",") throw badRequest(`found '${after.text}', expected: ',' or 'end of string'`);
      const next = this.#peek();
      if (next.kind !== "identifier" && next.kind !== "!") throw badRequest(`found '${next.text}', expected: identifier after ','`);
    }
  }

  /** The next token where a value is due: `in` and `notin` are words like any other there. */
  #peek(): Token {
    const token = this.#tokens[this.#at] as Token;
    return token.kind === "in" || token.kind === "notin" ? { kind: "identifier", text: token.text } : token;
  }

  #take(): Token {
    const token = this.#peek();
    if (this.#at < this.#tokens.length - 1) this.#at++;
    return token;
  }

  #requirement(): LabelRequirement {
    let token = this.#take();
    const negated = token.kind === "!";
    if (negated) token = this.#take();
    if (token.kind !== "identifier") throw unreadable(`found '${token.text}', expected: identifier`);
    const key = token.text;
    const [problem] = nameProblems("qualified-name", key);
    if (problem !== undefined) throw unreadable(`<nil>: Invalid value: ${JSON.stringify(key)}: ${problem}`);
    if (negated) return { key, operator: "!", values: [] };
    const next = this.#peek();
    if (next.kind === "end" || next.kind === ",") return { key, operator: "exists", values: [] };
    const operator = this.#tokens[this.#at] as Token;
    if (!operatorTokens.has(operator.kind)) throw unreadable(`found '${operator.text}', expected: in, notin, =, ==, !=, gt, lt`);
    this.#take();
    const values = operator.kind === "in" || operator.kind === "notin" ? this.#values() : [this.#exactValue()];
    return checked({ key, operator: (operator.kind === "==" ? "=" : operator.kind) as LabelOperator, values });
  }

  #exactValue(): string {
    const token = this.#peek();
    if (token.kind === "end" || token.kind === ",") return "";
    this.#take();
    if (token.kind !== "identifier") throw unreadable(`found '${token.text}', expected: identifier`);
    return token.text;
  }

  /** `(a,b,)`: a comma without a word beside it stands for the empty value. */
  #values(): string[] {
    const open = this.#take();
    if (open.kind !== "(") throw unreadable(`found '${open.text}' expected: '('`);
    const values = new Set<string>();
    let wordDue = true;
    let commas = 0;
    for (;;) {
      const token = this.#take();
      if (token.kind === "identifier" && wordDue) {
        values.add(token.text);
        wordDue = false;
      } else if (token.kind === ",") {
        commas++;
        if (wordDue) values.add("");
        wordDue = true;
      } else if (token.kind === ")") {
        if (wordDue && commas > 0) values.add("");
        return [...values].sort();
      } else throw unreadable(`found '${token.text}', expected: ',' or ')'`);
    }
  }
}

const unreadable = (why: string) => badRequest(`unable to parse requirement: ${why}`);

function checked(requirement: LabelRequirement): LabelRequirement {
  const problem = requirementProblem(requirement);
  if (problem !== undefined) throw unreadable(problem);
  return requirement;
}

function requirementProblem({ key, operator, values }: LabelRequirement): string | undefined {
  if ((operator === "in" || operator === "notin") && values.length === 0) {
    return "values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty";
  }
  for (const [index, value] of values.entries()) {
    if (operator === ">" || operator === "<") {
      if (!decimal.test(value))
        return `values[${index}]: Invalid value: ${JSON.stringify(value)}: for 'Gt', 'Lt' operators, the value must be an integer`;
      continue;
    }
    const [problem] = nameProblems("label-value", value);
    if (problem !== undefined) return `values[${index}][${key}]: Invalid value: ${JSON.stringify(value)}: ${problem}`;
  }
  return undefined;
}

const objectOperators: Readonly<Record<string, LabelOperator>> = { In: "in", NotIn: "notin", Exists: "exists", DoesNotExist: "!" };
const compiled = new WeakMap<LabelSelector, LabelMatcher>();
const nothingMatches = matcher([], true);

/**
 * Compiles a LabelSelector. An absent one matches nothing, an empty one everything. Throws `badRequest` for an unknown operator; values
 * are taken as they are (validation has seen them). Frozen selectors are compiled once.
 */
export function compileLabelSelector(selector: LabelSelector | undefined): LabelMatcher {
  if (selector === undefined) return nothingMatches;
  const known = compiled.get(selector);
  if (known) return known;
  const requirements: LabelRequirement[] = [];
  for (const [key, value] of Object.entries(selector.matchLabels ?? {})) requirements.push({ key, operator: "=", values: [value] });
  for (const { key, operator: name, values } of selector.matchExpressions ?? []) {
    const operator = Object.hasOwn(objectOperators, name) ? objectOperators[name] : undefined;
    if (!operator) throw badRequest(`${JSON.stringify(name)} is not a valid label selector operator`);
    requirements.push({ key, operator, values: values ?? [] });
  }
  const result = matcher(requirements);
  if (Object.isFrozen(selector)) compiled.set(selector, result);
  return result;
}

/** The text form of a LabelSelector, as in `status.selector` of a Scale; empty for one that is absent or empty. */
export const labelSelectorText = (selector: LabelSelector | undefined): string => compileLabelSelector(selector).toString();
