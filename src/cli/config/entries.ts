/** The commands of `config` about clusters and users, and those that remove entries of any sort. */
import type { Command, Environment } from "../command.ts";
import { CommandError, usageError } from "../errors.ts";
import type { Flags } from "../flags.ts";
import { type Fields, kubeconfigFiles, type Section } from "./kubeconfig-files.ts";

/** `config get-clusters`, `config get-users`. */
export const listNames = (section: Section, what: string): Command => ({
  usage: "[flags]",
  about: `Lists the ${what} of the kubeconfig.`,
  flags: [],
  async run({ flags }, environment) {
    const names = (await kubeconfigFiles(environment, flags)).names(section);
    environment.stdout.write(["NAME", ...names].map((name) => `${name}\n`).join(""));
    return 0;
  },
});

/** `config delete-context` and its like. */
export const removeEntry = (section: Section, what: string): Command => ({
  usage: "NAME [flags]",
  about: `Removes a ${what} from the kubeconfig.`,
  flags: [],
  async run({ name: called, args, flags }, environment) {
    const [name, ...more] = args;
    if (name === undefined || more.length > 0) throw usageError(called, `You must specify a ${what} to delete`);
    const loaded = await kubeconfigFiles(environment, flags);
    const file = loaded.fileOf(section, name);
    if (!file) throw new CommandError(`cannot delete ${what} ${name}, not in ${loaded.usual.path}`);
    if (section === "contexts" && loaded.currentContext() === name)
      environment.stderr.write(
        'warning: this removed your active context, use "kubectl config use-context" to select a different one\n'.replace(
          "kubectl",
          "windlass",
        ),
      );
    await loaded.remove(section, name);
    environment.stdout.write(`deleted ${what} ${name} from ${file.path}\n`);
    return 0;
  },
});

export const setCluster: Command = {
  usage: "NAME [--server=URL] [--certificate-authority=FILE] [--insecure-skip-tls-verify] [--tls-server-name=NAME] [flags]",
  about: "Makes a cluster's entry, or changes the given parts of it.",
  flags: [
    { name: "embed-certs", about: "put the content of the certificate in, not the name of its file" },
    { name: "proxy-url", type: "string", about: "the proxy through which the cluster is reached" },
  ],
  async run(invocation, environment) {
    const { flags } = invocation;
    return change("clusters", "Cluster", invocation, environment, async (fields) => {
      for (const name of ["server", "tls-server-name", "proxy-url"]) if (flags.given(name)) fields[name] = flags.string(name);
      if (flags.given("insecure-skip-tls-verify")) {
        fields["insecure-skip-tls-verify"] = flags.bool("insecure-skip-tls-verify");
        if (fields["insecure-skip-tls-verify"]) drop(fields, "certificate-authority", "certificate-authority-data");
      }
      await setFile(fields, "certificate-authority", flags, environment);
    });
  },
};

export const setCredentials: Command = {
  usage:
    "NAME [--client-certificate=FILE --client-key=FILE] [--token=TOKEN] [--username=NAME --password=WORD] [--exec-command=PLUGIN] [flags]",
  about: "Makes a user's entry, or changes the given parts of it.",
  flags: [
    { name: "embed-certs", about: "put the content of certificate and key in, not the names of their files" },
    { name: "exec-command", type: "string", about: "a credential plugin" },
    { name: "exec-api-version", type: "string", about: "the version of the protocol that the plugin speaks" },
    { name: "exec-arg", type: "array", about: "an argument for the plugin; may be given several times" },
    { name: "exec-env", type: "array", about: "a variable for the plugin, as NAME=VALUE; may be given several times" },
    { name: "exec-interactive-mode", type: "string", about: "Never, IfAvailable or Always" },
  ],
  async run(invocation, environment) {
    const { flags } = invocation;
    return change("users", "User", invocation, environment, async (fields) => {
      for (const name of ["token", "username", "password"]) if (flags.given(name)) fields[name] = flags.string(name);
      for (const name of ["client-certificate", "client-key"]) await setFile(fields, name, flags, environment);
      if (flags.given("exec-command"))
        fields["exec"] = {
          apiVersion: flags.string("exec-api-version") || "client.authentication.k8s.io/v1",
          command: flags.string("exec-command"),
          args: flags.list("exec-arg").length > 0 ? [...flags.list("exec-arg")] : null,
          env: flags.given("exec-env")
            ? flags.list("exec-env").map((text) => ({ name: text.split("=")[0], value: text.slice(text.indexOf("=") + 1) }))
            : null,
          provideClusterInfo: false,
          ...(flags.given("exec-interactive-mode") && { interactiveMode: flags.string("exec-interactive-mode") }),
        };
    });
  },
};

async function change(
  section: Section,
  what: string,
  { name: called, args, flags }: { readonly name: string; readonly args: readonly string[]; readonly flags: Flags },
  environment: Environment,
  edit: (fields: Fields) => Promise<void>,
): Promise<number> {
  const [name, ...more] = args;
  if (name === undefined || more.length > 0) throw usageError(called, `Unexpected args: [${args.join(" ")}]`);
  const loaded = await kubeconfigFiles(environment, flags);
  const fields = { ...loaded.entry(section, name) };
  await edit(fields);
  await loaded.set(section, name, fields);
  environment.stdout.write(`${what} ${JSON.stringify(name)} set.\n`);
  return 0;
}

/** A file and its content are two ways to say one thing; the one that was given replaces the other. */
async function setFile(fields: Fields, name: string, flags: Flags, { files }: Environment): Promise<void> {
  if (!flags.given(name)) return;
  drop(fields, name, `${name}-data`);
  if (name === "certificate-authority") drop(fields, "insecure-skip-tls-verify");
  if (flags.bool("embed-certs")) fields[`${name}-data`] = btoa(String.fromCharCode(...(await files.read(flags.string(name)))));
  else fields[name] = flags.string(name);
}

function drop(fields: Fields, ...names: readonly string[]): void {
  for (const name of names) delete fields[name];
}
