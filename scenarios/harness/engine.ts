/**
 * An engine for one scenario, started through the command as its users start it, in a home of its own, with a shell beside it.
 * When the scenario ends, however it ends, the engine is taken down, and the scenario fails where anything of it is left.
 */
import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { KubeConfig } from "@kubernetes/client-node";
import { leftovers, lookAtMachine } from "./leftovers.ts";
import { type Shell, shell } from "./shell.ts";
import { until } from "./until.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const downPatienceMs = 180_000;

/** The kubectls that scenarios are typed with; the last one is windlass in its place. */
export type KubectlVersion = "1.35" | "1.29" | "1.20" | "windlass";
const kubectlVariables: Record<Exclude<KubectlVersion, "windlass">, string> = {
  "1.35": "WINDLASS_TEST_KUBECTL",
  "1.29": "WINDLASS_TEST_KUBECTL_129",
  "1.20": "WINDLASS_TEST_KUBECTL_120",
};

export interface EngineOptions {
  /** Archives of `images/` to load; default: the example application. */
  readonly images?: readonly string[];
  readonly nodes?: number;
  readonly kubectl?: KubectlVersion;
  readonly runtime?: "oci" | "simulated";
  /** Further flags of `windlass up`. */
  readonly flags?: string;
  /** Manifests and other files of the scenario itself, found in the working directory beside the examples. */
  readonly files?: URL;
}

export interface Engine extends Shell {
  readonly home: string;
  readonly kubeconfig: string;
  /** Working directory of the shell: a copy of the examples. */
  readonly directory: string;
  /** The same shell with another kubectl. */
  with(version: KubectlVersion): Shell;
  /** Reads an object or a list by its path on the API, without kubectl. Throws where the answer is not 200. */
  read(path: string): Promise<any>;
  /** Starts the engine in its home again, with the port and the nodes that it had. */
  up(): Promise<void>;
  /** Process of the engine that is up. */
  pid(): number;
}

/** The path of objects of the workload API in namespace `default`. */
export const apps = "/apis/apps/v1/namespaces/default";
/** The path of core objects in namespace `default`. */
export const core = "/api/v1/namespaces/default";

/** Starts an engine with real containers. Resolves when its node is ready and the images are loaded. */
export async function startEngine(t: TestContext, options: EngineOptions = {}): Promise<Engine> {
  const before = lookAtMachine();
  const scratch = mkdtempSync(join(tmpdir(), "windlass-scenario-"));
  const home = join(scratch, "home");
  const directory = join(scratch, "work");
  cpSync(join(root, "examples"), directory, { recursive: true });
  if (options.files) cpSync(options.files, directory, { recursive: true });
  const environmentOf = (version: KubectlVersion) => environment(scratch, home, version);
  const usual = shell(directory, environmentOf(options.kubectl ?? "1.35"));
  t.after(async () => {
    const down = await usual.attempt("windlass down", { patienceMs: downPatienceMs });
    const log = readLog(home);
    await until("the engine has left nothing", () => leftovers(home, before).length === 0, { withinMs: 10_000 }).catch(() => {});
    const left = leftovers(home, before);
    // With mounts in it the folder can't go, and what is left is what the scenario has to say.
    if (left.length === 0) rmSync(scratch, { recursive: true, force: true });
    assert.deepEqual(left, [], `left behind by windlass down, which ended with ${down.code}\n${down.stdout}${down.stderr}\n${log}`);
  });

  const up = async (flags = ""): Promise<void> => {
    await usual.run(`windlass up --detach --runtime ${options.runtime ?? "oci"} ${flags}`);
  };
  await up(`--port 0 --nodes ${options.nodes ?? 1} ${options.flags ?? ""}`);
  const kubeconfig = join(home, "kubeconfig");
  const engine: Engine = {
    ...usual,
    home,
    kubeconfig,
    directory,
    with: (version) => shell(directory, environmentOf(version)),
    read: (path) => read(kubeconfig, path),
    up: () => up(),
    pid: () => JSON.parse(readFileSync(join(home, "engine.json"), "utf8")).pid,
  };
  for (const archive of options.images ?? ["ch09-vweb.tar"]) await usual.run(`windlass image load "$WINDLASS_TEST_IMAGES"/${archive}`);
  await until("every node is ready", async () => {
    const { items } = await engine.read("/api/v1/nodes");
    const isReady = (node: any) => node.status.conditions.some(({ type, status }: any) => type === "Ready" && status === "True");
    return items.length === (options.nodes ?? 1) && items.every(isReady);
  });
  return engine;
}

/** Variables of a person's shell: nothing of this process that could change what the tools do. */
function environment(scratch: string, home: string, version: KubectlVersion): Record<string, string> {
  const bin = join(scratch, `bin-${version}`);
  mkdirSync(bin, { recursive: true });
  const link = (name: string, target: string): void => {
    rmSync(join(bin, name), { force: true });
    symlinkSync(target, join(bin, name));
  };
  link("windlass", join(root, "bin", "windlass"));
  if (version === "windlass") {
    // Its richer history in the form in which kubectl shows one.
    const script = `#!/bin/sh
case "$1 $2" in
  "rollout history") exec windlass "$@" --plain ;;
esac
exec windlass "$@"
`;
    writeFileSync(join(bin, "kubectl"), script, { mode: 0o755 });
  } else link("kubectl", needed(kubectlVariables[version]));
  link("helm", needed("WINDLASS_TEST_HELM"));
  return {
    PATH: `${bin}:${process.env.PATH}`,
    HOME: scratch,
    TERM: "dumb",
    KUBECONFIG: join(home, "kubeconfig"),
    WINDLASS_HOME: home,
    WINDLASS_TEST_IMAGES: needed("WINDLASS_TEST_IMAGES"),
    ...(process.env.NODE_COMPILE_CACHE && { NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE }),
  };
}

/** A variable that the test runner sets (`npm test -- FILE`). */
export function needed(name: string): string {
  const value = process.env[name];
  assert.ok(value, `${name} is not set: run scenarios with npm test`);
  return value;
}

function readLog(home: string): string {
  try {
    return readFileSync(join(home, "engine.log"), "utf8").split("\n").slice(-40).join("\n");
  } catch {
    return "";
  }
}

async function read(kubeconfig: string, path: string): Promise<any> {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  const cluster = config.getCurrentCluster();
  const user = config.getCurrentUser();
  const decoded = (text: string | undefined) => (text === undefined ? undefined : Buffer.from(text, "base64"));
  return new Promise((resolve, reject) => {
    const asked = request(
      `${cluster?.server}${path}`,
      { agent: false, ca: decoded(cluster?.caData), cert: decoded(user?.certData), key: decoded(user?.keyData), timeout: 10_000 },
      (response) => {
        let body = "";
        response.setEncoding("utf8").on("data", (text: string) => {
          body += text;
        });
        response.on("error", reject);
        response.on("end", () =>
          response.statusCode === 200 ? resolve(JSON.parse(body)) : reject(new Error(`GET ${path}: ${response.statusCode} ${body}`)),
        );
      },
    );
    asked.on("timeout", () => asked.destroy(new Error(`GET ${path}: no answer`)));
    asked.on("error", reject);
    asked.end();
  });
}
