/** What may stand in place of the last word of a command line: the answer to a shell that completes. */
import type { Command, CommandGroup, Environment } from "../command.ts";
import type { Connection } from "../connection.ts";
import type { Flag } from "../flags.ts";
import { globalFlags, helpFlag } from "../global-flags.ts";
import { findSubcommand, parseFlags } from "../parse-flags.ts";

export interface Candidates {
  /** Each with a few words about it, or none. */
  readonly words: readonly { readonly word: string; readonly about?: string }[];
  /** The shell should offer files. */
  readonly files?: boolean;
  /** No space after the word: more follows. */
  readonly open?: boolean;
}

const none: Candidates = { words: [] };

/** Candidates for the last of `words`, which may be empty. Never throws: who can't be asked has nothing to offer. */
export async function complete(root: CommandGroup, words: readonly string[], environment: Environment): Promise<Candidates> {
  const before = words.slice(0, -1);
  const last = words.at(-1) ?? "";
  let group = root;
  const rest = [...before];
  for (;;) {
    const { itself } = group;
    const at = findSubcommand([...globalFlags, helpFlag, ...(itself?.flags ?? [])], rest);
    if (at < 0 && itself && (last.startsWith("-") || rest.length > 0)) return ofCommand(itself, rest, last, environment).catch(() => none);
    if (at < 0) return last.startsWith("-") ? flagNames([...globalFlags, helpFlag], last) : commandNames(group, last);
    const entry = group.commands.find(({ name, aliases }) => name === rest[at] || aliases?.includes(rest[at] as string));
    if (!entry) return none;
    rest.splice(at, 1);
    const loaded = await entry.load();
    if ("commands" in loaded) group = loaded;
    else {
      try {
        return await ofCommand(loaded, rest, last, environment);
      } catch {
        return none;
      }
    }
  }
}

const commandNames = ({ commands }: CommandGroup, last: string): Candidates => ({
  words: commands
    .filter(
      ({ name, section }) =>
        name.startsWith(last) && !name.startsWith("__") && (section !== undefined || commands.every((each) => !each.section)),
    )
    .map(({ name, summary }) => ({ word: name, about: summary })),
});

const flagNames = (flags: readonly Flag[], last: string): Candidates => {
  const words = flags
    .filter(({ hidden, deprecated }) => !hidden && deprecated === undefined)
    .map(({ name, about, bare, type = "bool" }) => ({ word: `--${name}${bare === undefined && type !== "bool" ? "=" : ""}`, about }))
    .filter(({ word }) => word.startsWith(last));
  return { words, open: words.length === 1 && words[0]?.word.endsWith("=") === true };
};

async function ofCommand(command: Command, before: readonly string[], last: string, environment: Environment): Promise<Candidates> {
  const flags = command.withoutGlobalFlags ? [...command.flags, helpFlag] : [...command.flags, ...globalFlags, helpFlag];
  const pending = flagBefore(flags, before);
  if (pending) return valuesOf(pending, last, before.slice(0, -1), flags, environment);
  const given = /^(--[\w-]+=)(.*)$/.exec(last);
  const flag = given && flags.find(({ name }) => given[1] === `--${name}=`);
  if (flag) {
    const values = await valuesOf(flag, given[2] as string, before, flags, environment);
    return { ...values, words: values.words.map((each) => ({ ...each, word: `${given[1]}${each.word}` })) };
  }
  if (last.startsWith("-") && !before.includes("--")) return flagNames(flags, last);
  const parsed = parseFlags(flags, before);
  const connect = () => environment.connect(parsed.flags);
  switch (command.completes) {
    case undefined:
      return none;
    case "files":
      return { words: [], files: true };
    case "objects":
      return objects(parsed.args, last, connect);
    case "workloads":
      return objects(parsed.args, last, connect, workloadTypes);
    case "pods":
      return parsed.args.length > 0 ? none : pods(last, connect);
    default:
      return { words: command.completes.filter((word) => word.startsWith(last)).map((word) => ({ word })) };
  }
}

/** The flag whose value the next word is. */
function flagBefore(flags: readonly Flag[], before: readonly string[]): Flag | undefined {
  const word = before.at(-1) ?? "";
  if (before.includes("--") || !/^-/.test(word) || word.includes("=")) return undefined;
  const flag = word.startsWith("--") ? flags.find(({ name }) => name === word.slice(2)) : flags.find(({ short }) => short === word.at(-1));
  return flag && flag.bare === undefined && (flag.type ?? "bool") !== "bool" ? flag : undefined;
}

const outputs = ["wide", "yaml", "json", "name", "jsonpath=", "custom-columns=", "go-template="];

async function valuesOf(
  { name }: Flag,
  last: string,
  before: readonly string[],
  flags: readonly Flag[],
  environment: Environment,
): Promise<Candidates> {
  const from = (words: readonly string[]): Candidates => ({
    words: words.filter((word) => word.startsWith(last)).map((word) => ({ word })),
  });
  switch (name) {
    case "filename":
    case "kubeconfig":
    case "client-key":
    case "client-certificate":
    case "certificate-authority":
    case "home":
      return { words: [], files: true };
    case "output":
      return from(outputs);
    case "dry-run":
      return from(["none", "client", "server"]);
    case "cascade":
      return from(["background", "foreground", "orphan"]);
    case "namespace": {
      const connection = await environment.connect(parseFlags(flags, before).flags);
      return from(await namesOf(connection, "namespaces"));
    }
    default:
      return none;
  }
}

const workloadTypes = ["deployment", "statefulset", "daemonset"];

async function objects(
  args: readonly string[],
  last: string,
  connect: () => Promise<Connection>,
  only?: readonly string[],
): Promise<Candidates> {
  const [type] = args;
  if (type !== undefined && !type.includes("/")) {
    const names = await namesOf(await connect(), type);
    return { words: names.filter((name) => name.startsWith(last) && !args.includes(name)).map((word) => ({ word })) };
  }
  const slash = last.indexOf("/");
  if (slash >= 0) {
    const names = await namesOf(await connect(), last.slice(0, slash));
    return { words: names.map((name) => ({ word: `${last.slice(0, slash + 1)}${name}` })).filter(({ word }) => word.startsWith(last)) };
  }
  if (type !== undefined) return none;
  if (only) return { words: only.filter((word) => word.startsWith(last)).map((word) => ({ word: `${word}/` })), open: true };
  const comma = last.lastIndexOf(",") + 1;
  const served = await (await connect()).resources.preferred();
  const head = last.slice(0, comma);
  const words = served
    .filter(({ plural, verbs }) => plural.startsWith(last.slice(comma)) && verbs.includes("get"))
    .map(({ plural }) => ({ word: head + plural }));
  return { words };
}

async function pods(last: string, connect: () => Promise<Connection>): Promise<Candidates> {
  if (last.includes("/")) return objects([], last, connect);
  const names = await namesOf(await connect(), "pods");
  const types = [...workloadTypes, "service", "job"].map((word) => ({ word: `${word}/` }));
  const words = [...names.map((word) => ({ word })), ...types].filter(({ word }) => word.startsWith(last));
  return { words, open: words.every(({ word }) => word.endsWith("/")) };
}

async function namesOf(connection: Connection, type: string): Promise<string[]> {
  const resource = await connection.resources.find(type);
  const { items } = await connection.client.list(resource, resource.scope === "Namespaced" ? { namespace: connection.namespace } : {});
  return items.map(({ metadata }) => metadata.name as string);
}
