/** Taints as they are typed, and what becomes of those of a node. Pure. */
import type { Node, Taint } from "../../api/types.ts";
import { nameProblems } from "../../machinery/names.ts";
import { CommandError, usageError } from "../errors.ts";

export interface AskedTaints {
  readonly set: readonly Taint[];
  /** Without an effect: all of the key. */
  readonly remove: readonly { readonly key: string; readonly effect: string }[];
}

const effects = ["NoSchedule", "PreferNoSchedule", "NoExecute"];

/** `KEY[=VALUE]:EFFECT` and `KEY[:EFFECT]-`. Throws usage errors of the command that is `invoked`. */
export function parseTaints(words: readonly string[], invoked: string): AskedTaints {
  const set: Taint[] = [];
  const remove: { key: string; effect: string }[] = [];
  for (const word of words) {
    const removes = word.endsWith("-");
    const taint = parse(removes ? word.slice(0, -1) : word, word, removes, invoked);
    if (removes) remove.push({ key: taint.key, effect: taint.effect });
    else {
      if (set.some(({ key, effect }) => key === taint.key && effect === taint.effect))
        throw usageError(
          invoked,
          `duplicated taints with the same key and effect: {${taint.key} ${taint.value ?? ""} ${taint.effect} <nil>}`,
        );
      set.push(taint);
    }
  }
  const both = set.filter(({ key, effect }) => remove.some((each) => each.key === key && (each.effect === "" || each.effect === effect)));
  if (both.length > 0)
    throw new CommandError(
      `can not both modify and remove the following taint(s) in the same command: ${both.map(({ key, effect }) => `${key}=${remove.find((each) => each.key === key)?.effect === "" ? "" : effect}`).join(", ")}`,
    );
  return { set, remove };
}

function parse(text: string, word: string, removes: boolean, invoked: string): Taint {
  const [pair = "", effect = "", ...more] = text.split(":");
  const [key = "", value, ...rest] = pair.split("=");
  const wrong = (why: string): Error => usageError(invoked, `invalid taint spec: ${word}${why}`);
  if (more.length > 0 || rest.length > 0) throw wrong("");
  if (!removes && !text.includes(":")) {
    const [problem] = nameProblems("qualified-name", text);
    throw wrong(problem === undefined ? "" : `, ${problem}`);
  }
  if (effect !== "" && !effects.includes(effect)) throw usageError(invoked, `invalid taint effect: ${effect}, unsupported taint effect`);
  const [problem] = nameProblems("qualified-name", key);
  if (problem !== undefined) throw wrong(`, ${problem}`);
  const [wrongValue] = value === undefined ? [] : nameProblems("label-value", value);
  if (wrongValue !== undefined) throw wrong(`, ${wrongValue}`);
  return { key, effect: effect as Taint["effect"], ...(value !== undefined && value !== "" && { value }) };
}

/** The node's taints afterwards, and the word for what was done. Throws `CommandError`. */
export function changeTaints(
  { metadata, spec }: Node,
  { set, remove }: AskedTaints,
  overwrites: boolean,
): { readonly taints: readonly Taint[]; readonly done: string } {
  const now = spec?.taints ?? [];
  const isSame = (a: Taint, b: Taint): boolean => a.key === b.key && a.effect === b.effect;
  const present = set.filter((taint) => now.some((each) => isSame(each, taint)));
  const known = present.length > 0;
  if (!overwrites && known)
    throw new CommandError(
      `node ${metadata.name} already has ${present.map(({ key }) => key).join(", ")} taint(s) with same effect(s) and --overwrite is false`,
    );
  const kept: Taint[] = [...set, ...now.filter((taint) => !set.some((each) => isSame(each, taint)))];
  const missing: string[] = [];
  const goes = (taint: Taint): boolean => remove.some(({ key, effect }) => key === taint.key && (effect === "" || effect === taint.effect));
  for (const { key, effect } of remove)
    if (!now.some((taint) => taint.key === key && (effect === "" || effect === taint.effect)))
      missing.push(`taint ${JSON.stringify(effect === "" ? key : `${key}:${effect}`)} not found`);
  if (missing.length > 0) throw new CommandError(missing.join(", "));
  const done = set.length === 0 ? "untainted" : known || remove.length > 0 ? "modified" : "tainted";
  return { taints: kept.filter((taint) => !goes(taint)), done };
}
