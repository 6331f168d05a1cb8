/** --from-literal, --from-file and --from-env-file: what goes into a ConfigMap or Secret. */
import { nameProblems } from "../../machinery/names.ts";
import type { Environment } from "../command.ts";
import { CommandError } from "../errors.ts";
import type { Flag, Flags } from "../flags.ts";

export const dataFlags: readonly Flag[] = [
  { name: "from-literal", type: "array", about: "a value, as KEY=VALUE; may be given several times" },
  {
    name: "from-file",
    type: "list",
    about: "a file as a value, under its own name or as KEY=FILE, or every file of a folder; may be given several times",
  },
  { name: "from-env-file", type: "list", about: "every line KEY=VALUE of a file; may be given several times" },
];

/** Values by their key, in the order of the keys. `what`: `ConfigMap "x"`, for what goes wrong. Throws `CommandError`. */
export async function dataOf(
  flags: Flags,
  { files, variable }: Pick<Environment, "files" | "variable">,
  kind: "ConfigMap" | "Secret",
  name: string,
): Promise<Map<string, Uint8Array>> {
  const [fileSources, literals, envFiles] = [flags.list("from-file"), flags.list("from-literal"), flags.list("from-env-file")];
  if (envFiles.length > 0 && fileSources.length + literals.length > 0)
    throw new CommandError("from-env-file cannot be combined with from-file or from-literal");
  const data = new Map<string, Uint8Array>();
  const add = (key: string, value: Uint8Array): void => {
    const problems = nameProblems("config-key", key);
    if (problems.length > 0) throw new CommandError(`${JSON.stringify(key)} is not a valid key name for a ${kind}: ${problems.join(",")}`);
    if (data.has(key))
      throw new CommandError(
        kind === "ConfigMap"
          ? `cannot add key ${JSON.stringify(key)}, another key by that name already exists in Data for ConfigMap ${JSON.stringify(name)}`
          : `cannot add key ${key}, another key by that name already exists`,
      );
    data.set(key, value);
  };
  for (const source of fileSources) for (const [key, path] of await filesOf(source, files)) add(key, await files.read(path));
  for (const source of literals) {
    const at = source.indexOf("=");
    if (at < 1) throw new CommandError(`invalid literal source ${source}, expected key=value`);
    add(source.slice(0, at), new TextEncoder().encode(source.slice(at + 1)));
  }
  for (const path of envFiles) for (const [key, value] of await linesOf(path, files, variable)) add(key, new TextEncoder().encode(value));
  return new Map([...data].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Key and path of each file that a source stands for. */
async function filesOf(source: string, files: Environment["files"]): Promise<[string, string][]> {
  const parts = source.split("=");
  if (parts.length > 2) throw new CommandError("key names or file paths cannot contain '='");
  const [first = "", path = first] = parts;
  if (parts.length === 2 && first === "") throw new CommandError(`key name for file path ${path} missing`);
  if (parts.length === 2 && path === "") throw new CommandError(`file path for key name ${first} missing`);
  const kind = await files.kindOf(path);
  if (kind === undefined) throw new CommandError(`error reading ${path}: no such file or directory`);
  const key = parts.length === 2 ? first : (path.replace(/\/+$/, "").split("/").at(-1) ?? "");
  if (kind === "file") return [[key, path]];
  if (parts.length === 2) throw new CommandError("cannot give a key name for a directory path");
  const inside = await files.list(path);
  return inside
    .filter((entry) => entry.kind === "file" && nameProblems("config-key", entry.name).length === 0)
    .map((entry) => [entry.name, `${path.replace(/\/+$/, "")}/${entry.name}`]);
}

/** The pairs of an env file. A key without `=` takes its value from the shell. */
async function linesOf(
  path: string,
  files: Environment["files"],
  variable: Environment["variable"],
): Promise<(readonly [key: string, value: string])[]> {
  if ((await files.kindOf(path)) === undefined) throw new CommandError(`error reading ${path}: no such file or directory`);
  if ((await files.kindOf(path)) === "directory") throw new CommandError("env config file cannot be a directory");
  return decode(await files.read(path), path)
    .split("\n")
    .flatMap((raw) => {
      const line = raw.replace(/\r$/, "").trimStart();
      if (line === "" || line.startsWith("#")) return [];
      const at = line.indexOf("=");
      const key = at < 0 ? line : line.slice(0, at);
      const problems = nameProblems("variable", key);
      if (problems.length > 0) throw new CommandError(`${JSON.stringify(key)} is not a valid key name: ${problems.join(";")}`);
      return [[key, at < 0 ? (variable(key) ?? "") : line.slice(at + 1)]] as const;
    });
}

function decode(bytes: Uint8Array, path: string): string {
  const lines: string[] = [];
  let from = 0;
  for (let at = 0; at <= bytes.length; at++) {
    if (at < bytes.length && bytes[at] !== 10) continue;
    const line = bytes.subarray(from, at);
    try {
      lines.push(new TextDecoder("utf-8", { fatal: true }).decode(line));
    } catch (error) {
      const shown = `[${[...line].join(" ")}]`;
      throw new CommandError(`env file ${path} contains invalid utf8 bytes at line ${lines.length + 1}: ${shown}`, { cause: error });
    }
    from = at + 1;
  }
  return lines.join("\n");
}

/** Base64 of bytes, as Secrets have their values. */
export const base64Of = (bytes: Uint8Array): string => {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
};

/** The text that bytes are; undefined where they are none. */
export function textOf(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
