/** `create secret tls` and `create secret docker-registry`. */
import { CommandError } from "../errors.ts";
import type { Environment } from "../command.ts";
import { toUnsortedCompactJson } from "../printing/json.ts";
import { secret, secretFlags, secretKind, secretRefusal } from "./configuration.ts";
import { base64Of, dataFlags, dataOf } from "./data-sources.ts";
import type { Generator } from "./generator.ts";

export const tlsSecret: Generator = {
  kind: secretKind,
  refusal: secretRefusal,
  usage: "NAME --cert=FILE --key=FILE [flags]",
  about: "Makes a Secret of a certificate and its key, both as PEM.",
  examples: "windlass create secret tls web --cert=tls.crt --key=tls.key",
  flags: [
    ...secretFlags,
    { name: "cert", type: "string", about: "file with the certificate" },
    { name: "key", type: "string", about: "file with its key" },
  ],
  async generate({ name, flags, environment }) {
    if (flags.string("cert") === "" || flags.string("key") === "") throw new CommandError("key and cert must be specified");
    const certificate = await read(flags.string("cert"), environment);
    const key = await read(flags.string("key"), environment);
    requirePem(certificate, /-----BEGIN CERTIFICATE-----/, "certificate");
    requirePem(key, /-----BEGIN ([A-Z]+ )?PRIVATE KEY-----/, "key");
    return secret(name, flags, "kubernetes.io/tls", { "tls.crt": base64Of(certificate), "tls.key": base64Of(key) });
  },
};

async function read(path: string, { files }: Environment): Promise<Uint8Array> {
  try {
    return await files.read(path);
  } catch (error) {
    throw new CommandError(`Cannot read file ${path}, ${(error as Error).message}`, { cause: error });
  }
}

function requirePem(bytes: Uint8Array, block: RegExp, what: string): void {
  if (!block.test(new TextDecoder().decode(bytes))) throw new CommandError(`tls: failed to find any PEM data in ${what} input`);
}

const configKey = ".dockerconfigjson";

export const registrySecret: Generator = {
  kind: secretKind,
  refusal: secretRefusal,
  usage: "NAME (--docker-username=USER --docker-password=PASSWORD [--docker-server=ADDRESS] | --from-file=FILE) [flags]",
  about: "Makes a Secret with which images are pulled from a registry.",
  examples:
    "windlass create secret docker-registry pull --docker-server=registry.example.com --docker-username=jo --docker-password=hunter2",
  flags: [
    ...secretFlags,
    ...dataFlags.filter((flag) => flag.name === "from-file"),
    { name: "docker-server", type: "string", default: "https://index.docker.io/v1/", about: "the registry" },
    { name: "docker-username", type: "string", about: "the user" },
    { name: "docker-password", type: "string", about: "their password" },
    { name: "docker-email", type: "string", about: "their address" },
  ],
  async generate({ name, flags, environment }) {
    const type = "kubernetes.io/dockerconfigjson";
    if (flags.list("from-file").length > 0) {
      const withoutOthers = { ...flags, list: (flag: string) => (flag === "from-file" ? flags.list(flag).map(asConfig) : []) };
      const all = await dataOf(withoutOthers, environment, "Secret", name);
      return secret(name, flags, type, Object.fromEntries([...all].map(([key, value]) => [key, base64Of(value)])));
    }
    const [server, username, password] = ["server", "username", "password"].map((part) => flags.string(`docker-${part}`)) as [
      string,
      string,
      string,
    ];
    if (server === "" || username === "" || password === "")
      throw new CommandError(
        "either --from-file or the combination of --docker-username, --docker-password and --docker-server is required",
      );
    const email = flags.string("docker-email");
    const encoder = new TextEncoder();
    const auth = base64Of(encoder.encode(`${username}:${password}`));
    const config = { auths: { [server]: { username, password, ...(email !== "" && { email }), auth } } };
    return secret(name, flags, type, { [configKey]: base64Of(encoder.encode(toUnsortedCompactJson(config))) });
  },
};

/** The one file that it is about goes under the key that the type demands. */
const asConfig = (source: string): string => (source.includes("=") ? source : `${configKey}=${source}`);
