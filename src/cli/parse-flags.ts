/** Reads a command line by the rules of pflag, with its messages. Pure. */
import { assert } from "../base/assert.ts";
import { type Flag, FlagError, type Flags } from "./flags.ts";
import { parseGoDuration } from "../machinery/go-duration.ts";

export interface ParsedLine {
  readonly flags: Flags;
  /** Everything that is no flag, in order. */
  readonly args: readonly string[];
  /** How many of `args` stood before `--`; undefined where there was none. */
  readonly argsBeforeDashes: number | undefined;
  /** Flags that were given and are on their way out, as sentences for stderr. */
  readonly warnings: readonly string[];
}

export interface ParseOptions {
  /** `false`: everything after the first argument is an argument (exec's command, plugins). Default true. */
  readonly interspersed?: boolean;
}

/** Throws `FlagError`. */
export function parseFlags(declared: readonly Flag[], line: readonly string[], { interspersed = true }: ParseOptions = {}): ParsedLine {
  const byName = new Map(declared.map((flag) => [flag.name, flag]));
  const byShort = new Map(declared.filter((flag) => flag.short).map((flag) => [flag.short as string, flag]));
  const values = new Map<string, string[]>();
  const args: string[] = [];
  const warnings: string[] = [];
  let argsBeforeDashes: number | undefined;
  const given: { readonly name: string; readonly value: string }[] = [];

  const set = (flag: Flag, value: string): void => {
    check(flag, value);
    given.push({ name: flag.name, value });
    const isMany = flag.type === "list" || flag.type === "array";
    const more = flag.type === "list" ? splitList(value) : [value];
    values.set(flag.name, isMany ? [...(values.get(flag.name) ?? []), ...more] : more);
    if (flag.deprecated !== undefined) warnings.push(`Flag --${flag.name} has been deprecated, ${flag.deprecated}`);
  };

  let at = 0;
  while (at < line.length) {
    const word = line[at++] as string;
    if (word === "--") {
      argsBeforeDashes = args.length;
      args.push(...line.slice(at));
      break;
    }
    if (word.startsWith("--")) {
      const [text, value] = cut(word.slice(2));
      // Underscores are dashes, as everywhere in the tools of Kubernetes.
      const name = text.replaceAll("_", "-");
      if (name === "" || name.startsWith("-")) throw new FlagError(`bad flag syntax: ${word}`);
      const flag = byName.get(name);
      if (!flag) throw new FlagError(`unknown flag: --${name}`);
      const bare = bareValue(flag);
      if (value !== undefined) set(flag, value);
      else if (bare !== undefined) set(flag, bare);
      else if (at < line.length) set(flag, line[at++] as string);
      else throw new FlagError(`flag needs an argument: --${name}`);
    } else if (word.startsWith("-") && word.length > 1) {
      let letters = word.slice(1);
      while (letters !== "") {
        const letter = letters[0] as string;
        const flag = byShort.get(letter);
        if (!flag) throw new FlagError(`unknown shorthand flag: '${letter}' in -${letters}`);
        const bare = bareValue(flag);
        const rest = letters.slice(1);
        letters = "";
        if (rest.length > 1 && rest.startsWith("=")) set(flag, rest.slice(1));
        else if (bare !== undefined) {
          set(flag, bare);
          letters = rest;
        } else if (rest !== "") set(flag, rest);
        else if (at < line.length) set(flag, line[at++] as string);
        else throw new FlagError(`flag needs an argument: '${letter}' in -${word.slice(1)}`);
      }
    } else if (interspersed) args.push(word);
    else {
      args.push(word, ...line.slice(at));
      break;
    }
  }
  return { flags: reader(byName, values, given), args, argsBeforeDashes, warnings };
}

/**
 * Where in a line the name of the subcommand stands, as cobra finds it: the first word that is neither a flag nor the
 * value of one. A flag that nobody declared is taken to have a value. -1 where there is none.
 */
export function findSubcommand(declared: readonly Flag[], line: readonly string[]): number {
  const takesNext = (flag: Flag | undefined): boolean => flag === undefined || bareValue(flag) === undefined;
  for (let at = 0; at < line.length; at++) {
    const word = line[at] as string;
    if (word === "--") return -1;
    if (word.startsWith("--")) {
      if (!word.includes("=") && takesNext(declared.find((flag) => flag.name === word.slice(2)))) at++;
    } else if (word.startsWith("-") && word.length > 1) {
      if (word.length === 2 && takesNext(declared.find((flag) => flag.short === word[1]))) at++;
    } else if (word !== "") return at;
  }
  return -1;
}

const bareValue = (flag: Flag): string | undefined => flag.bare ?? ((flag.type ?? "bool") === "bool" ? "true" : undefined);

function cut(text: string): [string, string | undefined] {
  const at = text.indexOf("=");
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

/** Commas separate; double quotes keep a part together (CSV, as pflag reads its slices). */
function splitList(text: string): string[] {
  if (text === "") return [];
  if (!text.includes('"')) return text.split(",");
  return [...text.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
    ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? "",
  );
}

const truths = new Map<string, boolean>();
for (const word of ["1", "t", "T", "TRUE", "true", "True"]) truths.set(word, true);
for (const word of ["0", "f", "F", "FALSE", "false", "False"]) truths.set(word, false);

function check(flag: Flag, value: string): void {
  const wrong = problemOf(flag, value);
  if (wrong === undefined) return;
  const name = flag.short ? `-${flag.short}, --${flag.name}` : `--${flag.name}`;
  throw new FlagError(`invalid argument ${JSON.stringify(value)} for "${name}" flag: ${wrong}`);
}

function problemOf({ type = "bool" }: Flag, value: string): string | undefined {
  const quoted = JSON.stringify(value);
  if (type === "bool" && !truths.has(value)) return `strconv.ParseBool: parsing ${quoted}: invalid syntax`;
  if (type === "int" && !/^[+-]?\d+$/.test(value)) return `strconv.ParseInt: parsing ${quoted}: invalid syntax`;
  if (type === "duration" && parseGoDuration(value) === undefined) {
    if (value === "") return 'time: invalid duration ""';
    return /^[+-]?(\d+\.?\d*|\.\d+)$/.test(value) ? `time: missing unit in duration ${quoted}` : `time: invalid duration ${quoted}`;
  }
  return undefined;
}

function reader(
  declared: ReadonlyMap<string, Flag>,
  values: ReadonlyMap<string, readonly string[]>,
  line: ReturnType<Flags["line"]>,
): Flags {
  const valuesOf = (name: string): readonly string[] => {
    const flag = declared.get(name);
    assert(flag !== undefined, `the command declares no flag --${name}`);
    const given = values.get(name);
    if (given) return given;
    if (flag.default === undefined) return [];
    return flag.type === "list" ? splitList(flag.default) : [flag.default];
  };
  return {
    bool: (name) => truths.get(valuesOf(name)[0] ?? "false") === true,
    string: (name) => valuesOf(name)[0] ?? "",
    int: (name) => Number(valuesOf(name)[0] ?? 0),
    duration: (name) => parseGoDuration(valuesOf(name)[0] ?? "0") ?? 0,
    list: valuesOf,
    given: (name) => {
      assert(declared.has(name), `the command declares no flag --${name}`);
      return values.has(name);
    },
    line: () => line,
  };
}
