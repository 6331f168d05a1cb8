/** Go templates over JSON, as `-o go-template` has them: the language, its functions, and kubectl's own. Pure. */
import { isRecord } from "../../../base/own-field.ts";
import { functions } from "./functions.ts";
import { TemplateError } from "./lexer.ts";
import { type Branch, type Node, parseTemplate, type Pipeline, type Template, type Term } from "./parser.ts";
import { isTrue, textOf } from "./values.ts";

export { TemplateError } from "./lexer.ts";

/** Templates that call each other end at this depth. */
const depthMax = 1000;

/** Fills the template with a value. Throws `TemplateError` for a template that is none, and when filling fails. */
export function compileGoTemplate(text: string, { allowMissing }: { readonly allowMissing: boolean }): (value: unknown) => string {
  const template = parseTemplate(text);
  checkNames(template);
  return (value) => {
    const run = new Execution(template, allowMissing);
    run.nodes(template.nodes, value, new Map([["$", { value }]]), 0);
    return run.text();
  };
}

/** Each block has names of its own, which hide those around it; a name that is assigned to is found where it was declared. */
type Names = Map<string, { value: unknown }>;
type Signal = "break" | "continue" | undefined;

class Execution {
  readonly #template: Template;
  readonly #allowMissing: boolean;
  readonly #written: string[] = [];

  constructor(template: Template, allowMissing: boolean) {
    this.#template = template;
    this.#allowMissing = allowMissing;
  }

  text(): string {
    return this.#written.join("");
  }

  nodes(nodes: readonly Node[], dot: unknown, names: Names, depth: number): Signal {
    for (const node of nodes) {
      const signal = this.#node(node, dot, names, depth);
      if (signal) return signal;
    }
    return undefined;
  }

