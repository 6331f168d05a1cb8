/**
 * Who a request is made as: certificates, tokens, token files that change, and credential plugins that are asked again
 * when what they gave expires or is refused. Nothing in here is ever logged.
 */
import { readFileSync } from "node:fs";
import type { Clock } from "../base/clock.ts";
import { parseTime } from "../base/time.ts";
import { type ClusterAccess, type ExecPlugin, KubeconfigError } from "./kubeconfig.ts";

/** Token files are read again after this long: whoever writes them rotates them. */
const tokenFileMs = 60_000;
/** A plugin's credential is renewed this long before it expires. */
const renewBeforeMs = 10_000;
const pluginOutputMax = 1 << 20;

export interface Credentials {
  /** For TLS. */
  readonly certificate?: string;
  readonly key?: string;
  /** For every request. */
  readonly headers: Readonly<Record<string, string | string[]>>;
}

export interface CredentialSource {
  /** Throws `KubeconfigError` when a file or plugin fails. */
  current(): Promise<Credentials>;
  /** The server refused what `current` gave: ask the plugin or the file again. Says whether there is anything to ask. */
  refused(): boolean;
}

interface PluginCredential {
  readonly token?: string;
  readonly certificate?: string;
  readonly key?: string;
  readonly expiresMs: number;
}

export function credentialSource(access: ClusterAccess, clock: Clock): CredentialSource {
  const certificate = access.clientCertificate ?? readNamed(access.clientCertificateFile);
  const key = access.clientKey ?? readNamed(access.clientKeyFile);
  const impersonation = impersonationHeaders(access);
  let fromPlugin: Promise<PluginCredential> | undefined;
  let fromFile: { readonly token: string; readonly readMs: number } | undefined;

  async function plugin(exec: ExecPlugin): Promise<PluginCredential> {
    const known = fromPlugin && (await fromPlugin.catch(() => undefined));
    if (!known || known.expiresMs - renewBeforeMs <= clock.now()) fromPlugin = runPlugin(exec, access);
    return await (fromPlugin as Promise<PluginCredential>);
  }

  function fileToken(path: string): string {
    if (!fromFile || clock.now() - fromFile.readMs >= tokenFileMs)
      fromFile = { token: (readNamed(path) ?? "").trim(), readMs: clock.now() };
    return fromFile.token;
  }

  return {
    async current() {
      const given = access.exec ? await plugin(access.exec) : undefined;
      const token = given?.token ?? access.token ?? (access.tokenFile === undefined ? undefined : fileToken(access.tokenFile));
      const headers: Record<string, string | string[]> = { ...impersonation };
      if (token) headers["authorization"] = `Bearer ${token}`;
      else if (access.username !== undefined)
        headers["authorization"] = `Basic ${Buffer.from(`${access.username}:${access.password ?? ""}`).toString("base64")}`;
      const pair = { certificate: given?.certificate ?? certificate, key: given?.key ?? key };
      return {
        headers,
        ...(pair.certificate !== undefined && { certificate: pair.certificate }),
        ...(pair.key !== undefined && { key: pair.key }),
      };
    },
    refused() {
      fromPlugin = undefined;
      fromFile = undefined;
      return access.exec !== undefined || (access.token === undefined && access.tokenFile !== undefined);
    },
  };
}

function impersonationHeaders({ impersonate }: ClusterAccess): Record<string, string | string[]> {
  if (!impersonate) return {};
  return {
    "impersonate-user": impersonate.user,
    ...(impersonate.groups.length > 0 && { "impersonate-group": [...impersonate.groups] }),
    ...(impersonate.uid !== undefined && { "impersonate-uid": impersonate.uid }),
    ...Object.fromEntries(
      Object.entries(impersonate.extra ?? {}).map(([name, values]) => [`impersonate-extra-${encodeURIComponent(name)}`, [...values]]),
    ),
  };
}

/** The text of a file that a kubeconfig names. */
export function readNamed(path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new KubeconfigError(`unable to read ${path}: ${(error as Error).message}`, { cause: error });
  }
}

async function runPlugin(exec: ExecPlugin, access: ClusterAccess): Promise<PluginCredential> {
  const interactive = exec.interactiveMode !== "Never" && process.stdin.isTTY === true;
  if (exec.interactiveMode === "Always" && !interactive)
    throw new KubeconfigError(`exec plugin ${exec.command} needs a terminal, and there is none`);
  const cluster = exec.provideClusterInfo
    ? {
        cluster: {
          server: access.server,
          ...(access.tlsServerName && { "tls-server-name": access.tlsServerName }),
          ...(access.insecureSkipTlsVerify && { "insecure-skip-tls-verify": true }),
          ...(access.certificateAuthority && { "certificate-authority-data": Buffer.from(access.certificateAuthority).toString("base64") }),
        },
      }
    : {};
  const info = JSON.stringify({ apiVersion: exec.apiVersion, kind: "ExecCredential", spec: { interactive, ...cluster } });
  // Most kubeconfigs have no plugin, and most commands are short: what starts processes is loaded when one is to be started.
  const { spawn } = await import("node:child_process");
  return new Promise((resolve, reject) => {
    const child = spawn(exec.command, [...exec.args], {
      env: { ...process.env, ...exec.env, KUBERNETES_EXEC_INFO: info },
      stdio: [interactive ? "inherit" : "ignore", "pipe", "inherit"],
    });
    const hint = exec.installHint ? `\n${exec.installHint}` : "";
    let output = "";
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      if (output.length > pluginOutputMax) child.kill();
    });
    child.on("error", (error) => reject(new KubeconfigError(`getting credentials: exec: ${error.message}${hint}`, { cause: error })));
    child.on("close", (code) => {
      if (code !== 0)
        return reject(new KubeconfigError(`getting credentials: exec: executable ${exec.command} failed with exit code ${code}${hint}`));
      try {
        resolve(readCredential(output, exec));
      } catch (error) {
        reject(error);
      }
    });
  });
}

function readCredential(output: string, exec: ExecPlugin): PluginCredential {
  let answer: any;
  try {
    answer = JSON.parse(output);
  } catch {
    throw new KubeconfigError(`getting credentials: exec: ${exec.command} did not answer with JSON`);
  }
  const { token, clientCertificateData, clientKeyData, expirationTimestamp } = answer?.status ?? {};
  if (answer?.kind !== "ExecCredential" || (!token && !clientCertificateData))
    throw new KubeconfigError(`getting credentials: exec: ${exec.command} answered with no credential`);
  return {
    ...(token && { token: String(token) }),
    ...(clientCertificateData && { certificate: String(clientCertificateData), key: String(clientKeyData ?? "") }),
    expiresMs: parseTime(expirationTimestamp) ?? Number.POSITIVE_INFINITY,
  };
}
