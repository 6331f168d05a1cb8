/** `set env`: variables of the containers of a Pod template: set, taken away, listed, or from a ConfigMap or Secret. */
import type { Container, EnvVar } from "../../api/types.ts";
import type { AnyObject } from "../../api/meta/object.ts";
import type { Command, Environment, Invocation } from "../command.ts";
import type { Connection } from "../connection.ts";
import { CommandError, throwAll } from "../errors.ts";
import type { Flag } from "../flags.ts";
import { nameProblems } from "../../machinery/names.ts";
import { findObjects, parseWords } from "../objects/find-objects.ts";
import { podSpecOf } from "../objects/pod-template.ts";
import { type Found, selectionOf } from "../objects/selection.ts";
import { changePodSpec, isPair, matchingContainers, problemWith, setFlags, splitAssignments } from "./change-pod-spec.ts";

const flags: readonly Flag[] = [
  ...setFlags,
  { name: "containers", short: "c", type: "string", default: "*", about: "names of the containers; may hold *" },
  { name: "env", short: "e", type: "array", about: "a variable to set, as NAME=VALUE" },
  { name: "from", type: "string", about: "configmap/NAME or secret/NAME: a variable for every key of it" },
  { name: "keys", type: "list", about: "with --from: only these keys" },
  { name: "prefix", type: "string", about: "with --from: what to put before every name" },
  { name: "list", about: "print the variables instead of changing any" },
  { name: "resolve", about: "with --list: print values from ConfigMaps; those from Secrets are never printed" },
  { name: "overwrite", default: "true", about: "change variables that are set already" },
];

export const setEnv: Command = {
  usage: "(-f FILENAME | TYPE NAME | TYPE/NAME) NAME=VALUE ... NAME- ... [flags]",
  about: "Sets variables for the containers of a Pod template, takes them away (NAME-), or lists them.",
  examples: `# Set one, take another away
windlass set env deployment/web MODE=read-only DEBUG-

# All keys of a ConfigMap
windlass set env deployment/web --from=configmap/web-config --prefix=WEB_

# What is set?
windlass set env deployment/web --list`,
  flags,
  completes: "objects",
  async run(invocation, environment) {
    const { flags: given } = invocation;
    const { resources, assignments } = splitAssignments(invocation.args, (word) => word === "-" || isPair(word));
    if (resources.length === 0 && given.list("filename").length === 0)
      throw new CommandError("one or more resources must be specified as <resource> <name> or <resource>/<name>");
    if (given.bool("list")) return list(resources, invocation, environment);
    parseWords(resources);
    const words = [...assignments, ...given.list("env")];
    const wanted = changesOf(words.includes("-") ? await withInput(words, environment) : words);
    const from = given.string("from");
    if (from !== "") wanted.set.push(...(await variablesFrom(from, invocation, environment)));
    return changePodSpec(invocation, environment, {
      done: "env updated",
      noun: "env",
      flags,
      resources,
      apply(spec, object, found) {
        const containers = matchingContainers(spec, given.string("containers"));
        if (containers.length === 0)
          environment.stderr.write(
            `Warning: ${object.kind}/${object.metadata.name} does not have any containers matching ${JSON.stringify(given.string("containers"))}\n`,
          );
        for (const container of containers) change(container, wanted, { overwrite: given.bool("overwrite") }, found);
      },
    });
  },
};

interface Wanted {
  readonly set: EnvVar[];
  readonly remove: string[];
}

function changesOf(words: readonly string[]): Wanted {
  const wanted: Wanted = { set: [], remove: [] };
  for (const word of words) {
    const at = word.indexOf("=");
    if (at > 0) {
      const name = word.slice(0, at);
      const [problem] = nameProblems("variable", name);
      if (problem) throw new CommandError(`${JSON.stringify(name)} is not a valid key name: ${problem}`);
      wanted.set.push({ name, value: word.slice(at + 1) });
    } else if (at < 0 && word.endsWith("-")) wanted.remove.push(word.slice(0, -1));
    else throw new CommandError(`environment variables must be of the form key=value and can not be empty: ${word}`);
  }
  const both = wanted.set.find(({ name }) => wanted.remove.includes(name));
  if (both) throw new CommandError(`can not both modify and remove the same variable: ${both.name}`);
  return wanted;
}

