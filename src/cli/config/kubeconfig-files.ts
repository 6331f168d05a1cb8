/** Kubeconfig files as the commands of `config` read and change them: each change goes to the file that has the entry. */
import { isRecord } from "../../base/own-field.ts";
import { parsePlainYaml } from "../../machinery/plain-yaml.ts";
import type { Environment } from "../command.ts";
import { CommandError } from "../errors.ts";
import type { Flags } from "../flags.ts";
import { toYamlText } from "../printing/yaml.ts";

/** A named list of a kubeconfig, and the field that each of its entries has beside the name. */
export const sections = { clusters: "cluster", contexts: "context", users: "user" } as const;
export type Section = keyof typeof sections;

export type Fields = Record<string, any>;

export interface KubeconfigFile {
  readonly path: string;
  readonly exists: boolean;
  /** Changed in place, then written by `save`. */
  readonly document: Fields;
}

export interface KubeconfigFiles {
  readonly files: readonly KubeconfigFile[];
  /** Where new entries and the current context go: the first file that there is, else the last one. */
  readonly usual: KubeconfigFile;
  currentContext(): string;
  /** Names of a section, sorted. */
  names(section: Section): string[];
  entry(section: Section, name: string): Fields | undefined;
  /** The file that has the entry. */
  fileOf(section: Section, name: string): KubeconfigFile | undefined;
  /** Sets an entry where it is, or in the usual file. */
  set(section: Section, name: string, fields: Fields): Promise<void>;
  remove(section: Section, name: string): Promise<void>;
  setCurrentContext(name: string): Promise<void>;
  save(file: KubeconfigFile): Promise<void>;
}

/** Throws for a file that can't be read, and for a missing one where it was named. */
export async function kubeconfigFiles({ files, kubeconfigFiles }: Environment, flags: Flags): Promise<KubeconfigFiles> {
  const { paths } = kubeconfigFiles(flags);
  const loaded: KubeconfigFile[] = [];
  for (const path of paths) {
    const exists = (await files.kindOf(path)) !== undefined;
    loaded.push({ path, exists, document: exists ? await parse(path, new TextDecoder().decode(await files.read(path))) : {} });
  }
  const usual = loaded.find(({ exists }) => exists) ?? loaded.at(-1);
  if (!usual) throw new CommandError("no kubeconfig is named");

  const entriesOf = ({ document }: KubeconfigFile, section: Section): Fields[] =>
    (Array.isArray(document[section]) ? document[section] : []).filter(
      (entry: unknown) => isRecord(entry) && typeof entry["name"] === "string",
    );
  const fileOf = (section: Section, name: string): KubeconfigFile | undefined =>
    loaded.find((file) => entriesOf(file, section).some((entry) => entry["name"] === name));
  const save = (file: KubeconfigFile): Promise<void> => files.write(file.path, toYamlText(normal(file.document)), { secret: true });

  return {
    files: loaded,
    usual,
    fileOf,
    save,
    currentContext: () => loaded.map(({ document }) => document["current-context"]).find((name) => name) ?? "",
    names: (section) => [...new Set(loaded.flatMap((file) => entriesOf(file, section).map((entry) => entry["name"] as string)))].sort(),
    entry(section, name) {
      const file = fileOf(section, name);
      return file && (entriesOf(file, section).find((entry) => entry["name"] === name)?.[sections[section]] ?? {});
    },
    async set(section, name, fields) {
      const file = fileOf(section, name) ?? usual;
      const others = entriesOf(file, section).filter((entry) => entry["name"] !== name);
      file.document[section] = [...others, { name, [sections[section]]: fields }];
      await save(file);
    },
    async remove(section, name) {
      const file = fileOf(section, name);
      if (!file) return;
      file.document[section] = entriesOf(file, section).filter((entry) => entry["name"] !== name);
      await save(file);
    },
    async setCurrentContext(name) {
      if (name === "") {
        for (const file of loaded) {
          if (!file.document["current-context"]) continue;
          file.document["current-context"] = "";
          await save(file);
        }
        return;
      }
      usual.document["current-context"] = name;
      await save(usual);
    },
  };
}

async function parse(path: string, text: string): Promise<Fields> {
  let document: unknown;
  try {
    document = parsePlainYaml(text) ?? (await import("../../machinery/yaml.ts")).parseYaml(text) ?? {};
  } catch (error) {
    throw new CommandError(`error loading config file ${JSON.stringify(path)}: ${(error as Error).message}`, { cause: error });
  }
  if (!isRecord(document)) throw new CommandError(`error loading config file ${JSON.stringify(path)}: it is not a mapping`);
  return document;
}

/** Every field that a kubeconfig has, entries by name. */
export function normal(document: Fields): Fields {
  const sorted = (section: Section): Fields[] | null => {
    const list: Fields[] = Array.isArray(document[section]) ? document[section] : [];
    return list.length === 0 ? null : [...list].sort((a, b) => (a["name"] < b["name"] ? -1 : 1));
  };
  const { preferences, ...rest } = document;
  return {
    ...rest,
    ...(isRecord(preferences) && Object.keys(preferences).length > 0 && { preferences }),
    apiVersion: "v1",
    kind: "Config",
    "current-context": document["current-context"] ?? "",
    clusters: sorted("clusters"),
    contexts: sorted("contexts"),
    users: sorted("users"),
  };
}
