/** Which of a Pod's imagePullSecrets speak for an image's registry. A password goes to no registry but its own. */
import type { Secret } from "../../api/types.ts";
import { parseReference } from "../images/reference.ts";
import type { RegistryAuth } from "../runtime.ts";

/** Docker's own registry has gone by several names. */
const dockerNames: ReadonlySet<string> = new Set(["docker.io", "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com"]);

/** Credentials of the Secrets that are for the image's registry, those for the longest path first. */
export function credentialsFor(image: string, secrets: readonly Secret[]): RegistryAuth[] {
  const reference = parseReference(image);
  if (!reference) return [];
  const matching: { readonly auth: RegistryAuth; readonly length: number }[] = [];
  for (const secret of secrets) {
    for (const [name, auth] of entriesOf(secret)) {
      const { host, path } = splitRegistry(name);
      const isIts = hostMatches(host, reference.registry) && (path === "" || `${reference.repository}/`.startsWith(`${path}/`));
      if (isIts) matching.push({ auth, length: path.length });
    }
  }
  return matching.sort((a, b) => b.length - a.length).map(({ auth }) => auth);
}

/** `https://index.docker.io/v1/` is a registry with its API's version, `registry.example/team` one with a path. */
function splitRegistry(name: string): { readonly host: string; readonly path: string } {
  const bare = name.replace(/^https?:\/\//, "").replace(/\/+$/, "");
  const slash = bare.indexOf("/");
  const path = slash < 0 ? "" : bare.slice(slash + 1);
  return { host: slash < 0 ? bare : bare.slice(0, slash), path: /^v[12]$/.test(path) ? "" : path };
}

/** `*` in a name stands for one label: `*.example.com` is for `eu.example.com`. */
function hostMatches(pattern: string, host: string): boolean {
  if (dockerNames.has(host)) return dockerNames.has(pattern);
  const wanted = pattern.split(".");
  const given = host.split(".");
  return wanted.length === given.length && wanted.every((label, index) => label === "*" || label === given[index]);
}

const decoder = new TextDecoder("utf-8");
const base64Text = (value: string): string => decoder.decode(Uint8Array.from(atob(value), (character) => character.charCodeAt(0)));

/** Secrets of the types kubernetes.io/dockerconfigjson and kubernetes.io/dockercfg. What can't be read gives no credentials. */
function entriesOf(secret: Secret): [string, RegistryAuth][] {
  const modern = secret.data?.[".dockerconfigjson"];
  const legacy = secret.data?.[".dockercfg"];
  if (modern === undefined && legacy === undefined) return [];
  try {
    const parsed = JSON.parse(base64Text(modern ?? (legacy as string))) as Record<string, unknown>;
    const entries = (modern === undefined ? parsed : (parsed["auths"] ?? {})) as Record<string, Record<string, string>>;
    return Object.entries(entries).map(([name, entry]) => {
      const joined = entry["auth"] ? base64Text(entry["auth"]) : "";
      const colon = joined.indexOf(":");
      const username = entry["username"] ?? (colon < 0 ? undefined : joined.slice(0, colon));
      const password = entry["password"] ?? (colon < 0 ? undefined : joined.slice(colon + 1));
      const identityToken = entry["identitytoken"];
      const auth: RegistryAuth = {
        ...(username !== undefined && { username }),
        ...(password !== undefined && { password }),
        ...(identityToken !== undefined && { identityToken }),
      };
      return [name, auth];
    });
  } catch {
    // A Secret of another shape is no credential; the pull says what is wrong if one was needed.
    return [];
  }
}
