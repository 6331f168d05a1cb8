/** The commands of `config` about contexts: which there are, which is current, and changes to them. */
import type { Command } from "../command.ts";
import { CommandError, usageError } from "../errors.ts";
import { alignColumns } from "../printing/columns.ts";
import { kubeconfigFiles } from "./kubeconfig-files.ts";

export const getContexts: Command = {
  usage: "[CONTEXT...] [flags]",
  about: "Lists the contexts of the kubeconfig.",
  flags: [
    { name: "no-headers", about: "leave out the line of titles" },
    { name: "output", short: "o", type: "string", about: "name" },
  ],
  async run({ args, flags }, environment) {
    const output = flags.string("output");
    if (!["", "name"].includes(output)) throw new CommandError(`output must be one of '' or 'name': ${output}`);
    const loaded = await kubeconfigFiles(environment, flags);
    const current = loaded.currentContext();
    const all = loaded.names("contexts");
    const names = args.length === 0 ? all : args.filter((name) => all.includes(name)).sort();
    if (output === "name") environment.stdout.write(names.map((name) => `${name}\n`).join(""));
    else {
      const lines = names.map((name) => {
        const { cluster = "", user = "", namespace = "" } = loaded.entry("contexts", name) ?? {};
        return [name === current ? "*" : "", name, cluster, user, namespace];
      });
      const header = ["CURRENT", "NAME", "CLUSTER", "AUTHINFO", "NAMESPACE"];
      environment.stdout.write(alignColumns(flags.bool("no-headers") ? lines : [header, ...lines]));
    }
    const missing = args.find((name) => !all.includes(name));
    if (missing !== undefined) throw new CommandError(`context ${missing} not found`);
    return 0;
  },
};

export const currentContext: Command = {
  usage: "[flags]",
  about: "Prints the name of the current context.",
  flags: [],
  async run({ flags }, environment) {
    const name = (await kubeconfigFiles(environment, flags)).currentContext();
    if (name === "") throw new CommandError("current-context is not set");
    environment.stdout.write(`${name}\n`);
    return 0;
  },
};

export const useContext: Command = {
  usage: "CONTEXT [flags]",
  about: "Makes a context the current one.",
  flags: [],
  async run({ name: called, args, flags }, environment) {
    const [name, ...more] = args;
    if (name === undefined || more.length > 0) throw usageError(called, `Unexpected args: [${args.join(" ")}]`);
    const loaded = await kubeconfigFiles(environment, flags);
    if (!loaded.entry("contexts", name)) throw new CommandError(`no context exists with the name: ${JSON.stringify(name)}`);
    await loaded.setCurrentContext(name);
    environment.stdout.write(`Switched to context ${JSON.stringify(name)}.\n`);
    return 0;
  },
};

export const setContext: Command = {
  usage: "(CONTEXT | --current) [--cluster=CLUSTER] [--user=USER] [--namespace=NAMESPACE] [flags]",
  about: "Makes a context, or changes the given parts of it.",
  flags: [{ name: "current", about: "change the current context" }],
  async run({ name: called, args, flags }, environment) {
    const isCurrent = flags.bool("current");
    if (args.length + Number(isCurrent) !== 1) throw usageError(called, `Unexpected args: [${args.join(" ")}]`);
    const loaded = await kubeconfigFiles(environment, flags);
    const name = isCurrent ? loaded.currentContext() : (args[0] as string);
    if (name === "") throw new CommandError("no current context is set");
    const known = loaded.entry("contexts", name);
    const given = Object.fromEntries(
      ["cluster", "user", "namespace"].filter((field) => flags.given(field)).map((field) => [field, flags.string(field)]),
    );
    await loaded.set("contexts", name, { cluster: "", user: "", ...known, ...given });
    environment.stdout.write(`Context ${JSON.stringify(name)} ${known ? "modified" : "created"}.\n`);
    return 0;
  },
};

export const renameContext: Command = {
  usage: "OLD NEW [flags]",
  about: "Gives a context another name.",
  flags: [],
  async run({ name: called, args, flags }, environment) {
    const [from, to, ...more] = args;
    if (from === undefined || to === undefined || more.length > 0) throw usageError(called, `Unexpected args: [${args.join(" ")}]`);
    const loaded = await kubeconfigFiles(environment, flags);
    const { path } = loaded.usual;
    const fields = loaded.entry("contexts", from);
    if (!fields) throw new CommandError(`cannot rename the context ${JSON.stringify(from)}, it's not in ${path}`);
    if (loaded.entry("contexts", to))
      throw new CommandError(
        `cannot rename the context ${JSON.stringify(from)}, the context ${JSON.stringify(to)} already exists in ${path}`,
      );
    const isCurrent = loaded.currentContext() === from;
    await loaded.remove("contexts", from);
    await loaded.set("contexts", to, fields);
    if (isCurrent) await loaded.setCurrentContext(to);
    environment.stdout.write(`Context ${JSON.stringify(from)} renamed to ${JSON.stringify(to)}.\n`);
    return 0;
  },
};
