/**
 * Flags of a command: how they are declared and how a command reads what was given. The dialect is that of kubectl:
 * `-o wide`, `-o=wide`, `-owide`, `--output=wide`, `-it`, flags and arguments in any order, `--` ends the flags.
 */

/**
 * What a flag takes. `list` may be given several times and splits at commas; `array` may be given several times and
 * splits nothing; `int` is a whole number; `duration` is Go's notation (`30s`, `1m30s`, `0`), read in milliseconds;
 * `seconds` is the same, with bare numbers as seconds, as --timeout of some verbs.
 */
export type FlagType = "bool" | "string" | "int" | "duration" | "list" | "array";

export interface Flag {
  /** Without dashes. */
  readonly name: string;
  /** One letter. */
  readonly short?: string;
  /** Default: `bool`. */
  readonly type?: FlagType;
  /** The value where the flag is not given, in the form in which it would be given. Absent: false, empty, 0. */
  readonly default?: string;
  /** The value of the bare flag, which then takes no separate value: `--dry-run`, `--cascade`. A `bool` has "true". */
  readonly bare?: string;
  /** For the help, a sentence in our own words. */
  readonly about: string;
  /** Left out of the help. */
  readonly hidden?: boolean;
  /** Giving it prints `Flag --name has been deprecated, …` with this text; it is left out of the help. */
  readonly deprecated?: string;
}

/** What was given. Asking for a flag that the command did not declare is a mistake in the command, and throws. */
export interface Flags {
  bool(name: string): boolean;
  /** "" where neither given nor defaulted. */
  string(name: string): string;
  int(name: string): number;
  /** Milliseconds. */
  duration(name: string): number;
  list(name: string): readonly string[];
  /** Whether it was given on the command line. */
  given(name: string): boolean;
  /** Everything that was given, in order, as it was given; a bare flag has its bare value. */
  line(): readonly { readonly name: string; readonly value: string }[];
}

/** A command line that makes no sense. The message is pflag's, without `error: `. */
export class FlagError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "FlagError";
  }
}
