/** --validate: what the server does with fields that it does not know. */
import { CommandError } from "../errors.ts";
import type { Flag, Flags } from "../flags.ts";

export const validateFlag: Flag = {
  name: "validate",
  type: "string",
  default: "strict",
  bare: "strict",
  about: "strict (or true): refuse unknown and duplicate fields; warn: take the rest and say so; ignore (or false): say nothing",
};

const levels: Readonly<Record<string, "Strict" | "Warn" | "Ignore">> = {
  true: "Strict",
  strict: "Strict",
  warn: "Warn",
  false: "Ignore",
  ignore: "Ignore",
};

/** Throws `CommandError`. */
export function fieldValidationOf(flags: Flags): "Strict" | "Warn" | "Ignore" {
  const text = flags.string("validate");
  const level = levels[text.toLowerCase()];
  if (!level)
    throw new CommandError(`invalid - validate option ${JSON.stringify(text)}; must be one of: strict (or true), warn, ignore (or false)`);
  return level;
}
