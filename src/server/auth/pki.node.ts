/**
 * The engine's own certificates and keys: made once under a directory, read from it afterwards, made anew before they
 * expire. Private keys are readable by their owner only.
 */
import { createPrivateKey, createPublicKey, X509Certificate } from "node:crypto";
import { chmod, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Credential, isAddress } from "./credential.ts";
import { issuer, newAuthority, newTokenKey } from "./issue-certificates.node.ts";

/** Who the administrator is: the subject of the certificate in the kubeconfig. */
export const adminName = "windlass-admin";
export const adminGroup = "system:masters";

export interface Pki {
  /** The authority's certificate: what clients trust, and what signs client certificates. */
  readonly ca: string;
  readonly server: Credential;
  /** Of the group system:masters. */
  readonly admin: Credential;
  /** PKCS#8 PEM of the EC P-256 key that signs service account tokens. */
  readonly tokenKey: string;
}

export interface PkiOptions {
  /** Names and addresses that the server is reached by, beside localhost and the loopback addresses. */
  readonly serverNames?: readonly string[];
  /** Milliseconds since the epoch. */
  readonly now: number;
}

const authorityName = "windlass-ca";
const dayMs = 86_400_000;
const authorityDays = 3650;
const certificateDays = 365;
/** Certificates are made anew when less than this is left. */
const renewBeforeMs = 30 * dayMs;
/** Certificates are valid from a little before they were made, for clocks that disagree. */
const backdateMs = 3_600_000;

const defaultServerNames = [
  "localhost",
  "kubernetes",
  "kubernetes.default",
  "kubernetes.default.svc",
  "kubernetes.default.svc.cluster.local",
  "127.0.0.1",
  "::1",
];

/** Reads the credentials under `directory`, and makes what is missing, about to expire, or lacks a name. */
export async function loadPki(directory: string, options: PkiOptions): Promise<Pki> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const names = [...new Set([...defaultServerNames, ...(options.serverNames ?? [])])];
  const read = async (name: string): Promise<string | undefined> => readFile(join(directory, name), "utf8").catch(() => undefined);
  const [caCertificate, caKey, serverCertificate, serverKey, adminCertificate, adminKey, tokenKey] = await Promise.all(
    ["ca.crt", "ca.key", "server.crt", "server.key", "admin.crt", "admin.key", "service-account.key"].map(read),
  );
  const pair = (certificate: string | undefined, key: string | undefined): Credential | undefined =>
    certificate !== undefined && key !== undefined ? { certificate, key } : undefined;
  const authority = usable(pair(caCertificate, caKey), options.now);
  const server = authority && usable(pair(serverCertificate, serverKey), options.now, authority.certificate, names);
  const admin = authority && usable(pair(adminCertificate, adminKey), options.now, authority.certificate);
  if (authority && server && admin && tokenKey !== undefined && isKey(tokenKey)) {
    return { ca: authority.certificate, server, admin, tokenKey };
  }
  const lifetime = (days: number) => ({ notBefore: options.now - backdateMs, notAfter: options.now + days * dayMs });
  const issue = issuer(authority ?? newAuthority(authorityName, lifetime(authorityDays)), authorityName);
  const made = {
    authority: issue.authority,
    server: server ?? issue.server("windlass", names, lifetime(certificateDays)),
    admin: admin ?? issue.client(adminName, [adminGroup], lifetime(certificateDays)),
    tokenKey: tokenKey !== undefined && isKey(tokenKey) ? tokenKey : newTokenKey(),
  };
  const write = async (name: string, text: string): Promise<void> => {
    const path = join(directory, name);
    await writeFile(`${path}.new`, text, { mode: 0o600 });
    await chmod(`${path}.new`, 0o600);
    await rename(`${path}.new`, path);
  };
  await Promise.all([
    write("ca.crt", made.authority.certificate),
    write("ca.key", made.authority.key),
    write("server.crt", made.server.certificate),
    write("server.key", made.server.key),
    write("admin.crt", made.admin.certificate),
    write("admin.key", made.admin.key),
    write("service-account.key", made.tokenKey),
  ]);
  return { ca: made.authority.certificate, server: made.server, admin: made.admin, tokenKey: made.tokenKey };
}

const isKey = (pem: string): boolean => {
  try {
    return createPrivateKey(pem).asymmetricKeyType === "ec";
  } catch {
    return false;
  }
};

/** The credential, when it parses, fits together, is signed by the authority, has the names and lasts long enough. */
function usable(
  credential: Credential | undefined,
  now: number,
  authority?: string,
  names: readonly string[] = [],
): Credential | undefined {
  if (!credential) return undefined;
  try {
    const certificate = new X509Certificate(credential.certificate);
    if (!certificate.checkPrivateKey(createPrivateKey(credential.key))) return undefined;
    if (certificate.validToDate.getTime() - now < renewBeforeMs) return undefined;
    if (authority !== undefined && !certificate.verify(createPublicKey(authority))) return undefined;
    for (const name of names) {
      if (isAddress(name) ? certificate.checkIP(name) === undefined : certificate.checkHost(name) === undefined) return undefined;
    }
    return credential;
  } catch {
    return undefined;
  }
}

/** The text of a kubeconfig with one cluster, one user and one context, which is current. */
export function kubeconfigText(options: {
  readonly server: string;
  readonly ca: string;
  readonly context?: string;
  readonly namespace?: string;
  readonly user: Credential | { readonly token: string };
  /** A Unix socket on which the same server takes whoever can open it for this user. Clients that do not know of it pass over it. */
  readonly socket?: string;
}): string {
  const name = options.context ?? "windlass";
  const base64 = (text: string): string => Buffer.from(text).toString("base64");
  const user =
    "token" in options.user
      ? [`    token: ${options.user.token}`]
      : [`    client-certificate-data: ${base64(options.user.certificate)}`, `    client-key-data: ${base64(options.user.key)}`];
  return [
    "apiVersion: v1",
    "kind: Config",
    "clusters:",
    `- name: ${name}`,
    "  cluster:",
    `    server: ${options.server}`,
    `    certificate-authority-data: ${base64(options.ca)}`,
    "users:",
    `- name: ${name}`,
    "  user:",
    ...user,
    ...(options.socket === undefined
      ? []
      : [
          "    extensions:",
          "    - name: windlass.dev/socket",
          "      extension:",
          `        server: ${options.server}`,
          `        path: ${JSON.stringify(options.socket)}`,
        ]),
    "contexts:",
    `- name: ${name}`,
    "  context:",
    `    cluster: ${name}`,
    `    user: ${name}`,
    ...(options.namespace === undefined ? [] : [`    namespace: ${options.namespace}`]),
    `current-context: ${name}`,
    "",
  ].join("\n");
}
