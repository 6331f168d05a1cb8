/** `config set` and `config unset`: one property by its path, such as `contexts.prod.namespace`. */
import type { Command } from "../command.ts";
import { CommandError, usageError } from "../errors.ts";
import { type Fields, type KubeconfigFiles, kubeconfigFiles, type Section, sections } from "./kubeconfig-files.ts";

const booleans = new Set(["insecure-skip-tls-verify", "disable-compression", "provideClusterInfo"]);

export const setProperty: Command = {
  usage: "PROPERTY VALUE [flags]",
  about: "Sets one property of the kubeconfig. A property is a path such as clusters.NAME.server or current-context.",
  flags: [{ name: "set-raw-bytes", about: "the value of a …-data property is the data itself rather than its base64" }],
  async run({ name: called, args, flags }, environment) {
    const [property, value, ...more] = args;
    if (property === undefined || value === undefined || more.length > 0) throw usageError(called, `Unexpected args: [${args.join(" ")}]`);
    const loaded = await kubeconfigFiles(environment, flags);
    if (property === "current-context") await loaded.setCurrentContext(value);
    else {
      const { section, name, path } = pathOf(loaded, property);
      const field = path.at(-1);
      if (field === undefined) throw new CommandError(`can't set ${property}: it is more than one property`);
      const entry = structuredClone(loaded.entry(section, name) ?? {});
      let at: Fields = entry;
      for (const step of path.slice(0, -1)) at = at[step] ??= {};
      at[field] = parsedValue(field, value, flags.bool("set-raw-bytes"));
      await loaded.set(section, name, entry);
    }
    environment.stdout.write(`Property ${JSON.stringify(property)} set.\n`);
    return 0;
  },
};

export const unsetProperty: Command = {
  usage: "PROPERTY [flags]",
  about: "Removes one property, or a whole entry, from the kubeconfig.",
  flags: [],
  async run({ name: called, args, flags }, environment) {
    const [property, ...more] = args;
    if (property === undefined || more.length > 0) throw usageError(called, `Unexpected args: [${args.join(" ")}]`);
    const loaded = await kubeconfigFiles(environment, flags);
    if (property === "current-context") await loaded.setCurrentContext("");
    else if (Object.hasOwn(sections, property)) {
      for (const name of loaded.names(property as Section)) await loaded.remove(property as Section, name);
    } else {
      const { section, name, path } = pathOf(loaded, property);
      const field = path.at(-1);
      const known = loaded.entry(section, name);
      if (!known) throw new CommandError(`current map key \`${name}\` is invalid`);
      if (field === undefined) await loaded.remove(section, name);
      else {
        const entry = structuredClone(known);
        let at: Fields | undefined = entry;
        for (const step of path.slice(0, -1)) at = at?.[step];
        if (at) delete at[field];
        await loaded.set(section, name, entry);
      }
    }
    environment.stdout.write(`Property ${JSON.stringify(property)} unset.\n`);
    return 0;
  },
};

/** The parts of a path. Names may have dots: the longest known one counts. */
function pathOf(loaded: KubeconfigFiles, property: string): { section: Section; name: string; path: string[] } {
  const [section = "", ...rest] = property.split(".");
  if (!Object.hasOwn(sections, section) || rest.length === 0)
    throw new CommandError(`unable to parse ${property}: it begins with clusters, contexts or users`);
  const text = rest.join(".");
  const known = loaded
    .names(section as Section)
    .filter((name) => text === name || text.startsWith(`${name}.`))
    .sort((a, b) => b.length - a.length)[0];
  const name = known ?? (rest[0] as string);
  const behind = text.slice(name.length + 1);
  return { section: section as Section, name, path: behind === "" ? [] : behind.split(".") };
}

function parsedValue(field: string, value: string, isRaw: boolean): unknown {
  if (booleans.has(field)) {
    if (value !== "true" && value !== "false") throw new CommandError(`unable to parse ${JSON.stringify(value)} as a boolean`);
    return value === "true";
  }
  return field.endsWith("-data") && isRaw ? btoa(value) : value;
}
