/** `KEY=VALUE` and `KEY-`, as label and annotate take them. */
import { CommandError } from "../errors.ts";

export interface Assignments {
  readonly set: Readonly<Record<string, string>>;
  readonly remove: readonly string[];
}

/** Splits arguments into what names objects and what is to be changed. Throws `CommandError`. */
export function splitWords(args: readonly string[]): { readonly resources: string[]; readonly changes: string[] } {
  const resources: string[] = [];
  const changes: string[] = [];
  for (const word of args) {
    const isChange = (word.includes("=") && !word.startsWith("=")) || /[^-]-$/.test(word);
    if (isChange) changes.push(word);
    else if (changes.length > 0) throw new CommandError(`all resources must be specified before changes: ${word}`);
    else resources.push(word);
  }
  return { resources, changes };
}

/** `what`: label or annotation. Throws `CommandError`. */
export function parseAssignments(words: readonly string[], what: string): Assignments {
  const set: Record<string, string> = {};
  const remove: string[] = [];
  for (const word of words) {
    const at = word.indexOf("=");
    if (at > 0) set[word.slice(0, at)] = word.slice(at + 1);
    else if (at < 0 && word.endsWith("-")) remove.push(word.slice(0, -1));
    else throw new CommandError(`invalid ${what} spec: ${word}`);
  }
  const both = remove.find((key) => Object.hasOwn(set, key));
  if (both !== undefined)
    throw new CommandError(`can not both modify and remove ${what === "label" ? "a label" : "an annotation"} in the same command`);
  return { set, remove };
}