  #node(node: Node, dot: unknown, names: Names, depth: number): Signal {
    switch (node.type) {
      case "text":
        this.#written.push(node.text);
        return undefined;
      case "action": {
        const value = this.#pipeline(node.pipeline, dot, names);
        if (node.pipeline.variables.length === 0) this.#written.push(textOf(value));
        return undefined;
      }
      case "if":
      case "with": {
        const inner: Names = new Map(names);
        const value = this.#pipeline(node.pipeline, dot, inner);
        if (isTrue(value)) return this.nodes(node.then, node.type === "with" ? value : dot, inner, depth);
        return this.nodes(node.otherwise, dot, inner, depth);
      }
      case "range":
        return this.#range(node, dot, names, depth);
      case "template": {
        const nodes = this.#template.named.get(node.name) as readonly Node[];
        if (depth >= depthMax) throw new TemplateError(`exceeded maximum template depth (${depthMax})`);
        const value = node.pipeline ? this.#pipeline(node.pipeline, dot, names) : undefined;
        this.nodes(nodes, value, new Map([["$", { value }]]), depth + 1);
        return undefined;
      }
      default:
        return node.type;
    }
  }

  #range({ pipeline, then, otherwise }: Branch, dot: unknown, names: Names, depth: number): Signal {
    const value = this.#pipeline({ ...pipeline, variables: [] }, dot, names);
    const entries = entriesOf(value);
    if (entries.length === 0) return this.nodes(otherwise, dot, new Map(names), depth);
    const { variables } = pipeline;
    for (const [key, element] of entries) {
      const inner: Names = new Map(names);
      if (variables.length === 1) inner.set(variables[0] as string, { value: element });
      if (variables.length === 2) {
        inner.set(variables[0] as string, { value: key });
        inner.set(variables[1] as string, { value: element });
      }
      if (this.nodes(then, element, inner, depth) === "break") break;
    }
    return undefined;
  }

  #pipeline({ variables, declares, commands }: Pipeline, dot: unknown, names: Names): unknown {
    let value: unknown;
    for (const [at, command] of commands.entries()) value = this.#command(command, dot, names, at > 0 ? [value] : []);
    for (const name of variables) {
      const known = names.get(name);
      if (declares) names.set(name, { value });
      else if (known) known.value = value;
      else throw new TemplateError(`undefined variable ${JSON.stringify(name)}`);
    }
    return value;
  }

  #command([first, ...rest]: readonly Term[], dot: unknown, names: Names, last: readonly unknown[]): unknown {
    const { operand, fields } = first as Term;
    if (operand.type !== "function") {
      if (operand.type === "nil") throw new TemplateError("nil is not a command");
      if (rest.length + last.length > 0) throw new TemplateError("can't give argument to non-function");
      return this.#term(first as Term, dot, names);
    }
    if (operand.name === "and" || operand.name === "or") {
      const stopsAt = operand.name === "or";
      let value: unknown;
      for (const term of rest) {
        value = this.#term(term, dot, names);
        if (isTrue(value) === stopsAt) return value;
      }
      return last.length > 0 ? last[0] : value;
    }
    const call = functions[operand.name];
    if (!call) throw new TemplateError(`function ${JSON.stringify(operand.name)} not defined`);
    const given = [...rest.map((term) => this.#term(term, dot, names)), ...last];
    try {
      return this.#fields(call(...given), fields);
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      throw new TemplateError(`error calling ${operand.name}: ${error.message}`, { cause: error });
    }
  }

  #term({ operand, fields }: Term, dot: unknown, names: Names): unknown {
    switch (operand.type) {
      case "dot":
        return this.#fields(dot, fields);
      case "nil":
        return undefined;
      case "literal":
        return operand.value;
      case "variable": {
        const known = names.get(operand.name);
        if (!known) throw new TemplateError(`undefined variable ${JSON.stringify(operand.name)}`);
        return this.#fields(known.value, fields);
      }
      case "pipeline":
        return this.#fields(this.#pipeline(operand.pipeline, dot, names), fields);
      case "function":
        return this.#command([{ operand, fields }], dot, names, []);
    }
  }

  #fields(value: unknown, fields: readonly string[]): unknown {
    return fields.reduce<unknown>((at, field) => {
      if (at === undefined || at === null) {
        if (this.#allowMissing) return undefined;
        throw new TemplateError(`nil data; no entry for key ${JSON.stringify(field)}`);
      }
      if (!isRecord(at))
        throw new TemplateError(`can't evaluate field ${field} in type ${Array.isArray(at) ? "[]interface {}" : "interface {}"}`);
      if (Object.hasOwn(at, field)) return at[field];
      if (this.#allowMissing) return undefined;
      throw new TemplateError(`map has no entry for key ${JSON.stringify(field)}`);
    }, value);
  }
}

/** What a range goes through: elements with their index, fields in the order of their names, the numbers below one. */
function entriesOf(value: unknown): readonly (readonly [unknown, unknown])[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value.map((element, at) => [at, element]);
  if (isRecord(value))
    return Object.keys(value)
      .sort()
      .map((key) => [key, value[key]]);
  if (typeof value === "number") return Array.from({ length: Math.max(0, value) }, (_, at) => [at, at]);
  throw new TemplateError(`range can't iterate over ${textOf(value)}`);
}

/** Functions and templates that nobody knows are told before anything is printed. */
function checkNames({ nodes, named }: Template): void {
  const ofPipeline = ({ commands }: Pipeline): void => {
    for (const { operand } of commands.flat()) {
      if (operand.type === "pipeline") ofPipeline(operand.pipeline);
      if (operand.type === "function" && !functions[operand.name] && operand.name !== "and" && operand.name !== "or")
        throw new TemplateError(`function ${JSON.stringify(operand.name)} not defined`);
    }
  };
  const ofNodes = (list: readonly Node[]): void => {
    for (const node of list) {
      if (node.type === "template" && !named.has(node.name)) throw new TemplateError(`template ${JSON.stringify(node.name)} not defined`);
      if ("pipeline" in node && node.pipeline) ofPipeline(node.pipeline);
      if ("then" in node) {
        ofNodes(node.then);
        ofNodes(node.otherwise);
      }
    }
  };
  ofNodes(nodes);
  for (const each of named.values()) ofNodes(each);
}
