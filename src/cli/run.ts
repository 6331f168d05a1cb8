/** Runs one command line: finds the command, reads its flags, runs it, and says what went wrong. */
import type { Command, CommandEntry, CommandGroup, Environment } from "./command.ts";
import { describeError } from "./errors.ts";
import { type Flag, FlagError } from "./flags.ts";
import { globalFlags, helpFlag } from "./global-flags.ts";
import { findSubcommand, type ParsedLine, parseFlags } from "./parse-flags.ts";
import { closest, commandHelp, groupHelp } from "./usage.ts";

export interface Program {
  /** `windlass`, or `kubectl windlass`. */
  readonly name: string;
  readonly root: CommandGroup;
}

/** Resolves with the exit code; never throws for what a user can do wrong. */
export async function runCommandLine(program: Program, line: readonly string[], environment: Environment): Promise<number> {
  const say = (text: string): void => environment.stderr.write(text.endsWith("\n") || text === "" ? text : `${text}\n`);
  let name = program.name;
  let group = program.root;
  let rest = [...line];
  for (;;) {
    const at = findSubcommand([...globalFlags, helpFlag, ...(group.itself?.flags ?? [])], rest);
    const { itself } = group;
    if (itself && (at < 0 || !findEntry(group, rest[at] as string)))
      return runCommand(program, name, itself, rest, environment, groupHelp(program, name, group));
    if (at < 0) return runGroup(program, name, group, rest, environment);
    const word = rest[at] as string;
    // `help VERB` is `VERB --help`.
    if (group === program.root && word === "help") {
      rest = [...rest.slice(at + 1), "--help"];
      continue;
    }
    const entry = findEntry(group, word);
    if (!entry) {
      const known = group.commands.filter((each) => each.section !== undefined || group !== program.root).map((each) => each.name);
      const near = closest(word, known);
      const hint = near.length > 0 ? `\n\nDid you mean this?\n${near.map((each) => `\t${each}\n`).join("")}` : "";
      say(`error: unknown command ${JSON.stringify(word)} for ${JSON.stringify(name)}${hint}`);
      return 1;
    }
    rest.splice(at, 1);
    name = `${name} ${entry.name}`;
    const loaded = await entry.load();
    if ("commands" in loaded) {
      group = loaded;
      continue;
    }
    return runCommand(program, name, loaded, rest, environment);
  }
}

const findEntry = ({ commands }: CommandGroup, word: string): CommandEntry | undefined =>
  commands.find((entry) => entry.name === word || entry.aliases?.includes(word));

function runGroup(program: Program, name: string, group: CommandGroup, rest: readonly string[], environment: Environment): number {
  let parsed: ParsedLine;
  const extra: Flag[] = group === program.root ? [{ name: "version", short: "V", about: "print the version" }] : [];
  try {
    parsed = parseFlags([...globalFlags, helpFlag, ...extra], rest);
  } catch (error) {
    return wrongFlags(error, name, environment);
  }
  if (group === program.root && parsed.flags.bool("version")) environment.stdout.write(`${environment.version}\n`);
  else environment.stdout.write(groupHelp(program, name, group));
  // `rollout` alone does nothing that a script could rely on.
  return group === program.root || parsed.flags.bool("help") ? 0 : 1;
}

async function runCommand(
  program: Program,
  name: string,
  command: Command,
  rest: readonly string[],
  environment: Environment,
  help = commandHelp(program, name, command),
): Promise<number> {
  let parsed: ParsedLine;
  const own = new Set(command.flags.map((flag) => flag.name));
  const shorts = new Set(command.flags.map((flag) => flag.short));
  // A command may use the letter or the name of a global flag for its own.
  const inherited = command.withoutGlobalFlags
    ? []
    : globalFlags.filter((flag) => !own.has(flag.name)).map((flag) => (flag.short && shorts.has(flag.short) ? withoutShort(flag) : flag));
  try {
    parsed = parseFlags([...command.flags, ...inherited, helpFlag], rest, { interspersed: command.interspersed ?? true });
  } catch (error) {
    return wrongFlags(error, name, environment);
  }
  if (parsed.flags.bool("help")) {
    environment.stdout.write(help);
    return 0;
  }
  for (const warning of parsed.warnings) environment.stderr.write(`${warning}\n`);
  const { flags, args, argsBeforeDashes } = parsed;
  try {
    return await command.run({ name, flags, args, argsBeforeDashes }, environment);
  } catch (error) {
    // A value that only the command itself can judge.
    if (error instanceof FlagError) return wrongFlags(error, name, environment);
    const { text, exitCode } = describeError(error);
    if (text !== "") environment.stderr.write(text.endsWith("\n") ? text : `${text}\n`);
    return exitCode;
  }
}

function withoutShort({ short: _, ...flag }: Flag): Flag {
  return flag;
}

function wrongFlags(error: unknown, name: string, environment: Environment): number {
  if (!(error instanceof FlagError)) throw error;
  environment.stderr.write(`error: ${error.message}\nSee '${name} --help' for usage.\n`);
  return 1;
}
