/**
 * What the operator of this machine says about registries, in `registries.json` or `registries.yaml`:
 *
 *     registries:
 *       docker.io:
 *         mirrors: ["https://mirror.example", "http://10.0.0.5:5000"]
 *       registry.test:5000:
 *         insecure: true        # certificates are not checked, plain HTTP is tried
 *         auth: { username: me, password: secret }
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import type { RegistryAuth } from "../runtime.ts";

export interface RegistrySettings {
  /** Base addresses to try before the registry itself, in order. */
  readonly mirrors: readonly string[];
  /** Plain HTTP is allowed, certificates are not checked. */
  readonly insecure: boolean;
  readonly auth: RegistryAuth | undefined;
}

export type RegistryConfig = (registry: string) => RegistrySettings;

/** Reads the file in `directory`; without one every registry is reached by HTTPS alone, those on this machine by HTTP too. Throws when the file makes no sense. */
export async function readRegistryConfig(directory: string): Promise<RegistryConfig> {
  let registries: Record<string, any> = {};
  for (const name of ["registries.json", "registries.yaml", "registries.yml"]) {
    const path = join(directory, name);
    const text = await readFile(path, "utf8").catch(() => undefined);
    if (text === undefined) continue;
    try {
      registries = parse(text)?.registries ?? {};
    } catch (cause) {
      throw new Error(`${path} cannot be read: ${(cause as Error).message}`, { cause });
    }
    if (typeof registries !== "object" || Array.isArray(registries))
      throw new Error(`${path}: "registries" must map names of registries to settings`);
    break;
  }
  return (registry) => {
    const settings = registries[registry] ?? {};
    return {
      mirrors: Array.isArray(settings.mirrors) ? settings.mirrors.map(String) : [],
      insecure: settings.insecure ?? isLocal(registry),
      auth: settings.auth,
    };
  };
}

/** A registry on this very machine is trusted as it is, as docker does. */
function isLocal(registry: string): boolean {
  const host = registry.replace(/:\d+$/, "");
  return host === "localhost" || /^127\./.test(host) || host === "[::1]";
}
