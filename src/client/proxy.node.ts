/** Which HTTP proxy a server is reached through, if any. */
import { KubeconfigError } from "./kubeconfig.ts";

/**
 * The proxy for a server: the kubeconfig's own, else HTTPS_PROXY unless NO_PROXY or a loopback address says otherwise.
 * Throws `KubeconfigError` for a proxy of a kind that is not spoken here.
 */
export function proxyFor(server: URL, proxyUrl: string | undefined, environment: NodeJS.ProcessEnv = process.env): URL | undefined {
  if (server.protocol !== "https:") return undefined;
  const fromEnvironment = environment["HTTPS_PROXY"] || environment["https_proxy"];
  const text = proxyUrl ?? (isExempt(server, environment["NO_PROXY"] || environment["no_proxy"]) ? undefined : fromEnvironment);
  if (!text) return undefined;
  let proxy: URL;
  try {
    proxy = new URL(text.includes("://") ? text : `http://${text}`);
  } catch (error) {
    throw new KubeconfigError(`the proxy "${text}" is no URL`, { cause: error });
  }
  if (proxy.protocol !== "http:" && proxy.protocol !== "https:")
    throw new KubeconfigError(`proxies of kind "${proxy.protocol.slice(0, -1)}" are not supported; use an http or https proxy`);
  return proxy;
}

function isExempt({ hostname, port }: URL, list: string | undefined): boolean {
  const host = hostname.replace(/^\[|\]$/g, "");
  if (host === "localhost" || host === "::1" || /^127\./.test(host)) return true;
  for (const entry of (list ?? "").split(",")) {
    const name = entry.trim().toLowerCase();
    if (name === "*" || name === host || name === `${host}:${port || "443"}`) return true;
    const suffix = name.replace(/^\*?\.?/, ".");
    if (suffix !== "." && host.endsWith(suffix)) return true;
  }
  return false;
}
