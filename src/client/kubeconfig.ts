/**
 * Reading a kubeconfig: which server, trusted how, as whom. Pure: files that it names are left as names, made absolute
 * by whoever loads it.
 */
import { parsePlainYaml } from "../machinery/plain-yaml.ts";

/** A credential plugin (client.authentication.k8s.io). */
export interface ExecPlugin {
  readonly apiVersion: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly provideClusterInfo: boolean;
  readonly interactiveMode: string;
  readonly installHint?: string;
}

/** Everything needed to speak to one cluster as one user. Data is decoded; a file and data for one thing: data wins. */
export interface ClusterAccess {
  /** `https://host:port/prefix`, without a slash at the end. */
  readonly server: string;
  /** Shown to a server behind a shared address instead of its host name. */
  readonly tlsServerName?: string;
  readonly insecureSkipTlsVerify?: boolean;
  /** A Unix socket of the same server, whose owner needs no credential. Requests go there, without TLS. */
  readonly socket?: string;
  readonly proxyUrl?: string;
  readonly certificateAuthority?: string;
  readonly certificateAuthorityFile?: string;
  readonly clientCertificate?: string;
  readonly clientCertificateFile?: string;
  readonly clientKey?: string;
  readonly clientKeyFile?: string;
  readonly token?: string;
  readonly tokenFile?: string;
  readonly username?: string;
  readonly password?: string;
  readonly exec?: ExecPlugin;
  readonly impersonate?: {
    readonly user: string;
    readonly groups: readonly string[];
    readonly uid?: string;
    /** Further attributes of the user, by name. */
    readonly extra?: Readonly<Record<string, readonly string[]>>;
  };
  /** The context's namespace. */
  readonly namespace?: string;
}

/** A kubeconfig, several files merged. */
export interface Kubeconfig {
  readonly currentContext: string | undefined;
  readonly contexts: Readonly<Record<string, { readonly cluster: string; readonly user: string; readonly namespace?: string }>>;
  readonly clusters: Readonly<Record<string, Fields>>;
  readonly users: Readonly<Record<string, Fields>>;
}

type Fields = Readonly<Record<string, any>>;

/** A kubeconfig can't be read, or does not hold what is asked of it. The message is for the user. */
export class KubeconfigError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "KubeconfigError";
  }
}

/** Neither the kubeconfig nor anybody else says which cluster is meant. */
export class NoContextError extends KubeconfigError {}

/** Fields that name files, relative to the kubeconfig's own folder. */
const fileFields = ["certificate-authority", "client-certificate", "client-key", "tokenFile"];

/** Merges kubeconfig files: of two entries of one name the first counts. `absolute` resolves a path against its file. */
export async function parseKubeconfigs(
  files: readonly { readonly path: string; readonly text: string }[],
  absolute: (file: string, path: string) => string,
): Promise<Kubeconfig> {
  let currentContext: string | undefined;
  const contexts: Record<string, { cluster: string; user: string; namespace?: string }> = Object.create(null);
  const clusters: Record<string, Fields> = Object.create(null);
  const users: Record<string, Fields> = Object.create(null);
  for (const { path, text } of files) {
    const document = await parseDocument(path, text);
    currentContext ??= document["current-context"] || undefined;
    const withPaths = (fields: Fields): Fields => {
      const resolved: Record<string, any> = { ...fields };
      for (const field of fileFields)
        if (typeof resolved[field] === "string" && resolved[field] !== "") resolved[field] = absolute(path, resolved[field]);
      const command = resolved["exec"]?.command;
      // A bare name is looked up in PATH; anything with a slash is a path beside the kubeconfig.
      if (typeof command === "string" && command.includes("/"))
        resolved["exec"] = { ...resolved["exec"], command: absolute(path, command) };
      return resolved;
    };
    for (const { name, cluster } of entries(document["clusters"])) clusters[name] ??= withPaths(cluster ?? {});
    for (const { name, user } of entries(document["users"])) users[name] ??= withPaths(user ?? {});
    for (const { name, context } of entries(document["contexts"])) {
      contexts[name] ??= {
        cluster: String(context?.cluster ?? ""),
        user: String(context?.user ?? ""),
        ...(context?.namespace && { namespace: String(context.namespace) }),
      };
    }
  }
  return { currentContext, contexts, clusters, users };
}

async function parseDocument(path: string, text: string): Promise<Fields> {
  let document: unknown;
  try {
    document = parsePlainYaml(text) ?? (await import("../machinery/yaml.ts")).parseYaml(text);
  } catch (error) {
    throw new KubeconfigError(`error loading config file "${path}": ${(error as Error).message}`, { cause: error });
  }
  if (document === null || document === undefined) return {};
  if (typeof document !== "object" || Array.isArray(document))
    throw new KubeconfigError(`error loading config file "${path}": it is not a mapping`);
  return document as Fields;
}

function entries(list: unknown): { name: string; [field: string]: any }[] {
  return Array.isArray(list) ? list.filter((entry) => typeof entry?.name === "string") : [];
}

/** What is asked for beside the kubeconfig; everything absent is as the kubeconfig has it. */
export interface AccessChoice {
  readonly context?: string | undefined;
  readonly cluster?: string | undefined;
  readonly user?: string | undefined;
  /** Another address of the chosen cluster, or one without any kubeconfig. */
  readonly server?: string | undefined;
  readonly certificateAuthorityFile?: string | undefined;
  /** Credentials and further fields that count before the chosen ones. */
  readonly overrides?: Partial<ClusterAccess>;
}

