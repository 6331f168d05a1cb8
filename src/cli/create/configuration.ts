/** `create configmap` and `create secret generic`: values from the command line, from files and folders. */
import { hexText, sha256 } from "../../machinery/sha256.ts";
import { toCompactJson } from "../printing/json.ts";
import type { Flag, Flags } from "../flags.ts";
import { base64Of, dataFlags, dataOf, textOf } from "./data-sources.ts";
import type { Generator } from "./generator.ts";

const appendHashFlag: Flag = { name: "append-hash", about: "add a hash of the content to the name" };

export const configMap: Generator = {
  kind: { group: "", version: "v1", kind: "ConfigMap", plural: "configmaps", scope: "Namespaced" },
  usage: "NAME [--from-literal=KEY=VALUE] [--from-file=[KEY=]FILE] [--from-env-file=FILE] [flags]",
  about: "Makes a ConfigMap of values, files, and folders of files.",
  examples: `windlass create configmap conf --from-literal=level=debug --from-file=nginx.conf
windlass create configmap conf --from-file=conf/ --dry-run=client -o yaml | windlass apply -f -`,
  flags: [...dataFlags, appendHashFlag],
  async generate({ name, flags, environment }) {
    const all = await dataOf(flags, environment, "ConfigMap", name);
    const data: Record<string, string> = {};
    const binaryData: Record<string, string> = {};
    for (const [key, value] of all) {
      const text = textOf(value);
      if (text === undefined) binaryData[key] = base64Of(value);
      else data[key] = text;
    }
    const content = {
      ...(Object.keys(data).length > 0 && { data }),
      ...(Object.keys(binaryData).length > 0 && { binaryData }),
    };
    return { metadata: { name: hashed(name, { kind: "ConfigMap", name, data: {}, ...content }, flags) }, ...content };
  },
};

/** What stands before the server's words, as kubectl has it for Secrets. */
export const secretRefusal = "failed to create secret ";

export const secretKind = { group: "", version: "v1", kind: "Secret", plural: "secrets", scope: "Namespaced" } as const;

export const genericSecret: Generator = {
  kind: secretKind,
  usage: "NAME [--type=TYPE] [--from-literal=KEY=VALUE] [--from-file=[KEY=]FILE] [--from-env-file=FILE] [flags]",
  about: "Makes a Secret of values, files, and folders of files.",
  examples: "windlass create secret generic db --from-literal=password=hunter2 --from-file=ca.pem",
  flags: [...dataFlags, { name: "type", type: "string", about: "what kind of Secret it is" }, appendHashFlag],
  refusal: secretRefusal,
  async generate({ name, flags, environment }) {
    const all = await dataOf(flags, environment, "Secret", name);
    return secret(name, flags, flags.string("type"), Object.fromEntries([...all].map(([key, value]) => [key, base64Of(value)])));
  },
};

/** The flag of every Secret. */
export const secretFlags: readonly Flag[] = [appendHashFlag];

/** A Secret with values in base64. */
export function secret(name: string, flags: Flags, type: string, data: Readonly<Record<string, string>>): Record<string, any> {
  const finalName = hashed(name, { kind: "Secret", type, name, data }, flags);
  return { metadata: { name: finalName }, ...(Object.keys(data).length > 0 && { data }), ...(type !== "" && { type }) };
}

/** Where hash digits could make words, other letters stand for them. */
const letters: Readonly<Record<string, string>> = { 0: "g", 1: "h", 3: "k", a: "m", e: "t" };
const hashLength = 10;

/** The name, with a hash of the content behind it where --append-hash was given: other content is another object. */
function hashed(name: string, content: object, flags: Flags): string {
  if (!flags.bool("append-hash")) return name;
  const digits = hexText(sha256(new TextEncoder().encode(toCompactJson(content)))).slice(0, hashLength);
  return `${name}-${digits.replace(/[013ae]/g, (digit) => letters[digit] as string)}`;
}
