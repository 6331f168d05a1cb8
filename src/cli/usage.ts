/** Help texts: of a command, of a group, and guesses at what was meant. */
import type { Command, CommandEntry, CommandGroup } from "./command.ts";
import type { Flag } from "./flags.ts";

/** What `--help` of one command prints. */
export function commandHelp(program: { readonly name: string }, name: string, command: Command): string {
  const parts = [command.about];
  if (command.examples) parts.push(`Examples:\n${indent(inName(command.examples, program.name))}`);
  parts.push(...options(command.flags));
  parts.push(`Usage:\n  ${name} ${command.usage}`.trimEnd());
  if (!command.withoutGlobalFlags) parts.push(`Use "${program.name} options" for the flags that every command on a cluster takes.`);
  return `${parts.join("\n\n")}\n`;
}

/** What a group prints when no command of it is named. */
export function groupHelp(program: { readonly name: string }, name: string, group: CommandGroup): string {
  const listed = group.commands.filter((entry) => entry.section !== undefined);
  const sections = new Map<string, CommandEntry[]>();
  for (const entry of listed) {
    const section = entry.section as string;
    sections.set(section, [...(sections.get(section) ?? []), entry]);
  }
  const width = Math.max(0, ...listed.map((entry) => entry.name.length));
  const parts = [group.about];
  if (group.examples) parts.push(`Examples:\n${indent(inName(group.examples, program.name))}`);
  for (const [section, entries] of sections)
    parts.push(`${section}:\n${entries.map((entry) => `  ${entry.name.padEnd(width)}   ${entry.summary}`).join("\n")}`);
  parts.push(...options(group.itself?.flags ?? []));
  parts.push(`Usage:\n  ${name} ${group.itself?.usage ?? "[flags] [options]"}`, `Use "${name} <command> --help" for more about a command.`);
  return `${parts.join("\n\n")}\n`;
}

/** A part with the flags that help shows; nothing where there are none. */
function options(flags: readonly Flag[]): string[] {
  const shown = flags.filter((flag) => !flag.hidden && flag.deprecated === undefined);
  return shown.length === 0 ? [] : [`Options:\n${indent(shown.map(flagLines).join("\n"))}`];
}

/** The flags of a list, as help shows them. */
export function flagLines(flag: Flag): string {
  const { name, short, type = "bool", about } = flag;
  const dashes = name.length === 1 ? `-${name}` : short ? `-${short}, --${name}` : `    --${name}`;
  const initial = flag.default ?? (type === "bool" ? "false" : type === "int" ? "0" : type === "list" || type === "array" ? "[]" : "''");
  return `${dashes}=${type === "string" && flag.default !== undefined ? `'${flag.default}'` : initial}:\n\t${about}`;
}

const indent = (text: string): string =>
  text
    .split("\n")
    .map((line) => (line === "" ? "" : `    ${line}`))
    .join("\n");

/** Examples are written for `windlass`; as a plugin of kubectl they are typed another way. */
const inName = (examples: string, name: string): string =>
  name === "windlass" ? examples : examples.replace(/(^|\| )windlass /gm, `$1${name} `);

const distanceMax = 2;

/** Names within two edits of a word, or beginning with it. */
export function closest(word: string, names: readonly string[]): string[] {
  const edits = names.map((name) => (name.startsWith(word.toLowerCase()) ? 0 : distance(word.toLowerCase(), name)));
  const least = Math.min(distanceMax, ...edits);
  return names.filter((_, at) => edits[at] === least);
}

/** Levenshtein's distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next.push(Math.min((row[j] as number) + 1, (next[j - 1] as number) + 1, (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1)));
    row = next;
  }
  return row[b.length] as number;
}
