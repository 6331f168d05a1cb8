/** `config view`: the merged kubeconfig, without its secrets unless asked for. */
import type { Command, Environment } from "../command.ts";
import { CommandError } from "../errors.ts";
import { toJsonText } from "../printing/json.ts";
import { formatOf, templatePrinter, unknownFormat } from "../printing/printer.ts";
import { toYamlText } from "../printing/yaml.ts";
import { type Fields, type KubeconfigFiles, kubeconfigFiles, normal, type Section, sections } from "./kubeconfig-files.ts";

/** Fields that say who one is. */
const secrets: Readonly<Record<string, string>> = {
  "certificate-authority-data": "DATA+OMITTED",
  "client-certificate-data": "DATA+OMITTED",
  "client-key-data": "DATA+OMITTED",
  token: "REDACTED",
  password: "REDACTED",
};
/** Fields that name a file, which --flatten puts in as data. */
const fileFields = ["certificate-authority", "client-certificate", "client-key"];

export const view: Command = {
  usage: "[flags]",
  about: "Prints the kubeconfig that counts: all of its files merged, certificates, keys and tokens left out.",
  flags: [
    { name: "minify", about: "only what the current context needs" },
    { name: "flatten", about: "put the content of files in, so that the kubeconfig stands by itself" },
    { name: "raw", about: "with certificates, keys and tokens" },
    { name: "merge", default: "true", about: "accepted; files are always merged", hidden: true },
    { name: "output", short: "o", type: "string", default: "yaml", about: "yaml, json, jsonpath=…" },
    { name: "template", type: "string", about: "the template of -o jsonpath, where it is not given with it" },
    { name: "allow-missing-template-keys", default: "true", about: "a field that is not there prints nothing", hidden: true },
  ],
  async run({ flags }, environment) {
    const loaded = await kubeconfigFiles(environment, flags);
    const context = flags.string("context") || loaded.currentContext();
    if (flags.bool("minify")) {
      if (context === "") throw new CommandError("current-context must exist in order to minify");
      if (!loaded.entry("contexts", context)) throw new CommandError(`cannot locate context ${context}`);
    }
    let merged = mergedOf(loaded, context, flags.bool("minify"));
    if (flags.bool("flatten")) merged = await flattened(merged, environment);
    if (!flags.bool("raw")) merged = redacted(merged) as Fields;
    const [format, argument = flags.string("template")] = formatOf(flags);
    if (format === "json") environment.stdout.write(toJsonText(merged));
    else if (format === "yaml") environment.stdout.write(toYamlText(merged));
    else {
      const template = await templatePrinter(format, argument, environment);
      if (!template)
        throw unknownFormat(
          flags.string("output"),
          "go-template,go-template-file,json,jsonpath,jsonpath-as-json,jsonpath-file,name,template,templatefile,yaml",
        );
      environment.stdout.write(template(merged));
    }
    return 0;
  },
};

function mergedOf(loaded: KubeconfigFiles, context: string, minify: boolean): Fields {
  const used = loaded.entry("contexts", context) ?? {};
  const wanted: Record<Section, (name: string) => boolean> = {
    contexts: (name) => !minify || name === context,
    clusters: (name) => !minify || name === used["cluster"],
    users: (name) => !minify || name === used["user"],
  };
  const merged: Fields = { "current-context": minify ? context : loaded.currentContext() };
  for (const section of Object.keys(sections) as Section[])
    merged[section] = loaded
      .names(section)
      .filter(wanted[section])
      .map((name) => ({ name, [sections[section]]: loaded.entry(section, name) }));
  return normal(merged);
}

function redacted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(redacted);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value).map(([field, inside]) => [field, Object.hasOwn(secrets, field) && inside ? secrets[field] : redacted(inside)]),
  );
}

async function flattened(merged: Fields, { files }: Environment): Promise<Fields> {
  const entries = async (section: Section): Promise<Fields[] | null> => {
    if (!Array.isArray(merged[section])) return null;
    return Promise.all(
      merged[section].map(async ({ name, [sections[section]]: fields }: Fields) => {
        const flat: Fields = { ...fields };
        for (const field of fileFields) {
          if (!flat[field]) continue;
          flat[`${field}-data`] ??= btoa(String.fromCharCode(...(await files.read(flat[field]))));
          delete flat[field];
        }
        return { name, [sections[section]]: flat };
      }),
    );
  };
  return { ...merged, clusters: await entries("clusters"), users: await entries("users") };
}