/** What a context says; the current one unless another is named. Throws `KubeconfigError`. */
export function accessOf(config: Kubeconfig, choice: AccessChoice = {}): ClusterAccess {
  const { context: contextName = config.currentContext, overrides = {} } = choice;
  if (contextName === undefined && choice.cluster === undefined && choice.server === undefined)
    throw new NoContextError("no context is chosen: the kubeconfig has no current-context");
  const context = contextName === undefined ? { cluster: "", user: "" } : config.contexts[contextName];
  if (!context) throw new KubeconfigError(`Error in configuration: context was not found for specified context: ${contextName}`);
  const clusterName = choice.cluster ?? context.cluster;
  const inFile = config.clusters[clusterName];
  if (!inFile && (choice.cluster !== undefined || choice.server === undefined))
    throw new KubeconfigError(
      choice.cluster === undefined
        ? `cluster "${clusterName}" of context "${contextName}" does not exist`
        : `no server found for cluster "${clusterName}"`,
    );
  if (choice.user !== undefined && !config.users[choice.user]) throw new KubeconfigError(`auth info "${choice.user}" does not exist`);
  const cluster: Record<string, any> = { ...inFile, ...(choice.server !== undefined && { server: choice.server }) };
  if (choice.certificateAuthorityFile !== undefined) {
    cluster["certificate-authority"] = choice.certificateAuthorityFile;
    delete cluster["certificate-authority-data"];
  }
  if (!cluster["server"]) throw new KubeconfigError(`cluster "${clusterName}" names no server`);
  // An authority and no check contradict each other; the flag on the command line counts.
  if (overrides.insecureSkipTlsVerify) {
    delete cluster["certificate-authority"];
    delete cluster["certificate-authority-data"];
  }
  const known = config.users[choice.user ?? context.user] ?? {};
  const user = withoutReplaced(known, overrides);
  const text = (fields: Fields, field: string): string | undefined => (fields[field] ? String(fields[field]) : undefined);
  const data = (fields: Fields, field: string): string | undefined => {
    const encoded = text(fields, `${field}-data`);
    return encoded === undefined ? undefined : decode(encoded, `${field}-data`);
  };
  const access: { -readonly [K in keyof ClusterAccess]: ClusterAccess[K] | undefined } = {
    server: String(cluster["server"]).replace(/\/+$/, ""),
    tlsServerName: text(cluster, "tls-server-name"),
    insecureSkipTlsVerify: cluster["insecure-skip-tls-verify"] === true || undefined,
    proxyUrl: text(cluster, "proxy-url"),
    certificateAuthority: data(cluster, "certificate-authority"),
    certificateAuthorityFile: text(cluster, "certificate-authority"),
    clientCertificate: data(user, "client-certificate"),
    clientCertificateFile: text(user, "client-certificate"),
    clientKey: data(user, "client-key"),
    clientKeyFile: text(user, "client-key"),
    token: text(user, "token"),
    tokenFile: text(user, "tokenFile"),
    username: text(user, "username"),
    password: text(user, "password"),
    exec: user["exec"] ? execPlugin(user["exec"]) : undefined,
    impersonate: user["as"]
      ? {
          user: String(user["as"]),
          groups: (user["as-groups"] ?? []).map(String),
          ...(user["as-uid"] && { uid: String(user["as-uid"]) }),
          ...(user["as-user-extra"] && { extra: user["as-user-extra"] }),
        }
      : undefined,
    namespace: context.namespace,
    socket: socketOf(user, String(cluster["server"])),
  };
  const found = Object.fromEntries(Object.entries(access).filter(([, value]) => value !== undefined)) as unknown as ClusterAccess;
  return { ...found, ...overrides };
}

/** The extension by which an engine says of its administrator that the same server also listens on a socket. */
const socketExtension = "windlass.dev/socket";

function socketOf(user: Fields, server: string): string | undefined {
  const found = entries(user["extensions"]).find(({ name }) => name === socketExtension)?.["extension"];
  return found?.server === server && typeof found?.path === "string" ? found.path : undefined;
}

/** Credentials given by hand replace the kubeconfig's of every sort that would come before them. */
function withoutReplaced(user: Fields, { token, username, clientCertificateFile }: Partial<ClusterAccess>): Fields {
  if (token === undefined && username === undefined && clientCertificateFile === undefined) return user;
  const {
    extensions: _extensions,
    exec: _,
    token: _token,
    tokenFile: _tokenFile,
    username: _username,
    password: _password,
    ...rest
  } = user;
  if (clientCertificateFile === undefined) return rest;
  const { "client-certificate-data": _certificate, "client-key-data": _key, ...others } = rest;
  return others;
}

function decode(encoded: string, field: string): string {
  try {
    return atob(encoded.replace(/\s+/g, ""));
  } catch (error) {
    throw new KubeconfigError(`${field} is not base64`, { cause: error });
  }
}

function execPlugin(exec: Fields): ExecPlugin {
  if (!exec["command"]) throw new KubeconfigError("an exec credential plugin names no command");
  return {
    apiVersion: String(exec["apiVersion"] ?? "client.authentication.k8s.io/v1"),
    command: String(exec["command"]),
    args: (exec["args"] ?? []).map(String),
    env: Object.fromEntries(entries(exec["env"]).map(({ name, value }) => [name, String(value)])),
    provideClusterInfo: exec["provideClusterInfo"] === true,
    interactiveMode: String(exec["interactiveMode"] ?? "IfAvailable"),
    ...(exec["installHint"] && { installHint: String(exec["installHint"]) }),
  };
}
