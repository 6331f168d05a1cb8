/** Field selectors in their text form: `metadata.name=web,status.phase!=Running`. */
import { badRequest } from "../api/errors.ts";

export interface FieldRequirement {
  readonly field: string;
  readonly operator: "=" | "!=";
  readonly value: string;
}

/** Reads a field selector; `\,`, `\=` and `\\` stand for the characters themselves. Throws `badRequest`. */
export function parseFieldSelector(text: string): readonly FieldRequirement[] {
  const requirements: FieldRequirement[] = [];
  for (const term of splitTerms(text)) {
    if (term === "") continue;
    const found = splitTerm(term);
    if (!found) throw badRequest(`invalid selector: '${text}'; can't understand '${term}'`);
    requirements.push(found);
  }
  return requirements;
}

function splitTerms(text: string): string[] {
  const terms: string[] = [];
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === "\\") at++;
    else if (text[at] === ",") {
      terms.push(text.slice(start, at));
      start = at + 1;
    }
  }
  terms.push(text.slice(start));
  return terms;
}

/** The operator that stands first decides; a field's name cannot be escaped. */
function splitTerm(term: string): FieldRequirement | undefined {
  const match = /^([^=!]*)(!=|==|=)(.*)$/s.exec(term);
  if (!match) return undefined;
  const [, field = "", operator = "", value = ""] = match;
  return { field: field.trim(), operator: operator === "!=" ? "!=" : "=", value: unescaped(value) };
}

function unescaped(value: string): string {
  if (/(?<!\\)(?:\\\\)*[,=]/.test(value)) throw badRequest(`invalid field selector: unescaped character in: ${value}`);
  return value.replace(/\\(.?)/gs, (whole, character: string) => {
    if (!",=\\".includes(character) || character === "") throw badRequest(`invalid field selector: invalid escape sequence: ${whole}`);
    return character;
  });
}