/** The words with `-` replaced by the lines of standard input, comments left out. */
async function withInput(words: readonly string[], { stdin }: Environment): Promise<string[]> {
  const lines = (await stdin.text()).split("\n").map((line) => line.trim());
  return [...words.filter((word) => word !== "-"), ...lines.filter((line) => line !== "" && !line.startsWith("#"))];
}

function change(container: Container, { set, remove }: Wanted, { overwrite }: { readonly overwrite: boolean }, found: Found): void {
  const kept = (container.env ?? []).filter(({ name }) => !remove.includes(name));
  for (const variable of set) {
    const at = kept.findIndex(({ name }) => name === variable.name);
    if (at < 0) kept.push({ ...variable });
    else if (overwrite) kept[at] = { ...variable };
    else throw problemWith(found, `'${variable.name}' already has a value (${kept[at]?.value ?? ""}), and --overwrite is false`);
  }
  if (kept.length > 0 || container.env) container.env = kept;
}

/** A variable for every key, by reference: its value stays where it is. */
async function variablesFrom(from: string, { flags: given }: Invocation, environment: Environment): Promise<EnvVar[]> {
  const connection = await environment.connect(given);
  try {
    const { found, errors } = await findObjects(environment, connection, { args: [from] }, { fetch: true });
    throwAll(errors);
    const object = found[0]?.object as AnyObject;
    const field = { ConfigMap: "configMapKeyRef", Secret: "secretKeyRef" }[object.kind];
    if (!field) throw new CommandError(`unsupported resource specified in --from: ${object.kind}`);
    const keys = given.list("keys");
    return Object.keys(object["data"] ?? {})
      .filter((key) => keys.length === 0 || keys.includes(key))
      .sort()
      .map((key) => {
        const name = key.toUpperCase().replace(/[^A-Z0-9_]/g, "_");
        if (name !== key) environment.stderr.write(`Warning: key ${key} transferred to ${name}\n`);
        return { name: given.string("prefix") + name, valueFrom: { [field]: { name: object.metadata.name as string, key } } };
      });
  } finally {
    connection.close();
  }
}

async function list(resources: readonly string[], { flags: given }: Invocation, environment: Environment): Promise<number> {
  const connection = await environment.connect(given);
  try {
    const { found, errors } = await findObjects(environment, connection, selectionOf(resources, given, flags), { fetch: true });
    for (const { resource, name, object, namespace } of found) {
      for (const container of matchingContainers(podSpecOf(object as AnyObject), given.string("containers"))) {
        environment.stdout.write(`# ${resource.kind} ${name}, container ${container.name}\n`);
        for (const variable of container.env ?? []) {
          environment.stdout.write(`${await lineOf(variable, namespace, given.bool("resolve") ? connection : undefined, environment)}\n`);
        }
      }
    }
    throwAll(errors);
    return 0;
  } finally {
    connection.close();
  }
}

async function lineOf(
  { name, value, valueFrom }: EnvVar,
  namespace: string | undefined,
  connection: Connection | undefined,
  environment: Environment,
): Promise<string> {
  if (!valueFrom) return `${name}=${value ?? ""}`;
  const { configMapKeyRef, secretKeyRef, fieldRef, resourceFieldRef } = valueFrom;
  if (configMapKeyRef && connection) {
    const args = [`configmap/${configMapKeyRef.name}`];
    const { found } = await findObjects(
      environment,
      { ...connection, namespace: namespace ?? connection.namespace },
      { args },
      { fetch: true },
    );
    return `${name}=${found[0]?.object?.["data"]?.[configMapKeyRef.key] ?? ""}`;
  }
  if (configMapKeyRef) return `# ${name} from configmap ${configMapKeyRef.name}, key ${configMapKeyRef.key}`;
  if (secretKeyRef) return `# ${name} from secret ${secretKeyRef.name}, key ${secretKeyRef.key}`;
  if (fieldRef) return `# ${name} from field path ${fieldRef.fieldPath}`;
  return `# ${name} from resource field ${resourceFieldRef?.resource ?? ""}`;
}
