/**
 * Opens connections with TLS. A file of its own because TLS takes longer to load than everything else that a short
 * command needs, and over the engine's socket it is not needed.
 */
import { readFileSync } from "node:fs";
import { isIP, type Socket } from "node:net";
import tls from "node:tls";

/** Trust and client certificate of connections to one server. */
export interface TlsOptions {
  /** PEM. Absent: the authorities that Node trusts. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  /** Instead of the host, where the certificate names another one. */
  readonly servername?: string;
  readonly rejectUnauthorized: boolean;
}

/** Every call opens a connection; they share what TLS has to know. */
export function tlsDialler({
  host,
  port,
  ca,
  servername,
  ...rest
}: TlsOptions & { readonly host: string; readonly port: number }): () => Socket {
  const name = servername ?? (isIP(host) === 0 ? host : undefined);
  const options: tls.ConnectionOptions = {
    host,
    port,
    ca: ca ?? (rest.rejectUnauthorized ? authorities() : []),
    ...(name !== undefined && { servername: name }),
    ...rest,
    ALPNProtocols: ["http/1.1"],
  };
  const secureContext = withoutDefaultFile(() => tls.createSecureContext(options));
  return () => tls.connect({ ...options, secureContext });
}

/**
 * Node reads the authorities of OpenSSL's default file before it adds the one that it is given, only to compare. That takes
 * it longer than all the rest of a connection.
 */
function withoutDefaultFile<T>(create: () => T): T {
  const file = process.env["SSL_CERT_FILE"];
  if (file === undefined) return create();
  delete process.env["SSL_CERT_FILE"];
  try {
    return create();
  } finally {
    process.env["SSL_CERT_FILE"] = file;
  }
}

/**
 * Those that Node trusts by itself. They are read here because `bin/windlass` keeps Node from reading them at the start of
 * every command: nearly every kubeconfig names its own.
 */
function authorities(): string[] {
  const extra = process.env["NODE_EXTRA_CA_CERTS"];
  return [...new Set([...tls.rootCertificates, ...tls.getCACertificates("default"), ...(extra ? [readFileSync(extra, "utf8")] : [])])];
}
